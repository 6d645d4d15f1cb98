"""A log without records, for a gateway or a store that a test opens: migrating one takes a second, copying none."""

import atexit
import functools
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile

NAME = "exchange.db"


@functools.cache
def migrated() -> Path:
    """A SQLite file with the newest schema and nothing else."""
    folder = TemporaryDirectory(prefix="motlan-migrated-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / NAME
    prepare(path, DatabaseFile.LOG)
    return path


def log_in(folder: Path) -> None:
    """Put one into a state folder that has none, as the gateway would make it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / NAME).exists():
        shutil.copy(migrated(), folder / NAME)
