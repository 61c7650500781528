"""Running: somebody else's code, in a thread of its own, with a limit on time and on memory.

A thread can be stopped on all systems, as a signal cannot; and the main one stays free for
*Interrupt Kernel*.
"""

import builtins
import contextlib
import ctypes
import io
import math
import random
import sys
import threading
import time
import warnings
from typing import NamedTuple

import psutil
import torch

try:
    import resource  # not on Windows
except ImportError:
    resource = None

SECONDS = 0.7  # for all calls of an answer together; time spent on imports is not counted
IMPORTING = 20.0  # seconds; more is not granted to imports
GIGABYTE = 2**30
PRINTED = 300  # characters that are kept of what an answer prints


class Stopped(BaseException):
    """Raised in a thread that has to end; no `except Exception` catches it."""


class Run(NamedTuple):
    """How a piece of work went."""

    value: object  # what it returned; None if it did not end
    trouble: str  # "", "raises", "never ends", "cannot be stopped", "memory", "interrupted"
    error: BaseException | None
    printed: str
    num_printed: int
    replaced: list  # names of globals that it changed, and that were put back


class Capped(io.TextIOBase):
    """Keeps the beginning of what is printed, and counts the rest."""

    def __init__(self):
        self.text, self.count = "", 0

    def write(self, text):
        self.count += len(text)
        self.text += text[: max(0, PRINTED - len(self.text))]
        return len(text)


class Worker(threading.Thread):
    """Does the work, and keeps what it returned or raised."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.value, self.error = work, None, None
        self.finished, self.computes_gradients = threading.Event(), True

    def run(self):
        try:
            try:
                self.value = self.work()
            except BaseException as error:  # SystemExit and Stopped too: nothing leaves this thread
                self.error = error
            self.computes_gradients = torch.is_grad_enabled()  # the setting of this thread
            self.finished.set()
        except Stopped:  # sent a moment too late
            self.finished.set()

    def stop(self, trouble):
        """Stop the thread; return the trouble, or "cannot be stopped" if it goes on for now.

        In that case it is asked again in the background, for a minute.
        """
        self._ask(0.2, 0.003)
        if self.finished.is_set():
            return trouble
        threading.Thread(target=self._ask, args=(60, 0.05), daemon=True).start()
        return "cannot be stopped"

    def _ask(self, seconds, every):
        """Raise Stopped in the thread, again and again until it has finished.

        A thread that has only just been started is waited for: it may not have an ident yet.
        """
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        end = time.monotonic() + seconds
        while not self.finished.wait(every) and time.monotonic() < end:
            if self.ident is not None:
                raise_in(ctypes.c_ulong(self.ident), ctypes.py_object(Stopped))


def run(work, namespace, seconds=SECONDS, limit=GIGABYTE):
    """Run work() and return a Run, whatever it does; `namespace` is where its globals live.

    A single long call, such as 10**10**10, cannot be stopped until it gives Python a turn.
    """
    worker, printed = Worker(work), Capped()
    with contextlib.ExitStack() as guards:
        replaced = guards.enter_context(untouched(namespace))
        guards.enter_context(memory_limit(2 * limit))
        guards.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # whatever the notebook does with warnings
        guards.enter_context(contextlib.redirect_stdout(printed))
        guards.enter_context(contextlib.redirect_stderr(printed))
        trouble = _watch(worker, seconds, limit)
    if not worker.computes_gradients:
        replaced.append("whether PyTorch computes gradients (no_grad belongs in a with)")
    error = worker.error
    if not trouble and error is not None:
        trouble = "memory" if is_memory_error(error) else "raises"
    return Run(worker.value, trouble, error, printed.text, printed.count, replaced)


def _watch(worker, seconds, limit):
    """Start the worker and wait; stop it if it takes too long, or too much."""
    process = psutil.Process()
    before = process.memory_info().rss
    end = time.monotonic() + seconds
    last = end + IMPORTING
    try:
        worker.start()
        while not worker.finished.wait(0.01):
            if is_importing(worker) and time.monotonic() < last:
                end += 0.01
            if process.memory_info().rss - before > limit:
                return worker.stop("memory")
            if time.monotonic() > end:
                return worker.stop("never ends")
    except KeyboardInterrupt:
        return worker.stop("interrupted")
    return ""


def is_importing(worker):
    """Is the thread in an import statement, its own or one of a library?"""
    frame = sys._current_frames().get(worker.ident)
    while frame:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def is_memory_error(error):
    """Is this what Python or PyTorch raise when there is not enough memory?"""
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


@contextlib.contextmanager
def memory_limit(extra):
    """Where the system can, let a single huge request fail instead of the whole kernel."""
    if resource is None or not sys.platform.startswith("linux"):
        yield
        return
    old, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = psutil.Process().memory_info().vms + extra
    if old == resource.RLIM_INFINITY or wanted < old:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (old, hard))


@contextlib.contextmanager
def untouched(namespace):
    """Put back what the block replaces: globals of the notebook, functions of libraries, settings.

    Yields a list, which holds their names at the end.
    """
    replaced = []
    modules = {"torch": torch, "F": torch.nn.functional, "math": math, "builtins": builtins}
    modules |= {k: m for k, m in sys.modules.items() if k.startswith("charrnn_helpers.")}
    before = {name: dict(vars(module)) for name, module in modules.items()}
    own = _public(namespace)
    dtype, drawn = torch.get_default_dtype(), (torch.get_rng_state(), random.getstate())
    try:
        yield replaced
    finally:
        for name, module in modules.items():
            replaced += [f"{name}.{key}" for key in put_back(vars(module), before[name])]
        for key in _public(namespace).keys() - own.keys():
            del namespace[key]
            replaced.append(key)
        replaced += put_back(namespace, own)
        if torch.get_default_dtype() != dtype:
            torch.set_default_dtype(dtype)
            replaced.append("torch's default dtype")
        torch.set_rng_state(drawn[0])
        random.setstate(drawn[1])


def _public(namespace):
    return {name: value for name, value in namespace.items() if not name.startswith("_")}


def own_work(value):
    """Did PyTorch put this there itself?  Some of its parts are loaded when first used."""
    return str(getattr(value, "__module__", "")).startswith("torch.")


def put_back(namespace, before):
    """Give the names in `before` their old values again; return those that had another one."""
    changed = [name for name, value in before.items() if namespace.get(name) is not value]
    changed = [name for name in changed if not own_work(namespace.get(name))]
    namespace.update({name: before[name] for name in changed})
    return changed
