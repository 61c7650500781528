"""Follow folders of logbooks: who is at which notebook, and which mistakes are made now."""

import itertools
import shutil
import sys
import time
from collections import defaultdict

from charrnn_helpers.checks import BY_NAME
from charrnn_helpers.checks.values import counted
from charrnn_helpers.commands.learners import found, printable, read_logbook

PAUSE = 2.0  # seconds between two looks
CLEAR = "\x1b[2J\x1b[H"  # what a terminal takes as: clear, and begin at the top


def watch(paths, pause=PAUSE, rounds=None):
    """Print a page whenever a logbook changes, until interrupted; return 0."""
    read, shown = {}, None
    for k in itertools.count() if rounds is None else range(rounds):
        if k:
            time.sleep(pause)
        read = looked_at(found(paths), read)
        results = [result for _, result in read.values()]
        learners = [x for x in results if not isinstance(x, str)]
        page = screen(learners, [x for x in results if isinstance(x, str)], *size())
        if page != shown:
            shown = page
            print(CLEAR * sys.stdout.isatty() + "\n".join(page), flush=True)
    return 0


def size():
    columns, lines = shutil.get_terminal_size((100, 40))
    return columns, lines - 1  # the cursor stands on the last one


def looked_at(paths, before):
    """Return {path: (state, learner or trouble)}; what did not change is not read again."""
    read = {}
    for path in paths:
        try:
            about = path.stat()
            state = about.st_mtime_ns, about.st_size
            if path in before and before[path][0] == state:
                read[path] = before[path]
            else:
                read[path] = state, read_logbook(path)
        except FileNotFoundError:
            continue  # it was taken away, or replaced at this moment
        except (OSError, ValueError) as error:
            read[path] = None, printable(f"left out: {error}", 200)
    return read


def screen(learners, troubles, columns, lines):
    """Return the lines of the page; those that do not fit are counted in the last one."""
    page = [counted(len(learners), "logbook")]
    places, mistakes = defaultdict(list), defaultdict(list)
    for learner in sorted(learners, key=lambda x: x.name):
        places[learner.notebook].append(learner.name)
        if learner.mistake:
            mistakes[learner.mistake].append(learner.name)
    for notebook, names in sorted(places.items()):
        where = f"notebook {notebook}" if notebook else "not begun"
        page.append(f"{where:12}{len(names):3}  {', '.join(names)}")
    if mistakes:
        page += ["", "mistakes at the last try"]
    for (exercise, mistake), names in sorted(mistakes.items(), key=lambda x: (-len(x[1]), x[0])):
        where = f"{BY_NAME[exercise].notebook}, {exercise}: {mistake or 'another wrong result'}"
        page.append(f"{len(names):3}  {where} ({', '.join(names)})")
    page += ["", *troubles] if troubles else []
    if len(page) > lines:
        page[lines - 1 :] = [f"and {counted(len(page) - lines + 1, 'more line')}"]
    return [line if len(line) <= columns else f"{line[: columns - 3]}..." for line in page]
