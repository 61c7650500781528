"""The text: find the book or a text of your own, download it, read it; the bundled story."""

from charrnn_helpers.book.find import load_time_machine, story_path
from charrnn_helpers.book.own import load_text

__all__ = ["load_text", "load_time_machine", "story_path"]
