"""A verdict in words, and the command of the standalone verifier (standalone.py)."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.exchange_log.note import NoteBroken
from gateway.exchange_log.verdict import Verdict
from gateway.exchange_log.verify import verify_export

#: characters of a line
_LONGEST_WORDS = 1_000


def report_lines(verdict: Verdict) -> list[str]:
    """The findings, or else the proven facts, line by line.

    Text of the file is printed without control characters.
    """
    return [shown_plainly(line) for line in _finding_lines(verdict)]


def _finding_lines(verdict: Verdict) -> list[str]:
    if not verdict.good:
        more = verdict.wrong - len(verdict.findings)
        rest = [f"and {more} more"] if more else []
        found = [f"{'WRONG' if one.wrong else 'NOT SHOWN'} {one.code}: {one}" for one in verdict.findings]
        return [*found, *rest] if verdict.accused else [*found, *_proven("apart from that: ", verdict)]
    return _proven("GOOD: ", verdict)


def _proven(start: str, verdict: Verdict) -> list[str]:
    found = _covered(verdict)
    lines = [
        f"{start}{found} of the log {verdict.origin}",
        f"its checkpoint: {verdict.size} records, root {verdict.root}, signed by {', '.join(verdict.signers)}",
    ]
    for name, seconds in verdict.witnesses.items():
        lines.append(f"witnessed by {name} {_when(seconds)}")
    if verdict.records:
        phases = ", ".join(f"{count} {phase}" for phase, count in sorted(verdict.phases.items()))
        lines.append(f"{phases}; from {verdict.earliest} to {verdict.latest}")
    lines += [*_search_lines(verdict), *_asked(verdict)]
    if verdict.since is not None:
        lines.append(f"grown out of the log of {verdict.since} records whose checkpoint you kept")
    if verdict.grown is not None:
        lines.append(f"all of it is in the log of {verdict.grown} records whose checkpoint you gave")
    return lines


def _search_lines(verdict: Verdict) -> list[str]:
    """Filters, skipped months and archives of a search."""
    if verdict.searched is None:
        return []
    words = {
        "filters": "found by a search for",
        "skipped_periods": "not searched by person, the keys were destroyed:",
        "archives": "not searched, older records are in:",
    }
    report_lines = [f"{words[name]} {', '.join(held)}" for name, held in verdict.searched.items() if held]
    return report_lines or ["found by a search without filters"]


def _asked(verdict: Verdict) -> list[str]:
    """Whether the file shows that the requested time range is complete."""
    since, until = verdict.asked
    if not (since or until):
        return []
    what = f"asked for {f'from {since} ' if since else ''}{f'until {until}' if until else ''}".rstrip()
    if not verdict.contiguous:
        return [f"{what}: a search result cannot show that nothing is missing"]
    began, ended = verdict.reached
    lines = [f"{what}; first record of {verdict.opening or 'none'}, last of {verdict.closing or 'none'}"]
    if began and ended:
        both = "it reaches both ends of what was asked for"
        open_end = "it begins where it was asked to, and ends with the log of this checkpoint"
        return [*lines, both if until or verdict.end < verdict.size else open_end]
    last = not ended and verdict.end == verdict.size
    beside = [
        *([] if began else [f"record {verdict.first - 1}, which stands before the first,"]),
        *([] if ended or last else [f"record {verdict.end}, which follows the last,"]),
    ]
    first, end = verdict.first - (not began), verdict.end + (not ended and not last)
    hint = f"to see it, export --from {first} --to {end}"
    lines += [f"NOT SHOWN: whether {one} is of that span as well; {hint}" for one in beside]
    return [*lines, *[_tail(verdict, until)] * last]


def _tail(verdict: Verdict, until: str) -> str:
    return (
        f"NOT SHOWN: whether that is all until {until}: the log of this checkpoint ends here, with {verdict.size} "
        "records, and nothing shows that the checkpoint is from after that; a witness that signed it later would "
        "(--witness), a time stamp of it (motlan log anchors), or an export with a later record"
    )


def shown_plainly(line: str) -> str:
    """A line of foreign text, cut to a limit, without control characters."""
    whole = line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}…"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in whole)


def _when(seconds: int) -> str:
    try:
        return f"on {datetime.fromtimestamp(seconds, UTC).isoformat().replace('+00:00', 'Z')}"
    except (ValueError, OverflowError, OSError):
        return f"at second {seconds}, which no calendar has"


def _covered(verdict: Verdict) -> str:
    if not verdict.contiguous:
        return f"{verdict.records} single records"
    if verdict.whole:
        return f"all {verdict.records} records"
    if not verdict.records:
        return "no record"
    return f"{verdict.records} records, {verdict.first} to {verdict.end - 1}, none missing between,"


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify one file; exit code 0: good, 1: not good, 2: usage or key error."""
    parser = argparse.ArgumentParser(description="Verify an export of the exchange log of Một Lần, offline.")
    parser.add_argument("file", type=Path, help="the export, JSON lines, may be gzip")
    parser.add_argument(
        "--vkey", action="append", required=True, help="public key of the log; may be repeated"
    )
    parser.add_argument(
        "--witness", action="append", default=[], help="public key of a witness that must have signed as well"
    )
    parser.add_argument("--checkpoint", type=Path, help="the signed checkpoint for which it must be made")
    parser.add_argument("--since", type=Path, help="an older signed checkpoint, kept by you")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="decode every record, not only its phase and time; its JSON must be canonical",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    given = parser.parse_args(arguments)
    try:
        notes = {
            # as bytes: the line ends of a note are signed
            name: path.read_bytes().decode() if path else None
            for name, path in (("checkpoint", given.checkpoint), ("since", given.since))
        }
        with given.file.open("rb") as file:
            verdict = verify_export(file, given.vkey, witnesses=given.witness, strict=given.strict, **notes)
    except (NoteBroken, OSError, UnicodeDecodeError) as error:
        parser.error(str(error))
    lines = [json.dumps(verdict.as_json())] if given.json else report_lines(verdict)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if verdict.good else 1
