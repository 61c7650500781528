"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path, content):
    """Write the bytes to a file; a process that is killed leaves the old one, and a *.part."""
    path = Path(path)
    handle, name = tempfile.mkstemp(".part", f"{path.name}.", path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(0o644)  # a cache or a model may be shared
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
