"""`make replay`: the recorded requests, sent to the release before and to this tree; every difference is shown.

    python -m tests.replay [--base COMMIT] [--only WORDS] [--keep FOLDER] [--verbose] [--list]

Two gateways run beside each other with sandboxes of their own. Their answers must be equal byte for byte,
and so must their records and the calls that authorities received.
Ids, times and the like have placeholders (`placeholders.py`).
Exit status: 0 all equal, 1 something differs, 2 it could not be compared.
"""

import argparse
import asyncio
import difflib
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.replay.houses import houses
from tests.replay.recorded_requests import recorded
from tests.replay.replaying import replay
from tests.replay.request import Request
from tests.replay.sides import ROOT, NotPossible, check_out, running

#: the release before
BASE = "4425909"
_MOST_LINES = 40


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__.partition("\n")[0])
    words.add_argument("--base", default=BASE, metavar="COMMIT", help=f"what is compared with ({BASE})")
    words.add_argument(
        "--only", default="", metavar="WORDS", help="only requests whose name holds these words"
    )
    words.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="a new folder: keep what both sides answered and said"
    )
    words.add_argument("--verbose", action="store_true", help="name every request, show differences whole")
    words.add_argument("--list", action="store_true", help="only name the requests")
    given = words.parse_args()
    try:
        _check_new(given.keep)
        with tempfile.TemporaryDirectory(prefix="motlan-replay-") as scratch:
            base = check_out(given.base, Path(scratch) / "base")
            chosen = [one for one in recorded(base) if given.only in one.name]
            if given.list:
                _say("\n".join(one.name for one in chosen))
                return 0
            begun = time.monotonic()
            texts = asyncio.run(_compared(base, chosen, given.keep or Path(scratch)))
            differ = sum(_shown(name, *pair, verbose=given.verbose) for name, pair in texts.items())
            _say(f"{len(texts)} requests, {differ} differ ({time.monotonic() - begun:.0f} s)")
            return 1 if differ else 0
    except NotPossible as error:
        _say(str(error))
        return 2


async def _compared(base: Path, requests: Sequence[Request], folder: Path) -> Mapping[str, tuple[str, str]]:
    """Request -> its texts at both sides. All houses run at once: none shares anything with another."""
    settings = houses(base)

    async def house(name: str) -> dict[str, tuple[str, str]]:
        mine = [one for one in requests if one.house == name]
        if not mine:
            return {}
        at = folder / name
        async with (
            running(base, settings[name], at / "base") as before,
            running(ROOT, settings[name], at / "now") as now,
        ):
            found = await replay(mine, before, now)
            return {request.name: (first, second) for request, first, second in found}

    found = {}
    for texts in await asyncio.gather(*map(house, settings)):
        found.update(texts)
    for number, (name, pair) in enumerate(found.items()):
        for side, text in zip(("base", "now"), pair, strict=True):
            kept = folder / "texts" / f"{number:03} {name.replace('/', '_')}.{side}.txt"
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(text, "utf-8")
    return found


def _shown(name: str, before: str, now: str, *, verbose: bool) -> bool:
    """Whether the two differ; prints how."""
    if before == now:
        if verbose:
            _say(f"equal  {name}")
        return False
    lines = list(difflib.unified_diff(before.split("\n"), now.split("\n"), "base", "now", "", "", 2, ""))
    more = [] if verbose or len(lines) <= _MOST_LINES else [f"… and {len(lines) - _MOST_LINES} lines more"]
    _say("\n".join([f"DIFFERS  {name}", *(lines if verbose else lines[:_MOST_LINES]), *more, ""]))
    return True


def _check_new(folder: Path | None) -> None:
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise NotPossible(f"{folder} is not empty: choose a new folder")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


sys.exit(main())
