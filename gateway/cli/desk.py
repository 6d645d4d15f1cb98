"""Shared by commands that ask a running gateway: its address, the client, and the text of refusals."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import click
import orjson

from gateway.cli.client import ClientAnswer, GatewayClient, NotKnown, Unreachable
from gateway.cli.options import JSON, QUIET, Voice, as_json, config_here, options, plain

_Found = TypeVar("_Found")
_DEFAULT = "http://127.0.0.1:8080"
#: the remedy while a client has no secret, or not its own
_PROVE = "set MOTLAN_CLIENT_SECRET to the client's secret, or give --client-key or --ready-file"
#: done, or begun
_GOOD = frozenset({200, 202})
#: the gateway, its log or a proxy before it
_OUT_OF_ORDER = frozenset({502, 503, 504})

GATEWAY = click.option("--gateway", envvar="MOTLAN_GATEWAY", help="Address; default http://127.0.0.1:8080.")
READY = click.option(
    "--ready-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Address and client from `serve --ready-file`.",
)


@dataclass(frozen=True, slots=True)
class CommandDesk(Voice):
    """A client of one gateway, and the output of its command."""

    client: GatewayClient
    ready_file: Path | None

    def asked(self, call: Callable[[GatewayClient], ClientAnswer]) -> ClientAnswer:
        """The good answer; exits, with a word about it, when there is none."""
        answer = self._reached(call)
        return answer if answer.status in _GOOD else self._refuse(answer)

    def fetched(self, call: Callable[[GatewayClient], _Found | ClientAnswer]) -> _Found:
        """What a longer errand brought back; exits likewise when it brought back a refusal."""
        found = self._reached(call)
        return self._refuse(found) if isinstance(found, ClientAnswer) else found

    def _refuse(self, answer: ClientAnswer) -> NoReturn:
        """Say what the gateway refused.

        Exits with 2 for a fault of the request, 3 when it, or what it needs, is out of order, else 1.
        """
        problem = isinstance(answer.body, dict) and "code" in answer.body
        if self.as_json and problem:
            click.echo(as_json(answer.body))
        else:
            click.echo(refusal(answer), err=True)
        if not problem or answer.status in _OUT_OF_ORDER:
            raise click.exceptions.Exit(3)
        raise click.exceptions.Exit(2 if answer.status in {400, 422} else 1)

    def _reached(self, call: Callable[[GatewayClient], _Found]) -> _Found:
        try:
            return call(self.client)
        except NotKnown as error:
            says_why = str(error).startswith("no token: invalid_client:")
            raise click.UsageError(plain(f"{error}{'' if says_why else f': {_PROVE}'}")) from None
        except Unreachable as error:
            click.echo(plain(f"{error}{_remedy(str(error))}"), err=True)
            raise click.exceptions.Exit(3) from None


def asks(known_as: str = "") -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Options of a command that asks a gateway as this client, given to it as one `desk`; without, as nobody."""
    identity = (
        click.option("--client-id", envvar="MOTLAN_CLIENT_ID", default=known_as, show_default=True),
        click.option("--client-secret", envvar="MOTLAN_CLIENT_SECRET", help="Better in the environment."),
        click.option(
            "--client-key",
            envvar="MOTLAN_CLIENT_KEY",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Private key (PEM) instead of a secret: signed assertions, and tokens bound by DPoP.",
        ),
    )

    def wrap(command: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(command)
        def asking(
            *,
            gateway: str | None,
            ready_file: Path | None,
            as_json: bool,
            quiet: bool,
            client_id: str = "",
            client_secret: str | None = None,
            client_key: Path | None = None,
            **rest: Any,  # noqa: ANN401 -- the command's own
        ) -> int:
            if client_key is not None:
                client = _client_by_key(gateway, ready_file, client_id, client_key)
            else:
                client = client_for(gateway, ready_file, client_id, client_secret or "")
            return command(desk=CommandDesk(as_json, quiet, client, ready_file), **rest)

        shared = options(*(identity if known_as else ()), GATEWAY, READY, JSON, QUIET)
        made: Callable[..., int] = shared(asking)
        return made

    return wrap


def refusal(answer: ClientAnswer) -> str:
    """A problem for people: what, where, and what may have been meant; as text that moves no cursor."""
    body = answer.body if isinstance(answer.body, dict) else {}
    if "code" not in body:
        return f"the answer {answer.status} is none of a gateway: is there something else at this address?"
    lines = [f"{body.get('title_vi', answer.status)} / {body.get('title', '')}: {_detail(body)}"]
    lines += [f"  {one.get('pointer', '')} {_detail(one)}" for one in _listed(body, "errors", dict)]
    if near := _listed(body, "near", str):
        lines.append(f"gần giống / near: {', '.join(near)}")
    return plain("\n".join(lines))


def _detail(body: dict[str, Any]) -> str:
    """Vietnamese first; a gateway of before 2026-12 says it in English only."""
    found = [str(body[name]) for name in ("detail_vi", "detail") if name in body]
    return " / ".join(dict.fromkeys(found))


def _listed(body: dict[str, Any], name: str, kind: type) -> list[Any]:
    found = body.get(name)
    return [one for one in found if isinstance(one, kind)] if isinstance(found, list) else []


def client_for(gateway: str | None, ready_file: Path | None, client_id: str, secret: str) -> GatewayClient:
    """A client of the gateway that the options name; UsageError when the secret is not known."""
    base = gateway or _DEFAULT
    if ready_file is not None:
        content = _ready(ready_file)
        base = gateway or content["gateway"]
        known = content["clients"].get(client_id)
        if known and not secret:
            client_id, secret = known["client_id"], known["client_secret"] or ""
    if client_id and not secret:
        secret = _sandbox_secret(base, client_id)
        if not secret:
            raise click.UsageError(f"the secret of client '{client_id}' is not known: {_PROVE}")
    return GatewayClient(base, client_id, secret)


def _client_by_key(gateway: str | None, ready_file: Path | None, client_id: str, key: Path) -> GatewayClient:
    from gateway.cli.proofs import client_key

    base = gateway or (_ready(ready_file)["gateway"] if ready_file is not None else _DEFAULT)
    return GatewayClient(base, prover=client_key(client_id, key))


def _ready(path: Path) -> Any:  # noqa: ANN401 -- JSON
    return orjson.loads(path.read_bytes())


def _sandbox_secret(base: str, client_id: str) -> str:
    """The secret in the shipped sandbox configuration; it is sent to this machine only."""
    if urlsplit(base).hostname not in {"127.0.0.1", "::1", "localhost"}:
        return ""
    from gateway.config.configuration import load
    from gateway.domain.errors import ConfigError
    from gateway.serving.server import clients

    try:
        known = clients(load(config_here(None))).values()
    except ConfigError:
        return ""
    return next((str(one["client_secret"] or "") for one in known if one["client_id"] == client_id), "")


def _remedy(what: str) -> str:
    if "SSLCertVerificationError" in what:
        return ": its certificate is not trusted here; SSL_CERT_FILE names the file of its authority"
    return "; start it with: motlan serve --with-sandbox" if "does not answer" in what else ""
