"""Reports to the owners of databases as files: one JSON for each, in a folder for each source.

A file appears whole or not at all and is never written again; whoever carries them on takes them away.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import orjson

from gateway.exchange_log.durable import create_file
from gateway.ports_corrections import CorrectionPost


class FileBox:
    """A folder with a folder for each source."""

    def __init__(self, folder: Path) -> None:
        """Made with the first report."""
        self._folder = folder

    async def deliver(self, source: str, correction: str, report: Mapping[str, object]) -> None:
        """Write it, for nobody else to read; a report that is there already stays. OSError when the folder refuses."""
        shown = {name: value for name, value in report.items() if name not in ("key", "opened_in")}
        content = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        await asyncio.to_thread(self._write, self._folder / source, correction, content)

    @staticmethod
    def _write(folder: Path, correction: str, content: bytes) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_file(folder / f"{correction}.json", content, renames=True)


def open_post(folder: Path) -> CorrectionPost:
    """The box in a folder."""
    return FileBox(folder)
