"""Files that commands read and write for people. Imports little: `motlan verify-log` uses it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from gateway.exchange_log.durable import SHARED, replacing

#: where a command writes to
OUT = click.Path(path_type=Path, dir_okay=False)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, whole or not at all: until the end it has another name, then it takes its place.

    A symbolic link stays and its target is written; an existing file keeps its mode. What is no plain file (a pipe,
    a device) is written into, as it comes. UsageError when the place is a folder or cannot be written.
    """
    try:
        target = _target(path)
        mode = stat.S_IMODE(target.stat().st_mode) if target.is_file() else None
        with replacing(target, SHARED) as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
    except OSError as error:
        raise click.UsageError(
            f"{path} cannot be written ({error.strerror}); choose a folder that is writable, and a name in it"
        ) from None


def _target(path: Path) -> Path:
    """Where symbolic links lead to."""
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None


def write(path: Path, text: str) -> None:
    """Write a text into a file as `written` does, its line ends as they are."""
    with written(path) as file:
        file.write(text.encode())


def note_in(path: Path) -> str:
    """A note as it is, without turning line ends into others: they are signed."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no checkpoint: it is not UTF-8") from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read ({error.strerror})") from None
