"""The keys of a log, each from where its setting says: the state folder, a secret, or somebody who holds it."""

import asyncio
from pathlib import Path

from gateway import registry
from gateway.domain.errors import ConfigError, KeyUnavailable, Problem
from gateway.exchange_log.key_files import root_key_from_text
from gateway.exchange_log.keys import Root, RootKeys, root_keys_in
from gateway.ports_keys import Signer
from gateway.settings import Key, LogSettings


def root_keys(settings: LogSettings, state: Path) -> RootKeys:
    """The key that wraps first, then the former one while it is changed. ConfigError when one cannot be had."""
    if settings.root_key is None:
        return root_keys_in(state)
    given = [settings.root_key, *([settings.former_root_key] if settings.former_root_key else [])]
    return RootKeys([_root(one) for one in given])


def signing_keys(settings: LogSettings) -> list[Signer | str | None]:
    """The signing key and the former one: held elsewhere, as a text, or None for that of the state folder."""
    given = [settings.signing_key, settings.former_signing_key][: 1 + bool(settings.former_signing_key)]
    return [None if one is None else _signing(one) for one in given]


async def derived(roots: RootKeys, label: bytes) -> bytes:
    """A secret that all processes under this root key share (32 bytes); ConfigError when the key cannot be used."""
    try:
        return await asyncio.to_thread(roots.wrapper.derive, label)
    except KeyUnavailable as error:
        what, remedy = f"the root key cannot be used: {error.detail}", "see to whoever holds it"
        raise ConfigError([Problem("log.root_key", 0, what, remedy)]) from None


def _root(key: Key) -> Root:
    return root_key_from_text(key.reveal()) if key.held_by is None else registry.held_root(key.held_by)


def _signing(key: Key) -> Signer | str:
    return key.reveal() if key.held_by is None else registry.held_signer(key.held_by)
