"""The one look of all drawings: palette, dashes, sizes, and the switch for a projector."""

import os
from contextlib import contextmanager

from matplotlib import style

STYLE = "charrnn_helpers.show.style"
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]  # Okabe and Ito: safe for the color-blind
DASHES = ["none", "7 4", "9 3 2 3", "2 3"]  # styles of lines that differ without color
PROJECTOR = {"font.size": 13.2, "axes.labelsize": 13.2, "axes.titlesize": 13.2, "figure.dpi": 160}


def projector(on=True):
    """Make all figures readable from the back of a room, or set them back.

    The same switch as the environment variable CHARRNN_PROJECTOR, 1 or 0.
    """
    os.environ["CHARRNN_PROJECTOR"] = "1" if on else "0"


def zoom():
    """Return how much larger than usual figures are: 1, or 1.5 for a projector."""
    value = os.environ.get("CHARRNN_PROJECTOR", "0")
    if value not in ("", "0", "1"):
        raise ValueError(f"CHARRNN_PROJECTOR is {value!r}; set it to 1 or 0")
    return 1.5 if value == "1" else 1.0


@contextmanager
def look():
    """Draw in the course's style within this block, or in a function that it decorates."""
    with style.context([STYLE, PROJECTOR] if zoom() > 1 else STYLE):
        yield


def visible(token):
    """Return the token as figures show it: the space and <unk> get a sign of their own."""
    return {" ": "\u2423", "<unk>": "?"}.get(token, token)
