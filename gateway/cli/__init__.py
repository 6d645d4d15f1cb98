"""The `motlan` command. Sub-commands load when they are used: serving must not pay for what it does not need.

Exit codes: 0 done and good; 1 done and the answer is no; 2 usage or configuration; 3 a dependency does not answer.
"""

import io
import sys
from collections.abc import Sequence

import click

from gateway import VERSION
from gateway.cli.lazy import Commands, LazyGroup
from gateway.domain.errors import ConfigError
from gateway.serving.hanging_up import remember_hang_up

COMMANDS: Commands = {
    "demo": ("serve:demo", "Start sandbox and gateway, show the main job, stop."),
    "serve": ("serve:serve", "Run the gateway."),
    "sandbox": ("serve:sandbox", "Run the simulated peers."),
    "check-config": (
        "check:check_config",
        "Validate configuration, mappings and schemas against one another.",
    ),
    "new": ("new:new", "Write the draft of a source or of a procedure, from what its owner publishes."),
    "doctor": ("check:doctor", "Check libraries, clock, keys and reachability."),
    "migrate": ("migrate:migrate", "Upgrade the database or the state folder, and grant the roles."),
    "procedures": ("prefill:procedures", "List the procedures of a running gateway."),
    "prefill": ("prefill:prefill", "Prefill the form of a procedure at a running gateway."),
    "explain": (
        "explain:explain",
        "Say what a prefill would be given, by which rule, and what would change it.",
    ),
    "ask": ("ask:ask", "Ask predicates about a person: yes, no or cannot tell, and no value."),
    "try-source": (
        "try_source:try_source",
        "Try a data service: what was sent, what came, what became of each attribute.",
    ),
    "cuts": (
        "cuts:cuts",
        "Run every procedure against every cast of the sandbox: which papers data cut, and why.",
    ),
    "corrections": ("corrections:corrections", "List what was reported to the owners of databases."),
    "outbox": ("outbox:outbox", "What waits for a portal, why, and how to send it again."),
    "reconcile": ("reconcile:reconcile", "Compare dossiers with portals, and mend what differs."),
    "scores": ("scores:scores", "Compute in advance how service quality is scored."),
    "policy": ("policy:policy", "What another configuration would have decided otherwise."),
    "subject-requests": (
        "subject_requests:subject_requests",
        "What data subjects demand, and until when it must be answered.",
    ),
    "log": ("log:log", "Search, export, prove, archive and prune what the exchange log holds."),
    "verify-log": ("verify:verify_log", "Verify an export of an exchange log, offline."),
    "verify-message": ("message:verify_message", "Verify a signed message that somebody kept, offline."),
    "witness": ("witness:witness", "Run a witness of exchange logs: it cosigns what only grew."),
    "requesters": ("requesters:requesters", "Add, list, revoke and restore those who may ask."),
    "keys": ("keys:keys", "List and change the keys of the exchange log."),
    "erase-period": ("erase:erase_period", "Destroy the keys of one month of the exchange log."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="motlan")
def motlan() -> None:
    """Một Lần: the once-only gateway (cổng dữ liệu một lần).

    \b
    Examples:
      motlan demo
      motlan serve --with-sandbox
    """  # noqa: D301 -- \b is click's mark for a block kept as it is


def main() -> None:
    """The command of this process. What a terminal cannot write it shows as a question mark."""
    if sys.argv[1:2] == ["serve"]:  # what it is made of takes a while to load
        remember_hang_up()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run())


def run(words: Sequence[str] | None = None) -> int:
    """Run a command (default: this process's own words); its exit code. What stops it is named with a remedy."""
    try:
        code = motlan.main(words, standalone_mode=False)
    except ConfigError as error:
        _say(error.problems)
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except OSError as error:
        click.echo(f"{error.filename or 'the system'}: {error.strerror or type(error).__name__}", err=True)
        return 2
    return code if isinstance(code, int) else 0


def _say(problems: object) -> None:
    assert isinstance(problems, list)
    for problem in problems:
        click.echo(str(problem), err=True)
    click.echo(f"{len(problems)} to mend; `motlan check-config` lists all", err=True)
