"""Reports that the previous release wrote as plain files: they are removed, because no code reads them any more.

A report is now encrypted in the queue. A file that is still here was never delivered.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.corrections.reports import DELIVERED, QUEUED, TAKEN
from gateway.ports.corrections import CorrectionRows
from gateway.telemetry import log

_NAME = re.compile(r"cr-[a-z]{24}", re.ASCII)


async def settle_former_files(folder: Path, rows: CorrectionRows, at: float) -> None:
    """Remove the files of reports in the queue: undelivered ones wait again, delivered ones become `taken`.

    Raises CorrectionsUnavailable, OSError: the next start continues.
    """
    for path in list(_files(folder)):
        if await rows.find(path.stem) is None:
            # the only copy: readable by this account only
            path.parent.chmod(0o700)
            path.chmod(0o600)
            log().error("corrections.file_left", code=path.parent.name)
            continue
        await rows.move(path.stem, (DELIVERED,), QUEUED, 0.0)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the folder has other files
            path.parent.rmdir()
    await rows.move_all(DELIVERED, TAKEN, at)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        folder.chmod(0o700)
        yield from (path for path in folder.glob("*/cr-*.json") if _NAME.fullmatch(path.stem))
