"""Kills a process at each call that it makes to SQLite while it upgrades a file: FILE TEXT KIND FOLDER.

Writes how many copies of the file it left in the folder; the last one was upgraded to its end.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile


def upgrade_until(call: int, path: Path, kind: DatabaseFile) -> int:
    """The exit status of a process that is killed before that call."""
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    calls = 0

    def count(_: FrameType, event: str, called: Any) -> None:
        nonlocal calls
        if event == "c_call" and called.__name__ in {"execute", "close"}:
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        prepare(path, kind)
    finally:
        sys.setprofile(None)
        os._exit(sys.exc_info()[0] is not None)


def main() -> None:
    """One copy for each call."""
    old, kind, folder = Path(sys.argv[1]), DatabaseFile(sys.argv[2]), Path(sys.argv[3])
    call = 0
    while True:
        call += 1
        copy = folder / f"{call:03}" / old.name
        copy.parent.mkdir()
        shutil.copy(old, copy)
        status = upgrade_until(call, copy, kind)
        if os.WIFEXITED(status):
            sys.stdout.write(f"{call}\n")
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
