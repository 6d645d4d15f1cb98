"""`make replay`: the recorded requests, sent to a base and to this tree; every difference that nobody meant is shown.

    python -m tests.replay [--base COMMIT] [--only WORDS] [--keep FOLDER] [--all] [--verbose] [--list]

Two gateways run beside each other with sandboxes of their own. Their answers, their records and the calls that
authorities received are compared place by place. Ids, times and the like have placeholders (`placeholders.py`).
What differs on purpose since the base has classes (`meant.py`): it is counted, and not listed.
`--all` shows every byte that differs, whatever was meant.
Exit status: 0 nothing else differs, 1 something does, 2 it could not be compared.
"""

import argparse
import asyncio
import difflib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.replay.differing import differences
from tests.replay.houses import houses
from tests.replay.meant import sorted_out
from tests.replay.recorded_requests import recorded
from tests.replay.replaying import replay
from tests.replay.request import Request
from tests.replay.sides import ROOT, NotPossible, check_out, running

#: the last commit before issue 13, after which papers are cut by other rules
BASE = "da3c1f6"
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
    words.add_argument("--all", action="store_true", help="show what was meant too, line by line")
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
            differ = _shown(texts, whole=given.all, verbose=given.verbose)
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


def _shown(texts: Mapping[str, tuple[str, str]], *, whole: bool, verbose: bool) -> int:
    """How many requests differ; prints how. Unless `whole`, what was meant is counted by class and not shown."""
    meant: Counter[str] = Counter()
    differ = 0
    for name, (before, now) in texts.items():
        if whole:
            lines = list(
                difflib.unified_diff(before.split("\n"), now.split("\n"), "base", "now", "", "", 2, "")
            )
        else:
            sorted_ = list(sorted_out(name, list(differences(before, now))))
            meant.update(known for known, _ in sorted_ if known)
            lines = [f"  {one}" for known, one in sorted_ if not known]
        differ += bool(lines)
        if lines:
            _say("\n".join([f"DIFFERS  {name}", *_cut(lines, verbose=verbose), ""]))
        elif verbose:
            _say(f"equal  {name}")
    for known, count in sorted(meant.items()):
        _say(f"meant {count:6}  {known}")
    return differ


def _cut(lines: list[str], *, verbose: bool) -> list[str]:
    if verbose or len(lines) <= _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES], f"… and {len(lines) - _MOST_LINES} lines more"]


def _check_new(folder: Path | None) -> None:
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise NotPossible(f"{folder} is not empty: choose a new folder")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
