"""`motlan check-config` and `motlan doctor`: what is wrong, where, and what to do about it."""

import asyncio
import importlib.metadata
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway import registry
from gateway.anchors.faults import anchor_faults
from gateway.app import SystemClock, open_sources
from gateway.audit.in_force import in_force
from gateway.checks.crosscheck import crosscheck
from gateway.checks.examples import counter_example_faults, example_faults
from gateway.checks.login_examples import login_example_faults
from gateway.checks.message_examples import message_example_faults
from gateway.checks.question_examples import question_example_faults
from gateway.checks.representation_examples import representation_example_faults
from gateway.checks.service_examples import service_example_faults, unshown_codes
from gateway.cli.client import GatewayClient, Unreachable
from gateway.cli.minimised import tables as minimised_tables
from gateway.cli.options import (
    CONFIG,
    JSON,
    QUIET,
    SET,
    STATE,
    Voice,
    config_here,
    overrides,
    root_of,
    state_folder,
)
from gateway.composition.composition import Composition
from gateway.composition.doors import open_doors
from gateway.composition.drafts import undecided
from gateway.composition.identity_providers import open_identity_providers
from gateway.composition.portals import open_portals
from gateway.composition.readers import answer_readers
from gateway.config.configuration import Configuration, survey
from gateway.config.portals import PortalSettings
from gateway.config.strict_yaml import Loc, read
from gateway.domain.dates import legal_day
from gateway.domain.errors import ConfigError, LogUnavailable, Problem
from gateway.domain.faults import Faults
from gateway.mapping.load import Catalogue, survey_catalogue
from gateway.ports.relay import Desk, DoorVisitor
from gateway.ports.sources import Source
from gateway.review.minimisation import Report, minimised
from gateway.review.minimisation import notes as notes_of
from gateway.serving.server import at_sandbox
from gateway.telemetry import Metrics

_LIBRARIES = (
    "aiohttp uvloop orjson pydantic PyYAML lxml xmlsec zeep cryptography structlog click rich"
).split()
_ONE_LIBXML = (
    "build both against one libxml2: pip install --force-reinstall --no-binary lxml,xmlsec lxml xmlsec,"
    " or take the two wheels that requirements/base.txt pins"
)
_VERSIONS = """
import json, xmlsec
from lxml import etree
print(json.dumps({
    "built for": {"lxml": etree.LIBXML_COMPILED_VERSION, "xmlsec": xmlsec.get_libxml_compiled_version()},
    "runs with": {"lxml": etree.LIBXML_VERSION, "xmlsec": xmlsec.get_libxml_version()},
}))
"""
_CHILD_SECONDS = 30
_SHOWN = 120
#: fault codes in one note
_MOST_CODES = 10
_WIDTH = 180
_EARLIEST_CLOCK = 1_767_225_600  # 2026-01-01
_CONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that the doctor looked at.

    `kind`: library, clock, state, configuration, database, scanner, source, identity provider, gateway.
    """

    kind: str
    name: str
    good: bool
    text: str


@click.command("check-config")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--examples/--no-examples", default=True, help="Run the examples of all mappings (default), or not."
)
@SET
@JSON
@QUIET
def check_config(
    *, folder: Path | None, examples: bool, values: tuple[str, ...], as_json: bool, quiet: bool
) -> int:
    """Validate all YAML, mappings, schemas and agreements against one another.

    When all is good, a table shows what each procedure gets and lacks under each requester's agreements today,
    and what agreements give that their procedures never need. The examples of all mappings are run: those of data
    services, procedures, predicates and portal messages, and the cases that must not cut.

    \b
    Examples:
      motlan check-config
      motlan check-config /etc/motlan/config --json
      motlan check-config --no-examples
    """  # noqa: D301 -- \b is click's
    config = config_here(folder)
    done = _check(config, overrides(values), examples=examples)
    found, notes, counts = done.found, [*done.notes, *done.undecided], done.counts
    if as_json:
        problems = [{"file": p.file, "line": p.line, "what": p.what, "remedy": p.remedy} for p in found]
        report = {"folder": str(config), "problems": problems, "notes": notes, **counts}
        if done.configuration is not None and done.report is not None:
            ours = in_force(done.configuration, root_of(config))
            report |= {"digest": ours.digest, "digests": ours.parts, "minimisation": done.report.plain()}
        click.echo(orjson.dumps(report).decode())
    elif found:
        for problem in found:
            click.echo(str(problem), err=True)
        click.echo(f"checked: {config}\n{len(found)} to mend", err=True)
    elif not quiet:
        if done.report is not None:
            Voice(as_json, quiet).say(None, *minimised_tables(done.report), width=_WIDTH)
        for note in notes:
            click.echo(f"note: {note}")
        click.echo(f"checked: {config}")
        click.echo("good: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 2 if found else 0


class _CheckedFolder(NamedTuple):
    """What was looked at, what is to be mended, and what stops nothing."""

    configuration: Configuration | None
    found: list[Problem]
    notes: list[str]
    #: of drafts
    undecided: list[str]
    counts: dict[str, int]
    #: None while there is something to mend
    report: Report | None


def _check(config: Path, values: dict[str, str], *, examples: bool = True) -> _CheckedFolder:
    faults, root = Faults(), root_of(config)
    try:
        configuration = survey(config, values, faults)
    except ConfigError as error:
        return _CheckedFolder(None, error.problems, [], [], {}, None)
    catalogue = survey_catalogue(root, faults)
    crosscheck(configuration, catalogue, faults)
    faults.add(anchor_faults(configuration, root))
    with faults.noted():
        asyncio.run(_adapters(configuration, catalogue, root))
    with faults.noted():
        _people(root)
    readers: Mapping[str, Source] = {}
    unread: Mapping[str, ConfigError] = {}
    if examples and not faults.found():  # examples of what is wrong in itself say nothing
        readers, unread = answer_readers(_parts(configuration, catalogue, root), SystemClock())
        faults.add(_example_faults(catalogue, root, readers))
    found = faults.found()
    counts = {
        "sources": len(configuration.sources),
        "procedures": len(catalogue.procedures),
        "requesters": len(configuration.requesters),
        "agreements": len(configuration.agreements),
    }
    today = legal_day(datetime.now(UTC))
    notes = [] if found else notes_of(configuration, catalogue, today)
    report = None if found else minimised(configuration, catalogue, today)
    if root != config.parent:
        notes.append(f"{config.parent}/mappings is not there: mappings and schemas are those of {root}")
    if not found:
        notes += (*_unread(unread), *_unshown(configuration, catalogue, readers))
    asyncio.run(_close(readers))
    lacking = [] if found else asyncio.run(_undecided(_parts(configuration, catalogue, root)))
    return _CheckedFolder(configuration, found, notes, lacking, counts, report)


def _example_faults(catalogue: Catalogue, root: Path, readers: Mapping[str, Source]) -> Iterator[Problem]:
    """Examples of mappings that come out otherwise than they say."""
    offers, rooms = catalogue.offers, root / "mappings"
    written: list[tuple[Path, Iterable[tuple[Loc, str, str]]]] = [
        *(
            (
                rooms / "sources" / f"{source}.yaml",
                service_example_faults(plan, catalogue.identifiers, readers.get(plan.name)),
            )
            for source, plans in catalogue.services.items()
            for plan in plans.values()
        ),
        *(
            (rooms / "procedures" / f"{code}.yaml", found)
            for code, procedure in catalogue.procedures.items()
            for found in (
                example_faults(procedure, offers, catalogue.identifiers),
                counter_example_faults(procedure, offers),
            )
        ),
        *(
            (rooms / "predicates" / f"{name}.yaml", question_example_faults(question, offers))
            for name, question in catalogue.questions.items()
        ),
        *(
            (rooms / "representations" / f"{kind}.yaml", representation_example_faults(rule))
            for kind, rule in catalogue.representations.items()
        ),
        *(
            (rooms / "portals" / f"{name}.yaml", message_example_faults(plans))
            for name, plans in catalogue.portals.items()
        ),
        *(
            (rooms / "logins" / f"{name}.yaml", login_example_faults(plan))
            for name, plan in catalogue.logins.items()
        ),
    ]
    for path, faults in written:
        if lines := list(faults):
            document = read(path, root)
            yield from (document.problem(loc, what, remedy) for loc, what, remedy in lines)


def _unread(refused: Mapping[str, ConfigError]) -> Iterator[str]:
    """Notes about services whose adapter cannot read their examples."""
    for name, error in refused.items():
        fault = error.problems[0]
        yield (
            f"service {name}: its examples that are errors are not read, for it cannot be opened: {fault.what};"
            f" {fault.remedy}"
        )


async def _close(readers: Mapping[str, Source]) -> None:
    for source in readers.values():
        await source.close()


def _unshown(
    configuration: Configuration, catalogue: Catalogue, readers: Mapping[str, Source]
) -> Iterator[str]:
    """Notes about fault codes that could be dropped unnoticed."""
    for name, settings in configuration.sources.items():
        plans = catalogue.services.get(name, {}).values()
        if codes := unshown_codes(settings.options, plans, readers):
            shown = ", ".join(codes[:_MOST_CODES]) + (", …" if len(codes) > _MOST_CODES else "")
            yield (
                f"source {name}: no example shows what {shown} of 'options' means, so nobody notices when it changes;"
                f" write one with 'status', 'problem' or 'fault' into mappings/sources/{name}.yaml"
            )


def _people(root: Path) -> None:
    """The sandbox's people and its portal, where there are any: who starts the sandbox needs them."""
    if (root / "config" / "sandbox").is_dir():
        registry.resolve("adapters.sandbox.people", "load")(root)
        registry.resolve("adapters.sandbox.portal", "load_portal")(root)


async def _adapters(configuration: Configuration, catalogue: Catalogue, root: Path) -> None:
    """Open all that is called without asking it: adapters check `auth` and `options`. Services: elsewhere."""
    mapped = {}
    for name, settings in configuration.sources.items():
        plans = catalogue.services.get(name, {})
        services = {word: one for word, one in settings.services.items() if word in plans}
        auth = {"kind": "none"} if settings.is_draft else settings.auth  # also where its mapping is at fault
        mapped[name] = settings.model_copy(update={"services": services, "auth": auth})
    parts = _parts(configuration.model_copy(update={"sources": mapped}), catalogue, root)
    faults = Faults()
    with faults.noted():
        for source in open_sources(parts).values():
            await source.close()
    with faults.noted():
        for portal in open_portals(parts, _idle_tools(root)).values():
            await portal.close()
    with faults.noted():
        open_doors(parts, _no_desk)
    with faults.noted():
        for provider in open_identity_providers(parts, SystemClock()).values():
            await provider.close()
    faults.finish()


def _parts(configuration: Configuration, catalogue: Catalogue, root: Path) -> Composition:
    """The parts of a gateway that is never served."""
    return Composition(
        configuration=configuration, catalogue=catalogue, root=root, state=root, metrics=Metrics(),
        in_force=in_force(configuration, root),
    )  # fmt: skip


async def _undecided(parts: Composition) -> list[str]:
    return [note async for note in undecided(parts, SystemClock())]


def _no_desk(_settings: PortalSettings, _visitor: DoorVisitor) -> Desk:
    """Nobody calls while doors are checked."""
    raise NotImplementedError


def _idle_tools(root: Path) -> object:
    """Tools of portals that nothing is sent with."""
    memory = "memory://"
    cache = registry.store(memory, "open_cache")(memory)
    return registry.portal_tools(root, SystemClock(), cache, bytes(32), sign=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGateway:
    """A gateway that `serve --ready-file` described."""

    config: Path
    state: Path
    admin: str
    #: URL of its sandbox; blank without one
    sandbox: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """As the file says. UsageError when it is no such file."""
        try:
            state = orjson.loads(path.read_bytes())
            return cls(
                config=Path(state["config"]), state=Path(state["state"]), admin=state["admin"],
                sandbox=str(state["sandbox"].get("control", "")).removesuffix("/__sandbox"),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise click.UsageError(f"--ready-file: {path} is none; `serve --ready-file` writes it") from None


@click.command()
@CONFIG
@STATE
@SET
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A running gateway, from `serve --ready-file`: its configuration, state and sandbox.",
)
@JSON
@QUIET
def doctor(
    *,
    config: Path | None,
    state: Path | None,
    values: tuple[str, ...],
    ready_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Check libraries, clock, keys, the database, and reachability of scanner, sources and identity providers.

    Of a running gateway (`--ready-file`) also whether it is ready, and its own sandbox on whatever port.

    \b
    Examples:
      motlan doctor
      motlan doctor --ready-file ready.json
      motlan doctor --config /etc/motlan/config --json
    """  # noqa: D301 -- \b is click's
    found_gateway = None if ready_file is None else RunningGateway.read(ready_file)
    if found_gateway is not None:
        config, state = config or found_gateway.config, state or found_gateway.state
    folder = config_here(config)
    findings = [*_libraries(), _libxml(), _clock(), _state(state_folder(state))]
    done = _check(folder, overrides(values), examples=False)
    configuration, found = done.configuration, done.found
    if found or configuration is None:
        text = f"{found[0]}\n{len(found)} to mend: motlan check-config"
        findings.append(DoctorFinding("configuration", str(folder), good=False, text=text))
    else:
        digest = in_force(configuration, root_of(folder)).digest[:12]
        findings.append(DoctorFinding("configuration", str(folder), good=True, text=f"digest {digest}"))
        findings += _database(configuration, state_folder(state))
        findings += _scanner(configuration)
        findings += _reachable(at_sandbox(configuration, found_gateway.sandbox if found_gateway else ""))
    if found_gateway is not None:
        findings.append(_ready(found_gateway))
    if as_json:
        shown = [{"kind": f.kind, "name": f.name, "good": f.good, "text": f.text} for f in findings]
        click.echo(orjson.dumps({"findings": shown}).decode())
    elif not quiet:
        _print(findings)
    bad = {finding.kind for finding in findings if not finding.good}
    if bad & {"library", "configuration"}:
        return 2
    return 3 if bad & {"source", "identity provider", "database", "scanner", "gateway"} else int(bool(bad))


def _libraries() -> Iterator[DoctorFinding]:
    for name in _LIBRARIES:
        try:
            yield DoctorFinding("library", name, good=True, text=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield DoctorFinding(
                "library", name, good=False, text="missing: pip install -r requirements/base.txt"
            )


def _libxml() -> DoctorFinding:
    """The two pass trees to one another: two libxml2 in one process end in a crash. So a child looks, not we."""
    asked = [sys.executable, "-c", _VERSIONS]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_CHILD_SECONDS)  # noqa: S603 -- our own words
    if done.returncode != 0:
        # xmlsec looks for this itself as it loads, and refuses
        last_line = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:_SHOWN]
        return DoctorFinding("library", "libxml2", good=False, text=f"{last_line}: {_ONE_LIBXML}")
    return libxml_finding(orjson.loads(done.stdout))


def libxml_finding(versions: Mapping[str, Mapping[str, Sequence[int]]]) -> DoctorFinding:
    """Good when both libraries were built for one libxml2 and run with one, patches aside.

    `versions`: `built for` and `runs with` -> library -> version of libxml2.
    """
    good = all(len({tuple(one[:2]) for one in sides.values()}) == 1 for sides in versions.values())
    if good:
        return DoctorFinding("library", "libxml2", good=True, text=_dotted(versions["runs with"]["xmlsec"]))
    lines = [
        f"{library} {how} {_dotted(one)}" for how, sides in versions.items() for library, one in sides.items()
    ]
    return DoctorFinding("library", "libxml2", good=False, text=f"{', '.join(lines)}: {_ONE_LIBXML}")


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _clock() -> DoctorFinding:
    good = time.time() > _EARLIEST_CLOCK
    return DoctorFinding("clock", "utc", good=good, text=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def _state(folder: Path) -> DoctorFinding:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    good = os.access(place, os.W_OK)
    for key in sorted(folder.glob("*.key")):
        if key.stat().st_mode & 0o077:
            return DoctorFinding(
                "state", str(folder), good=False, text=f"others can read {key.name}: chmod 600 it"
            )
    return DoctorFinding("state", str(folder), good=good, text="writable" if good else "not writable")


def _database(configuration: Configuration, state: Path) -> Iterator[DoctorFinding]:
    """Version, schema and rights of the PostgreSQL database; versions of the SQLite files that are there."""
    url = configuration.gateway.log.url
    if url.startswith("postgres"):
        may_own = configuration.gateway.profile != "production"
        looking = registry.store(url, "check_store")(url, may_own=may_own)
        good = "schema and rights are those of this release"
    elif any(state.glob("*.db")):
        looking = registry.store(url, "upgrade")(url, state, {}, lambda _: None, dry_run=True)
        good = "this release knows the schema of each file"
    else:
        return
    try:
        asyncio.run(looking)
    except (LogUnavailable, ConfigError) as error:
        yield DoctorFinding(
            "database", "log.url", good=False, text=str(getattr(error, "sentence", None) or error)
        )
    else:
        yield DoctorFinding("database", "log.url", good=True, text=good)


def _scanner(configuration: Configuration) -> Iterator[DoctorFinding]:
    """Whether the virus scanner of files can be reached, if there is one."""
    settings = configuration.gateway.files.scanner
    if settings is None:
        return
    parts = urlsplit(settings.url)
    local = parts.scheme == "unix"
    try:
        with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as asked:
            asked.settimeout(_CONNECT_SECONDS)
            asked.connect(parts.path if local else (parts.hostname or "", parts.port or 0))
        yield DoctorFinding("scanner", "files.scanner", good=True, text="answers")
    except OSError as error:
        text = f"does not answer ({type(error).__name__}): no file is accepted"
        yield DoctorFinding("scanner", "files.scanner", good=False, text=text)


def _reachable(configuration: Configuration) -> Iterator[DoctorFinding]:
    """Whether sources, except drafts, and providers where people sign in take connections."""
    called = [
        ("source", name, item.url)
        for name, item in configuration.sources.items()
        if item.url and not item.is_draft
    ]
    providers = configuration.identity_providers.items()
    called += [
        ("identity provider", name, one.endpoints.token or one.issuer)
        for name, one in providers
        if one.enabled
    ]
    for kind, name, url in called:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), _CONNECT_SECONDS).close()
            yield DoctorFinding(kind, name, good=True, text="answers")
        except OSError as error:
            yield DoctorFinding(kind, name, good=False, text=f"does not answer ({type(error).__name__})")


def _ready(gateway: RunningGateway) -> DoctorFinding:
    """Whether the running gateway is ready, in its own words."""
    try:
        answer = GatewayClient(gateway.admin).get("/health/ready")
    except Unreachable as error:
        return DoctorFinding("gateway", gateway.admin, good=False, text=str(error))
    state = answer.body if isinstance(answer.body, dict) else {}
    words = " ".join(str(state[name]) for name in ("status", "code") if state.get(name))
    return DoctorFinding(
        "gateway", gateway.admin, good=state.get("status") == "ready", text=words or "not ready"
    )


def _print(findings: list[DoctorFinding]) -> None:
    table = Table("", "what", "name", "finding")
    for finding in findings:
        table.add_row(
            "[green]✓[/]" if finding.good else "[red]✗[/]", finding.kind, finding.name, finding.text
        )
    Console().print(table)
