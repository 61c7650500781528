"""Files: written whole or not at all, whatever happens meanwhile.  Import-only."""

import contextlib
import errno
import glob
import os
import secrets
import shutil
import time
from pathlib import Path

STALE = 3600.0  # seconds after which an unfinished file belongs to nobody any more
FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
MISPLACED = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY}


def write_whole(path, content):
    """Write these bytes to the path, whole or not at all: a full disk leaves the old file.

    Raises OSError if they cannot be written.  What a killed process left is swept away.
    """
    path = Path(path)
    with unfinished(path) as part:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


@contextlib.contextmanager
def unfinished(path):
    """Yield a new name beside the path, for what will be renamed; nothing of it is left over."""
    sweep(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
    finally:
        remove(part)


def remove(path):
    """Remove a file, or a folder with all that is in it, if there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sweep(path):
    """Remove what killed processes left unfinished beside the path more than an hour ago."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):  # another process may do the same
            if time.time() - part.stat().st_mtime > STALE:
                remove(part)


def disk_problem(error):
    """What an OSError says about a disk, in words that a reader can act on."""
    if error.errno in FULL:
        return "no space is left there; free some"
    if error.errno in FORBIDDEN:
        return "there is no permission to write there"
    if error.errno in MISPLACED:
        return "a file stands where a folder should be, or a folder where a file should be"
    return f"the disk says: {error.strerror or error}"
