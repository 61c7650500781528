"""The text: find the book or a text of your own, download it, read it; the bundled story."""

from charrnn_helpers.book.find import load_time_machine, story_path
from charrnn_helpers.book.own import is_course_text, phrase

__all__ = ["is_course_text", "load_time_machine", "phrase", "story_path"]
