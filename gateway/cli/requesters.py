"""`motlan requesters`: who may ask. Writes one file per requester into the configuration and touches no other."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from gateway.access.revocations import Revocations
from gateway.checks.applications import application_states
from gateway.cli.options import CONFIG, JSON, QUIET, SET, Voice, cell, config_here, options, overrides
from gateway.cli.requester_file import NewRequester, added, misplaced
from gateway.cli.store import Store, keeps
from gateway.composition.keeper import kept
from gateway.config.access import RequesterSettings
from gateway.config.configuration import Configuration
from gateway.domain.dates import legal_day, rfc3339
from gateway.domain.exchange import Phase
from gateway.exchange_log.durable import replacing

_FILE = click.Path(path_type=Path, dir_okay=False)
_READ = click.Path(path_type=Path, dir_okay=False, exists=True)
_MARK = re.compile(rb"^revoked:.*(?:\n|\Z)", re.MULTILINE)
_APPLIED = {
    "open": "chờ trả lời / open", "overdue": "quá hạn / overdue", "granted": "đã cấp / granted",
    "refused": "từ chối / refused",
}  # fmt: skip
_NO_STORE = "chưa có kho / no store"
_RESTART = "cho cổng đọc lại cấu hình / let the gateway read it: kill -HUP <pid>"


@click.group()
def requesters() -> None:
    """Who may ask, and how each proves itself.

    \b
    Examples:
      motlan requesters add harbour --agency 000.00.14.H31 --scope prefill --agreement portal --key-out harbour.pem
      motlan requesters list
    """  # noqa: D301 -- \b is click's


@requesters.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; repeat it for more.")
@click.option(
    "--agreement", "agreements", multiple=True, help="An agreement that it has; repeat it for more."
)
@click.option("--agency", required=True, help="Code of its agency, one of agencies.yaml.")
@click.option("--title", help="Its name for people; default NAME.")
@click.option("--client-id", help="How it calls itself at the token endpoint; default NAME.")
@click.option(
    "--key-out", type=_FILE, help="Make a key pair: the private key goes into this file, for the requester."
)
@click.option("--public-key", type=_READ, help="Its public key: PEM or JWK, Ed25519 or P-256.")
@click.option(
    "--certificate", type=_READ, help="Its certificate (PEM): this one and no other, signed by whomever."
)
@click.option(
    "--subject", help="The subject of its certificate (RFC 4514), issued by an authority of client_ca."
)
@click.option("--san-dns", help="A DNS name of its certificate, issued by an authority of client_ca.")
@click.option(
    "--dpop/--bearer",
    default=None,
    help="Whether a token needs DPoP in the sandbox profile too; with a key it does. In production it always does.",
)
@options(CONFIG, SET, JSON, QUIET)
def add(
    *, config: Path | None, values: tuple[str, ...], as_json: bool, quiet: bool,
    **said: Any,  # noqa: ANN401 -- as declared above
) -> int:  # fmt: skip
    """Write config/requesters/NAME.yaml; nothing secret is in it.

    \b
    Examples:
      motlan requesters add harbour --agency 000.00.14.H31 --scope prefill --agreement portal --key-out harbour.pem
      motlan requesters add port --agency 000.00.14.H31 --scope prefill --public-key port.pub.pem
      motlan requesters add tax --agency 000.00.14.H31 --scope papers --certificate tax.crt.pem
    """  # noqa: D301 -- \b is click's
    folder = _folder(config)
    path = added(folder, NewRequester(**said), overrides(values))
    voice, name = Voice(as_json, quiet), said["name"]
    facts = {"requester": name, "client_id": said["client_id"] or name, "file": str(path)}
    key = said["key_out"]
    lines = [f"{path}", f"1. motlan check-config {folder}", f"2. {_RESTART}"]
    if key is not None:
        facts["private_key"] = str(key := key.resolve())
        lines.append(f"3. cho hệ thống khai thác / for the requester, and nobody else: {key} (0600)")
        if warning := misplaced(key, folder):
            click.echo(f"warning: {warning}", err=True)
    if key is not None or said["public_key"] is not None:
        shown = key or "KEY.pem"
        lines.append(
            f"   motlan prefill 1.004873 --client-id {facts['client_id']} --client-key {shown}"
            " --subject requester=- --subject person=same:requester"
        )
    voice.say(facts, "\n".join(lines))
    return 0


@requesters.command("list")
@keeps
def list_requesters(*, store: Store) -> int:
    """Every requester: how it proves itself, what it may do, whether it was revoked.

    Two places say that one is: its file here, and the store that all gateways ask. Either of them keeps it out.

    \b
    Examples:
      motlan requesters list
      motlan requesters list --config /etc/motlan/config --dir /var/lib/motlan --json
    """  # noqa: D301 -- \b is click's
    stopped = None if kept(store.keeper, store.keeper.missing) else store.done(lambda: _stopped(store))
    found = _listed(store.configuration, stopped or {})
    table = Table(
        "tên / name", "client_id", "cách / method", "scopes", "thỏa thuận / agreements",
        "thu hồi ở tệp / revoked in its file", "thu hồi ở kho / revoked in the store",
    )  # fmt: skip
    for one in found:
        method = one["method"] + (" + dpop" if one["dpop"] == "required" else "")
        in_store = _NO_STORE if stopped is None else one["revoked_in_store"] or ""
        columns = (" ".join(one["scopes"]), " ".join(one["agreements"]), one["revoked"] or "", in_store)
        table.add_row(one["requester"], one["client_id"], method, *columns)
    store.say({"requesters": found, "store_asked": stopped is not None}, table, width=180)
    return 0


@requesters.command("applications")
@keeps
def applications(*, store: Store) -> int:
    """Who applied for an account, and until when it must be granted or refused: within two working days.

    They are in config/applications.yaml; `requesters add` grants, `refused` with reason and legal basis refuses
    (NĐ 47/2020, art. 35(3)). Exits with 1 when one is overdue.

    \b
    Examples:
      motlan requesters applications
      motlan requesters applications --config /etc/motlan/config --json
    """  # noqa: D301 -- \b is click's
    found = application_states(store.configuration, legal_day(store.keeper.now()))
    table = Table(
        "tên / name", "đơn vị / agency", "văn bản / document", "hạn trả lời / answer by", "tình trạng / state"
    )
    for one in found:
        application, late = one.application, one.state == "overdue"
        row = (
            application.requester,
            application.agency,
            application.document,
            one.answer_by.strftime("%d/%m/%Y"),
            _APPLIED[one.state],
        )
        table.add_row(*map(cell, row), style="red" if late else "")
    facts = [
        {
            "requester": one.application.requester, "agency": one.application.agency,
            "document": one.application.document, "asked_on": one.application.asked_on,
            "answer_by": one.answer_by.isoformat(), "state": one.state,
        }
        for one in found
    ]  # fmt: skip
    store.say({"applications": facts}, table, width=160)
    return 1 if any(one.state == "overdue" for one in found) else 0


@requesters.command("revoke")
@click.argument("name")
@keeps
def revoke(*, name: str, store: Store) -> int:
    """End a requester: no new token, and those that it has open nothing any more, in every running gateway.

    A line is added to its file, and a row to the store that all gateways ask: copies of the configuration on other
    machines need not be changed. `motlan requesters restore` lets the requester in again, its old tokens never.

    \b
    Examples:
      motlan requesters revoke harbour
      motlan requesters revoke harbour --config /etc/motlan/config --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    known, path = _known(store, name)
    keeper = store.keeper
    when = rfc3339(keeper.now())

    async def work() -> None:
        await keeper.recorder().operator_act(Phase.CONFIGURATION, "revoke-requester", name=name)
        if known.revoked is None:
            _mark(path, when)
        await _revocations(store).revoke_requester(known.requester)

    store.done(work)
    seconds = store.configuration.gateway.access.check_seconds
    facts = {"requester": name, "revoked": known.revoked or when, "file": str(path)}
    store.say(facts, f"{path}: revoked {facts['revoked']}; running gateways refuse it within {seconds:g} s")
    return 0


@requesters.command("restore")
@click.argument("name")
@keeps
def restore(*, name: str, store: Store) -> int:
    """Let a revoked requester in again: with new tokens, never with those that it had.

    The line is taken out of its file, and a row is added to the store if that stops it. On several machines run it
    over each copy of the configuration whose file says `revoked`, then let the gateways there read it.

    \b
    Examples:
      motlan requesters restore harbour
      motlan requesters restore harbour --config /etc/motlan/config --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    known, path = _known(store, name)
    text = _unmarked(path) if known.revoked is not None else None

    async def work() -> bool:
        await store.keeper.recorder().operator_act(Phase.CONFIGURATION, "restore-requester", name=name)
        if text is not None:
            _write(path, text)
        return await _revocations(store).restore_requester(known.requester)

    restored = store.done(work)
    lines = []
    if text is not None:
        lines.append(f"{path}: not revoked any more; {_RESTART}")
    if restored:
        seconds = store.configuration.gateway.access.check_seconds
        lines.append(
            f"the store does not stop {name} any more; running gateways know it within {seconds:g} s"
        )
    facts = {
        "requester": name,
        "file": str(path),
        "file_changed": text is not None,
        "store_changed": restored,
    }
    store.say(facts, "\n".join(lines) or f"{name} was not revoked: neither in {path} nor in the store")
    return 0


def _known(store: Store, name: str) -> tuple[RequesterSettings, Path]:
    """The requester and its file; UsageError when there is none."""
    known = store.configuration.requesters.get(name)
    if known is None:
        names = ", ".join(store.configuration.requesters)
        raise click.UsageError(f"there is no requester '{name}'; there are {names}")
    return known, store.configuration.root / "requesters" / f"{name}.yaml"


def _revocations(store: Store) -> Revocations:
    return Revocations(store.keeper.revocations(), lambda: store.keeper.now().timestamp())


async def _stopped(store: Store) -> Mapping[str, float]:
    """Requesters that the store stops, and since when (POSIX seconds)."""
    revocations = _revocations(store)
    await revocations.refresh()
    return revocations.stopped


def _mark(path: Path, when: str) -> None:
    """One line more; all others, comments included, stay as they are."""
    text = path.read_bytes()
    end = b"" if text.endswith(b"\n") else b"\n"
    _write(path, text + end + f'revoked: "{when}"\n'.encode())


def _unmarked(path: Path) -> bytes:
    """The file without that line; UsageError when it is not a line of its own."""
    text, lines = _MARK.subn(b"", path.read_bytes())
    if lines != 1:
        raise click.UsageError(f"{path}: take 'revoked' out by hand, and say it again")
    return text


def _write(path: Path, text: bytes) -> None:
    with replacing(path, path.stat().st_mode & 0o777) as file:
        file.write(text)


def _folder(config: Path | None) -> Path:
    return config_here(config)


def _listed(configuration: Configuration, stopped: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "requester": name, "client_id": one.client_id, "method": one.method, "dpop": one.dpop,
            "agency": one.agency, "scopes": list(one.scopes), "agreements": list(one.agreements),
            "revoked": one.revoked,
            "revoked_in_store": _moment(stopped[one.requester]) if one.requester in stopped else None,
        }
        for name, one in configuration.requesters.items()
    ]  # fmt: skip


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
