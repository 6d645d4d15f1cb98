"""`motlan log`: what auditors ask a running gateway about its exchange log, and what its keeper does with it.

Ids of people come from standard input, a file or a prompt; an argument is taken with a warning, for the sandbox.
"""

import click

from gateway.cli.lazy import Commands, LazyGroup

_COMMANDS: Commands = {
    "search": ("search:search", "Find records, newest first."),
    "subject": ("subject:subject", "Every use of one person's data, in plain words."),
    "export": ("export:export", "Write the log, a range or a day of it, for `motlan verify-log`."),
    "prove": ("prove:prove", "Redeem a receipt: fetch a proof and check it here."),
    "checkpoint": ("prove:checkpoint", "Fetch the newest signed checkpoint; check that the log only grew."),
    "anchors": ("anchors:anchors", "What time stamps, witnesses and daily files prove of it."),
    "report": ("report:report", "Count what the log holds: tables for auditors."),
    "archive": ("archive:archive", "Write whole months into signed files; deletes nothing."),
    "quarantine": ("quarantine:quarantine", "List rows in the database that no gateway wrote."),
    "accept-rollback": (
        "rollback:accept_rollback",
        "Go on after the database lost records; says which first.",
    ),
    "prune": ("archive:prune", "Delete archived records from the database; proofs stay."),
    "prove-archive": (
        "archive:prove_archive",
        "Prove that the log of an archive is the beginning of today's.",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def log() -> None:
    """Search, export, prove, archive and prune what the exchange log holds.

    \b
    Examples:
      motlan log search --procedure 1.004873 --since 2026-11-25
      motlan log export --day 2026-11-25 --out day.jsonl
    """  # noqa: D301 -- \b is click's
