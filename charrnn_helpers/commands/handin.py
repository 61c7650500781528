"""Hand in your logbook: copy it into a folder that you share with your teacher.

The copy holds what you tried and predicted, no code, and no name but the pseudonym that you choose
the first time.  If you hand in again, the new copy takes the place of the old one.
"""

import itertools
import secrets
import time
from pathlib import Path

from charrnn_helpers import logbook
from charrnn_helpers.atomic import write_whole

LONGEST = 24  # characters of a pseudonym
PAUSE = 5.0  # seconds between two looks at the logbook, with --follow


def add(parser):
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the shared folder")
    words = f"your pseudonym, at most {LONGEST} letters, digits, and hyphens"
    parser.add_argument("--as", dest="pseudonym", metavar="NAME", help=words)
    words = "go on, and hand in again after each new entry, until you press Ctrl-C"
    parser.add_argument("--follow", action="store_true", help=words)


def run(arguments):
    folder = arguments.folder.expanduser().absolute()
    pseudonym, key = identity(arguments.pseudonym)
    path = hand_in(folder, pseudonym, key)
    print(f"Handed in as {pseudonym!r}: {path}")
    if arguments.follow:
        follow(folder, pseudonym, key)
    return 0


def identity(pseudonym=None):
    """Return the pseudonym and the key of this logbook; write them into it if they are new."""
    pseudonym = pseudonym and checked(pseudonym)
    known = [e for e in logbook.events() if is_identity(e)]
    if known and pseudonym in (None, known[-1]["learner"]):
        return known[-1]["learner"], known[-1]["key"]
    if not pseudonym:
        raise ValueError("choose a pseudonym, for instance: handin FOLDER --as quiet-otter")
    key = known[-1]["key"] if known else secrets.token_hex(4)
    notice = logbook.write(learner=pseudonym, key=key)
    if notice:
        raise ValueError(notice)
    return pseudonym, key


def is_identity(event):
    """Tell whether an event gives a pseudonym and a key that can be parts of a file name."""
    pseudonym, key = event.get("learner"), event.get("key")
    if not (isinstance(pseudonym, str) and isinstance(key, str)):
        return False
    return is_pseudonym(pseudonym) and len(key) == 8 and set(key) <= set("0123456789abcdef")


def is_pseudonym(text):
    words = text.split("-")
    return len(text) <= LONGEST and all(word.isalnum() for word in words)


def checked(pseudonym):
    """Return a pseudonym that can be part of a file name on every system."""
    pseudonym = "-".join(pseudonym.split())
    if not is_pseudonym(pseudonym):
        raise ValueError(
            f"{pseudonym!r} cannot be a pseudonym; use at most {LONGEST} letters, digits, and "
            "hyphens between them, for instance quiet-otter"
        )
    return pseudonym


def hand_in(folder, pseudonym, key):
    """Copy the logbook into the folder, whole or not at all; return the path of the copy."""
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is not a folder; ask your teacher for its path")
    path = folder / f"{pseudonym}-{key}.jsonl"
    write_whole(path, logbook.logbook_path().read_bytes())
    for old in folder.glob(f"*-{key}.jsonl"):  # under an earlier pseudonym
        if old != path:
            old.unlink(missing_ok=True)
    return path


def follow(folder, pseudonym, key, pause=PAUSE, rounds=None):
    """Hand in after each change, until interrupted; a fault is told once, and tried again."""
    path, told = logbook.logbook_path(), ""
    handed = path.stat().st_mtime_ns
    for _ in itertools.count() if rounds is None else range(rounds):
        time.sleep(pause)
        try:
            changed = path.stat().st_mtime_ns
            if changed != handed:
                hand_in(folder, pseudonym, key)
        except (OSError, ValueError) as error:
            if str(error) != told:
                told = str(error)
                print(f"not handed in, and tried again: {told}")
        else:
            handed, told = changed, ""
