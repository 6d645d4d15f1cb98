"""`motlan log`: what auditors ask a running gateway about its exchange log, and what its keeper does with it.

Ids of people come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import click

from gateway.cli.lazy import Commands, LazyGroup


def _search() -> click.Command:
    from gateway.cli.search import search

    return search


def _subject() -> click.Command:
    from gateway.cli.subject import subject

    return subject


def _export() -> click.Command:
    from gateway.cli.export import export

    return export


def _prove() -> click.Command:
    from gateway.cli.prove import prove

    return prove


def _checkpoint() -> click.Command:
    from gateway.cli.prove import checkpoint

    return checkpoint


def _anchors() -> click.Command:
    from gateway.cli.anchors import anchors

    return anchors


def _report() -> click.Command:
    from gateway.cli.report import report

    return report


def _archive() -> click.Command:
    from gateway.cli.archive import archive

    return archive


def _prune() -> click.Command:
    from gateway.cli.archive import prune

    return prune


def _quarantine() -> click.Command:
    from gateway.cli.quarantine import quarantine

    return quarantine


def _prove_archive() -> click.Command:
    from gateway.cli.archive import prove_archive

    return prove_archive


_COMMANDS: Commands = {
    "search": (_search, "Find records, newest first."),
    "subject": (_subject, "Every use of one person's data, in words for him."),
    "export": (_export, "Write the log, a range or a day of it, for `motlan verify-log`."),
    "prove": (_prove, "Redeem a receipt: fetch a proof and check it here."),
    "checkpoint": (_checkpoint, "Fetch the newest signed checkpoint; check that the log only grew."),
    "anchors": (_anchors, "What time stamps, witnesses and daily files prove of it."),
    "report": (_report, "Count what the log holds: tables for auditors."),
    "archive": (_archive, "Write whole months into signed files; deletes nothing."),
    "quarantine": (_quarantine, "List rows in the database that no gateway wrote."),
    "prune": (_prune, "Delete archived records from the database; proofs stay."),
    "prove-archive": (_prove_archive, "Prove that the log of an archive is the beginning of today's."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def log() -> None:
    """Search, export, prove, archive and prune what the exchange log holds.

    \b
    Examples:
      motlan log search --procedure 1.004873 --since 2026-11-25
      motlan log export --day 2026-11-25 --out day.jsonl
    """  # noqa: D301 -- \b is click's
