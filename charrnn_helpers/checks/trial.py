"""A trial: an answer's code, called in a thread of its own, with a limit on time and memory.

Stopping a thread works on every system, unlike a timeout by signal, and the main thread stays free
for *Interrupt Kernel*.
"""

import contextlib
import ctypes
import io
import random
import sys
import threading
import time
import warnings
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from charrnn_helpers.checks.values import identical, settle

try:
    import resource  # not on Windows
except ImportError:
    resource = None

SECONDS = 2.0  # of its own computing, for one call: on a busy machine a good answer takes longer
WAITING = 10  # times as long for a call that does not compute, but waits
IMPORTING = 20.0  # seconds more for a call that was in an import statement
MEMORY = 2**31  # bytes that a call may ask for
PRINTED = 300  # characters that are kept of what an answer prints


class Outcome(NamedTuple):
    """What an answer did in one case: a settled value, or an error; what did it change?"""

    value: object
    error: Exception | None = None
    changed: tuple = ()  # the numbers of the arguments


class Trial(NamedTuple):
    """What an answer did in all cases, or until something ended it."""

    outcomes: list
    trouble: str  # "", "time", "cannot be stopped", "memory", "exit" or "interrupted"
    printed: str


class Stopped(BaseException):
    """Raised in a thread that has to end; `except Exception` does not catch it."""


class Worker(threading.Thread):
    """A thread that does the work, and keeps what it returned or raised, and what it printed."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.value, self.error, self.finished = work, None, None, threading.Event()
        self.clock, self.begun, self.since, self.printed = None, 0.0, time.monotonic(), ""
        self.imports, self.more = [], 0.0  # the modules that it imports, and seconds for them

    def run(self):
        try:
            try:
                clock = own_clock()
                self.begun = clock()
                self.clock = clock  # from here on, computed() reads it
                self.value = self.work()
            except BaseException as error:  # SystemExit and Stopped, too: nothing leaves the thread
                self.error = error
            self.finished.set()
        except Stopped:  # sent a moment too late
            self.finished.set()

    def renew(self):
        """Give the thread, which calls this itself, all of its time again."""
        self.begun, self.since, self.more = self.clock(), time.monotonic(), 0.0
        self.imports.clear()

    def stop(self):
        """Raise Stopped in the thread, again and again for a minute, until it has ended."""
        for _ in range(6_000):
            if self.finished.wait(0.01):
                return
            ident, stopped = ctypes.c_ulong(self.ident), ctypes.py_object(Stopped)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, stopped)

    def computed(self):
        """Return the seconds that the thread has computed, read from another thread."""
        try:
            return self.clock() - self.begun if self.clock else 0.0
        except OSError:  # the thread has just ended, and its clock with it
            return 0.0

    def is_late(self, seconds):
        """Tell whether the thread has had its time, and more for an import statement."""
        if self.importing():
            self.more = IMPORTING  # until this call ends: what comes after the import counts, too
        waited = time.monotonic() - self.since - WAITING * seconds
        return max(self.computed() - seconds, waited) > self.more

    def importing(self):
        """Tell whether the thread is in an import statement, which may take a while."""
        specs = [getattr(sys.modules.get(name), "__spec__", None) for name in tuple(self.imports)]
        return any(getattr(spec, "_initializing", False) for spec in specs)


class Imports:
    """A finder that finds no module, but notes which ones a worker's thread begins to import."""

    def find_spec(self, name, path=None, target=None):
        thread = threading.current_thread()
        if isinstance(thread, Worker):
            thread.imports.append(name)


IMPORTS = Imports()


def own_clock():
    """Return a function that tells, in any thread, how long the calling thread has computed.

    Other threads do not count, whether they are PyTorch's or started by the answer.  Where the
    system has no such clock (macOS, Windows), the function tells it for the whole process.
    """
    try:
        number = time.pthread_getcpuclockid(threading.get_ident())  # safe: this thread lives
        time.clock_gettime(number)
    except (AttributeError, OSError):
        return time.process_time
    return partial(time.clock_gettime, number)


class Tap:
    """Stands in for a stream: keeps what an answer's own thread prints, and passes on the rest.

    The rest comes from the notebook's other threads, and from those that the answer itself starts.
    """

    def __init__(self, stream):
        self.stream = io.StringIO() if stream is None else stream  # None: a program without one

    def write(self, text):
        """Keep the text, as far as there is room, or pass it on; return its length."""
        thread = threading.current_thread()
        if not isinstance(thread, Worker):
            return self.stream.write(text)
        thread.printed += text[: max(0, PRINTED - len(thread.printed))]
        return len(text)

    def writelines(self, lines):
        """Write the lines one by one."""
        for line in lines:
            self.write(line)

    def close(self):
        """Do nothing, because the stream itself is still needed."""

    def __getattr__(self, name):
        """Return anything else from the stream: the kernel sets on it whose cell is printing."""
        return getattr(self.stream, name)


def attempt_all(answer, cases, drive, seconds=SECONDS):
    """Return the Trial of an answer: drive(answer, *arguments) for each case."""
    outcomes = []

    def work():
        for case in cases:
            worker.renew()
            outcome = call(answer, case, drive)
            if is_memory(outcome.error):
                raise outcome.error
            outcomes.append(outcome)

    worker = Worker(work)
    with guarded():
        trouble = watch(worker, seconds)
    lines = "\n".join(worker.printed.split("\n")[:5]).strip()
    return Trial(list(outcomes), trouble, lines)


def first(candidates, test, seconds):
    """Return the first candidate for which test(candidate) is true, or None.

    A candidate may compute for this many seconds; the search ends if three had to be stopped.
    """
    left = list(reversed(candidates))

    def search():
        while left:
            worker.renew()
            candidate = left.pop()
            if test(candidate):
                return candidate
        return None

    with guarded():
        for _ in range(3):
            worker = Worker(search)
            trouble = watch(worker, seconds)
            if not trouble:
                return worker.value
            if trouble in ("interrupted", "cannot be stopped"):
                break
    return None


@contextlib.contextmanager
def guarded():
    """Limit memory, keep what is printed, and restore all states after the block."""
    out = contextlib.redirect_stdout(Tap(sys.stdout))
    err = contextlib.redirect_stderr(Tap(sys.stderr))
    with restored(), memory_limit(), out, err:
        yield


def call(answer, case, drive, look_at_input=True):
    """Return the Outcome of one case."""
    args = case.make()
    try:
        value = settle(drive(answer, *args))
    except Exception as error:
        return Outcome(None, error)
    pairs = enumerate(zip(args, case.make(), strict=True)) if look_at_input else ()
    changed = tuple(k for k, (arg, old) in pairs if not identical(settle(arg), settle(old)))
    return Outcome(value, None, changed)


def watch(worker, seconds):
    """Run the worker and stop it when it has computed for this long; return the trouble, if any."""
    if IMPORTS not in sys.meta_path:
        sys.meta_path.insert(0, IMPORTS)  # to take it out would disturb imports of other threads
    try:
        worker.start()
        worker.since = time.monotonic()
        while not worker.finished.wait(0.02):  # in short waits, so that an interrupt gets through
            if worker.is_late(seconds) and worker.is_late(seconds):  # or is it at the next call?
                break
        trouble = "" if worker.finished.is_set() else "time"
    except KeyboardInterrupt:
        trouble = "interrupted"
    if not worker.finished.is_set() and worker.ident is not None:
        threading.Thread(target=worker.stop, daemon=True).start()
        return trouble if worker.finished.wait(1) else "cannot be stopped"
    if is_memory(worker.error):
        return "memory"
    return trouble or ("exit" if worker.error is not None else "")


def is_memory(error):
    """Tell whether an error says that there was not enough memory."""
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


@contextlib.contextmanager
def memory_limit():
    """On Linux, make a request for too much memory fail, rather than the whole kernel."""
    if resource is None or not sys.platform.startswith("linux"):
        yield
        return
    old, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    wanted = pages * resource.getpagesize() + MEMORY
    if old == resource.RLIM_INFINITY or wanted < old:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (old, hard))


@contextlib.contextmanager
def restored():
    """Restore random states, gradient mode, number of threads and default dtype after the block.

    In it there is one thread, because small tensors gain nothing from more on a busy machine, and
    warnings are not shown.
    """
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
