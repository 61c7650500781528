"""The text: find the book or a text of your own, download it, read it; the bundled story."""

from charrnn_helpers.book.find import load_time_machine

__all__ = ["load_time_machine"]
