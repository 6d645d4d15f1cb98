"""`motlan keys`: which keys a log has, and changing them. A secret is never shown."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table

from gateway.access.access_tokens import APART_SECONDS
from gateway.access.keys import files_in, name_of, replace_all, seeds_in
from gateway.access.keys import rotate as rotate_keys
from gateway.cli.store import Store, keeps
from gateway.composition.keeper import Keeper
from gateway.config.values import SecretKey
from gateway.documents import keys as documents
from gateway.domain import sentences as say
from gateway.domain.dates import local_text, rfc3339
from gateway.domain.errors import Unprocessable
from gateway.domain.exchange import Phase
from gateway.domain.problems import CommandCode
from gateway.exchange_log.key_files import key_in
from gateway.exchange_log.keys import next_root_key, settle_root_key
from gateway.exchange_log.rewrapping import Rewrapping
from gateway.login import id_token_signing
from gateway.login.redemption import ID_TOKEN_SECONDS

_MAKE = "Make a new one (openssl rand -base64 32), then:"
_RELOAD = "cho cổng đọc lại cấu hình / let every gateway read it: kill -HUP <pid>"
_RESTART = "khởi động lại cổng / restart the gateway"


@click.group()
def keys() -> None:
    """Which keys the log has, and changing them. Never shows a secret.

    \b
    Examples:
      motlan keys list
      motlan keys rotate signing
    """  # noqa: D301 -- \b is click's


@keys.command("list")
@keeps
def list_keys(*, store: Store) -> int:
    """All keys, and the periods with the root key that opens each, by names that tell nothing.

    \b
    Examples:
      motlan keys list --dir /var/lib/motlan
      motlan keys list --json
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    found = store.done(lambda: _listed(keeper))
    store.say(found, *_tables(found), width=160)
    return 0


async def _listed(keeper: Keeper) -> dict[str, Any]:
    keeper.log()
    roots, signers = keeper.roots(), keeper.signers()
    history, facts = await keeper.history().history(), await keeper.vault().facts()
    wrapped = await keeper.keeping().periods()
    under = await asyncio.to_thread(
        lambda: {month: roots.opener(month, one) for month, one in wrapped.items()}
    )
    token, document = files_in(keeper.state).current, keeper.state / documents.CURRENT_FILE
    settings = keeper.settings
    return {
        "root": {"id": roots.wrapper.name, "from": _origin(settings.root_key)},
        "former_roots": [one.name for one in roots.all[1:]],
        "signing": {"vkey": signers[0].vkey, "from": _origin(settings.signing_key)},
        "former_signing": [one for one in history.vkeys if one != signers[0].vkey],
        "token": {"kid": name_of(key_in(token)) if token.exists() else None},
        "login": {"kids": id_token_signing.names_in(keeper.state)},
        "document": {"kid": name_of(key_in(document)) if document.exists() else None},
        "periods": [{**one._asdict(), "root": under.get(one.period, "")} for one in facts],
    }


def _origin(key: SecretKey | None) -> str:
    """Where a key lies, in a word."""
    if key is None:
        return "state folder"
    return "settings" if key.held_by is None else key.held_by.adapter


def _tables(found: dict[str, Any]) -> tuple[Table, Table]:
    named = Table("khóa / key", "tên / name")
    named.add_row("root", f"{found['root']['id']} ({found['root']['from']})")
    named.add_row("former root", ", ".join(found["former_roots"]))
    named.add_row("signing", f"{found['signing']['vkey']} ({found['signing']['from']})")
    named.add_row("former signing", "\n".join(found["former_signing"]))
    named.add_row("token", found["token"]["kid"] or "—")
    named.add_row("login", "\n".join(f"{one} {kid}" for one, kid in found["login"]["kids"].items()) or "—")
    named.add_row("document", found["document"]["kid"] or "—")
    periods = Table("kỳ / period", "tạo / made", "hủy / erased", "khóa gốc / root")
    for one in found["periods"]:
        gone = "" if one["living"] else "?"
        times = local_text(one["made"] or "?"), local_text(one["erased"] or gone)
        periods.add_row(one["period"], *times, one["root"] or "—")
    return named, periods


@keys.group()
def rotate() -> None:
    """Change a key.

    \b
    Examples:
      motlan keys rotate signing
      motlan keys rotate root
    """  # noqa: D301 -- \b is click's


@rotate.command("signing")
@keeps
def rotate_signing(*, store: Store) -> int:
    """A new key for checkpoints; the first one after a restart carries the signatures of both.

    \b
    Examples:
      motlan keys rotate signing --dir /var/lib/motlan
      motlan keys rotate signing --json
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    if keeper.settings.signing_key is not None:
        words = (
            f"khóa ký nằm trong cấu hình / the signing key is configured.\n{_MAKE}\n"
            "  log.former_signing_key: the secret that log.signing_key names now\n"
            f"  log.signing_key: the new secret\nand {_RESTART}"
        )
        store.say({"rotated": False, "settings": ["log.former_signing_key", "log.signing_key"]}, words)
        return 1

    async def work() -> tuple[str, str]:
        recorder = keeper.recorder()
        old = keeper.signers()[0].vkey
        signed = (await keeper.history().history()).vkeys
        if signed and signed[0] != old:
            raise Unprocessable(say.KEY_UNUSED, code=CommandCode.KEY_UNUSED)
        await recorder.operator_act(Phase.CONFIGURATION, "rotate-signing", former=old)
        keeper.rotate_signing_key()
        return old, keeper.signers()[0].vkey

    changed = store.done(work)
    facts = {"rotated": True, "former": changed[0], "vkey": changed[1]}
    store.say(facts, f"{changed[1]}\n  thay cho / instead of {changed[0]}\n{_RESTART}")
    return 0


@rotate.command("root")
@keeps
def rotate_root(*, store: Store) -> int:
    """Wrap the keys of every period anew, under a new root key; after an interruption run it again.

    \b
    Examples:
      motlan keys rotate root --dir /var/lib/motlan
      motlan keys rotate root --config /etc/motlan/config
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    configured = keeper.settings.root_key is not None
    if configured and keeper.settings.former_root_key is None:
        words = (
            f"khóa gốc nằm trong cấu hình / the root key is configured.\n{_MAKE}\n"
            "  log.former_root_key: the secret that log.root_key names now\n"
            f"  log.root_key: the new secret\n{_RESTART}, run this command again, and take log.former_root_key out"
        )
        store.say({"rotated": False, "settings": ["log.former_root_key", "log.root_key"]}, words)
        return 1

    async def work() -> tuple[str, list[str]]:
        recorder = keeper.recorder()
        new = keeper.roots().wrapper if configured else next_root_key(keeper.state)
        old = keeper.roots().all
        former = next((one.name for one in old if one.name != new.name), "")
        await recorder.operator_act(Phase.CONFIGURATION, "rotate-root", former=former, key=new.name)
        rewrapping = Rewrapping(old, new)
        await keeper.vault().rewrap(rewrapping.wrap)
        rewrapping.check()
        if not configured:
            settle_root_key(keeper.state)
        # a month may have begun under the former key while the others were wrapped anew
        again = Rewrapping(old, new)
        await keeper.vault().rewrap(again.wrap)
        return new.name, again.unreadable

    changed, left = store.done(work)
    words = f"khóa gốc / root key: {changed}"
    if left:
        words += (
            f"\nkhông mở được khóa của / no root key opens the keys of: {', '.join(left)}\n"
            "They were left as they are: somebody altered them. Keep the former root key and look for a backup."
        )
    store.say({"rotated": True, "root": changed, "unreadable": left}, words)
    return 1 if left else 0


@rotate.command("token")
@click.option(
    "--at-once", is_flag=True, help="The old keys may be in wrong hands: no token of theirs is taken."
)
@keeps
def rotate_token(*, at_once: bool, store: Store) -> int:
    """The next key signs access tokens from now on; those that were given out are taken until they end.

    Running gateways learn it within a second, and no request fails. With --at-once, every token that was given out
    ends, and so do the keys that were published for later.

    \b
    Examples:
      motlan keys rotate token
      motlan keys rotate token --at-once --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    if store.configuration.gateway.access.signing_key is not None:
        words = (
            f"khóa nằm trong cấu hình / the token key is configured.\n{_MAKE}\n"
            "  access.former_signing_key: the secret that access.signing_key names now\n"
            "  access.signing_key: the secret that access.next_signing_key names now\n"
            f"  access.next_signing_key: the new secret\nand {_RESTART}, one after the other"
        )
        store.say({"rotated": False, "settings": ["access.signing_key"]}, words)
        return 1
    ends = (
        files_in(keeper.state).rotated_at() + store.configuration.gateway.access.token_seconds + APART_SECONDS
    )
    if not at_once and ends > keeper.now().timestamp():
        when = local_text(rfc3339(datetime.fromtimestamp(ends, UTC)))
        words = f"the tokens of the former key live until {when}: wait for it, or give --at-once"
        store.say({"rotated": False, "former_until": rfc3339(datetime.fromtimestamp(ends, UTC))}, words)
        return 1

    async def work() -> str:
        recorder, kept = keeper.recorder(), seeds_in(keeper.state)
        former = name_of(kept.current)
        if at_once:
            await recorder.operator_act(Phase.CONFIGURATION, "replace-token-keys", former=former)
            replace_all(keeper.state)
        else:
            following = name_of(kept.next or kept.current)
            await recorder.operator_act(Phase.CONFIGURATION, "rotate-token", key=following, former=former)
            rotate_keys(keeper.state)
        return name_of(seeds_in(keeper.state).current)

    kid = store.done(work)
    store.say({"rotated": True, "kid": kid}, f"kid {kid}")
    return 0


@rotate.command("login")
@click.option(
    "--at-once", is_flag=True, help="The old keys may be in wrong hands: no ID token of theirs is taken."
)
@keeps
def rotate_login(*, at_once: bool, store: Store) -> int:
    """The next keys sign ID tokens of people from now on; systems find the former ones until those tokens have ended.

    Running gateways learn it within a second. The key of the subjects of people (login-subjects.key) stays: with
    another one, systems would know nobody any more.

    \b
    Examples:
      motlan keys rotate login
      motlan keys rotate login --at-once --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    if store.configuration.gateway.access.login.signing_key is not None:
        words = (
            "khóa nằm trong cấu hình / the login keys are configured.\nMake new ones (openssl genpkey -algorithm RSA "
            "-pkeyopt rsa_keygen_bits:2048), then:\n"
            "  access.login.former_signing_key: the secret that access.login.signing_key names now\n"
            "  access.login.signing_key: the secret that access.login.next_signing_key names now\n"
            f"  access.login.next_signing_key: the new secret\nand {_RESTART}, one after the other"
        )
        store.say({"rotated": False, "settings": ["access.login.signing_key"]}, words)
        return 1
    ends = id_token_signing.files_in(keeper.state).rotated_at() + ID_TOKEN_SECONDS + APART_SECONDS
    if not at_once and ends > keeper.now().timestamp():
        when = rfc3339(datetime.fromtimestamp(ends, UTC))
        words = (
            f"the ID tokens of the former keys live until {local_text(when)}: wait for it, or give --at-once"
        )
        store.say({"rotated": False, "former_until": when}, words)
        return 1

    async def work() -> dict[str, str]:
        recorder, operation = keeper.recorder(), "replace-login-keys" if at_once else "rotate-login"
        former = id_token_signing.names_in(keeper.state).get("RS256", "")
        await recorder.operator_act(Phase.CONFIGURATION, operation, former=former)
        await asyncio.to_thread(
            id_token_signing.replace_all if at_once else id_token_signing.rotate, keeper.state
        )
        return id_token_signing.names_in(keeper.state)

    kids = store.done(work)
    store.say({"rotated": True, "kids": kids}, "\n".join(f"{one} {kid}" for one, kid in kids.items()))
    return 0


@rotate.command("document")
@keeps
def rotate_document(*, store: Store) -> int:
    """A new key for signed answers and receipts; what the old one signed is still verified, for ever.

    \b
    Examples:
      motlan keys rotate document
      motlan keys rotate document --dir /var/lib/motlan
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper
    if store.configuration.gateway.documents.signing_key is not None:
        words = (
            f"khóa nằm trong cấu hình / the document key is configured.\n{_MAKE}\n"
            "  documents.former_keys: a JWK set with the public key of now (it is in /oauth2/jwks)\n"
            f"  documents.signing_key: the new secret\nand {_RELOAD}"
        )
        settings = ["documents.former_keys", "documents.signing_key"]
        store.say({"rotated": False, "settings": settings}, words)
        return 1

    async def work() -> tuple[str, str]:
        recorder, former = keeper.recorder(), name_of(key_in(keeper.state / documents.CURRENT_FILE))
        await recorder.operator_act(Phase.CONFIGURATION, "rotate-document", former=former)
        return documents.rotate(keeper.state)

    former, kid = store.done(work)
    words = f"{kid}\n  thay cho / instead of {former}\n{_RELOAD}"
    store.say({"rotated": True, "former": former, "kid": kid}, words)
    return 0
