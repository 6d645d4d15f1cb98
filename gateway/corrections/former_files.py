"""Files of reports that the release before put down in clear: nobody reads them any more, and they are removed.

A report stands sealed in the queue. One whose file still lay there had reached nobody.
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
    """Remove the files of reports that the queue holds: those wait again, those that were carried away are taken.

    CorrectionsUnavailable, OSError: what is left is settled by the next start.
    """
    for path in list(_files(folder)):
        if await rows.find(path.stem) is None:
            # the only copy there is: kept for nobody else to read
            path.parent.chmod(0o700)
            path.chmod(0o600)
            log().error("corrections.file_left", code=path.parent.name)
            continue
        await rows.move(path.stem, (DELIVERED,), QUEUED, 0.0)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others lie in it
            path.parent.rmdir()
    await rows.move_all(DELIVERED, TAKEN, at)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        folder.chmod(0o700)
        yield from (path for path in folder.glob("*/cr-*.json") if _NAME.fullmatch(path.stem))
