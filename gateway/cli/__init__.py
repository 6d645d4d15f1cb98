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
from gateway.hanging_up import remember_hang_up


def _serve() -> click.Command:
    from gateway.cli.serve import serve

    return serve


def _sandbox() -> click.Command:
    from gateway.cli.serve import sandbox

    return sandbox


def _demo() -> click.Command:
    from gateway.cli.serve import demo

    return demo


def _check_config() -> click.Command:
    from gateway.cli.check import check_config

    return check_config


def _doctor() -> click.Command:
    from gateway.cli.check import doctor

    return doctor


def _procedures() -> click.Command:
    from gateway.cli.prefill import procedures

    return procedures


def _prefill() -> click.Command:
    from gateway.cli.prefill import prefill

    return prefill


def _explain() -> click.Command:
    from gateway.cli.explain import explain

    return explain


def _ask() -> click.Command:
    from gateway.cli.ask import ask

    return ask


def _cuts() -> click.Command:
    from gateway.cli.cuts import cuts

    return cuts


def _corrections() -> click.Command:
    from gateway.cli.corrections import corrections

    return corrections


def _policy() -> click.Command:
    from gateway.cli.policy import policy

    return policy


def _subject_requests() -> click.Command:
    from gateway.cli.subject_requests import subject_requests

    return subject_requests


def _verify_log() -> click.Command:
    from gateway.cli.verify import verify_log

    return verify_log


def _verify_message() -> click.Command:
    from gateway.cli.message import verify_message

    return verify_message


def _log() -> click.Command:
    from gateway.cli.log import log

    return log


def _witness() -> click.Command:
    from gateway.cli.witness import witness

    return witness


def _erase_period() -> click.Command:
    from gateway.cli.erase import erase_period

    return erase_period


def _requesters() -> click.Command:
    from gateway.cli.requesters import requesters

    return requesters


def _keys() -> click.Command:
    from gateway.cli.keys import keys

    return keys


COMMANDS: Commands = {
    "demo": (_demo, "Start sandbox and gateway, show the main job, stop."),
    "serve": (_serve, "Run the gateway."),
    "sandbox": (_sandbox, "Run the simulated peers."),
    "check-config": (_check_config, "Validate configuration, mappings and schemas against one another."),
    "doctor": (_doctor, "Check libraries, clock, keys and reachability."),
    "procedures": (_procedures, "List the procedures of a running gateway."),
    "prefill": (_prefill, "Prefill the form of a procedure at a running gateway."),
    "explain": (_explain, "Say what a prefill would be given, by which rule, and what would change it."),
    "ask": (_ask, "Ask predicates about a person: yes, no or cannot tell, and no value."),
    "cuts": (_cuts, "Run every procedure against every cast of the sandbox: which papers data cut, and why."),
    "corrections": (_corrections, "List what was reported to the owners of databases."),
    "policy": (_policy, "What another configuration would have decided otherwise."),
    "subject-requests": (_subject_requests, "What data subjects demand, and until when it must be answered."),
    "log": (_log, "Search, export, prove, archive and prune what the exchange log holds."),
    "verify-log": (_verify_log, "Verify an export of an exchange log, offline."),
    "verify-message": (_verify_message, "Verify a signed message that somebody kept, offline."),
    "witness": (_witness, "Run a witness of exchange logs, for whoever watches over one."),
    "requesters": (_requesters, "Add, list, revoke and restore those who may ask."),
    "keys": (_keys, "List and change the keys of the exchange log."),
    "erase-period": (_erase_period, "Destroy the keys of one month of the exchange log."),
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
    """Run a command (default: this process's own words); its exit code. What stops it is told with a remedy."""
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
