"""Durable files: each appears whole or not at all, and survives a power loss."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: readable by the owner only
PRIVATE = 0o600
#: readable as the process's umask allows
SHARED = 0o666
#: suffix of drafts (their names begin with a dot), which a crash leaves behind
DRAFT = ".draft"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@contextlib.contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A draft that replaces the file at the end; after an exception the file is unchanged.

    A pipe or a device is never replaced: it is written to as it stands. Raises OSError if the folder refuses.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    draft = _draft_of(path)
    try:
        with _opened(draft, mode) as file:
            yield file
            _settle(file)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that only the owner can read. Raises OSError.

    As `replacing` does, in few steps: the log's mark is written with each checkpoint.
    """
    folder, _, name = str(path).rpartition("/")
    folder = folder or path.anchor or "."
    draft = f"{folder}/.{name}.{os.urandom(8).hex()}{DRAFT}"
    if _is_device(path):
        path.write_bytes(content)
        return
    try:
        with open(os.open(draft, _NEW_FILE, PRIVATE), "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    sync_folder(folder)


def _is_device(path: Path) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except FileNotFoundError:
        return False


def create_file(path: Path, content: bytes, mode: int = PRIVATE, *, renames: bool = False) -> None:
    """Write a file unless it exists: of concurrent processes exactly one wins, and its file stays.

    Needs a file system with links; with `renames` others do as well, where the last one is the one that stays.
    Raises OSError if the folder refuses.
    """
    draft = _draft_of(path)
    try:
        with _opened(draft, mode) as file:
            file.write(content)
            _settle(file)
        # A link never replaces, unlike a rename.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:
            if not renames:
                raise
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path | str) -> None:
    """Make the renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}{DRAFT}")


def _opened(draft: Path, mode: int) -> BinaryIO:
    return os.fdopen(os.open(draft, _NEW_FILE, mode), "wb")


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
