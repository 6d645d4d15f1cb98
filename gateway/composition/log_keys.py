"""Opens the keys of a log: from the state folder, a secret, or a key service."""

import asyncio
from pathlib import Path
from typing import Final

from gateway import registry
from gateway.config.gateway import LogSettings
from gateway.config.values import SecretKey
from gateway.domain.errors import ConfigError, KeyUnavailable, LogUnavailable, Problem
from gateway.exchange_log.key_files import ROOT_FILE, SIGNING_FILE, root_key_from_text
from gateway.exchange_log.keys import Root, RootKeys, root_keys_in
from gateway.exchange_log.note import NoteSigner
from gateway.ports.exchange_log import LogMarks
from gateway.ports.keys import Signer

_ASK_SECONDS = 5.0
_SETTINGS: Final = {ROOT_FILE: "log.root_key", SIGNING_FILE: "log.signing_key"}


def root_keys(settings: LogSettings, state: Path) -> RootKeys:
    """The wrapping key, then the former one during a rotation. Raises ConfigError."""
    if settings.root_key is None:
        return root_keys_in(state)
    given = [settings.root_key, *([settings.former_root_key] if settings.former_root_key else [])]
    return RootKeys([_root(one) for one in given])


def signing_keys(settings: LogSettings) -> list[Signer | str | None]:
    """The signing key and the former one: a held key, a text, or None for the key of the state folder."""
    given = [settings.signing_key, settings.former_signing_key][: 1 + bool(settings.former_signing_key)]
    return [None if one is None else _signing(one) for one in given]


async def check_keys(settings: LogSettings, state: Path) -> None:
    """Raises ConfigError if a log exists but its keys do not: new keys would make receipts useless.

    If the log cannot be read, existing keys are accepted; without keys this raises too.
    """
    given = {ROOT_FILE: settings.root_key, SIGNING_FILE: settings.signing_key}
    lacking = [name for name, key in given.items() if key is None and not (state / name).exists()]
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            marks: LogMarks = await registry.store(settings.url, "log_marks")(settings.url, state)
    except (LogUnavailable, TimeoutError):
        if not lacking:
            return
        what = "the log cannot be asked whether it has keys already, and none are here"
        problems = [
            Problem(str(state / name), 0, what, f"start the database of log.url, or {_restore(name)}")
            for name in lacking
        ]
        raise ConfigError(problems) from None
    stands = {ROOT_FILE: marks.sealed, SIGNING_FILE: bool(marks.signed_by)}
    what = "the key file is missing, and there is a log that began with it"
    gone = [Problem(str(state / name), 0, what, _restore(name)) for name in lacking if stands[name]]
    if gone:
        raise ConfigError(gone)
    if marks.signed_by:
        _check_signer(settings, state, marks.signed_by)


def _check_signer(settings: LogSettings, state: Path, signed_by: str) -> None:
    open_signers = registry.store(settings.url, "open_signers")
    signers: list[NoteSigner] = open_signers(state, settings.origin, signing_keys(settings))
    if signed_by not in {one.vkey for one in signers}:
        what = f"the log is signed by another key or under another name: {signed_by}"
        remedy = f"{_restore(SIGNING_FILE)}; while keys are changed, set log.former_signing_key as well"
        raise ConfigError([Problem("log.signing_key", 0, what, remedy)])


def _restore(name: str) -> str:
    return f"restore {name} from your backup, or set {_SETTINGS[name]} to its content"


async def derived(roots: RootKeys, label: bytes) -> bytes:
    """A secret shared by all processes with this root key (32 bytes). Raises ConfigError."""
    try:
        return await asyncio.to_thread(roots.wrapper.derive, label)
    except KeyUnavailable as error:
        what, remedy = f"the root key cannot be used: {error.detail}", "check the key service that holds it"
        raise ConfigError([Problem("log.root_key", 0, what, remedy)]) from None


def _root(key: SecretKey) -> Root:
    return root_key_from_text(key.reveal()) if key.held_by is None else registry.held_root(key.held_by)


def _signing(key: SecretKey) -> Signer | str:
    return key.reveal() if key.held_by is None else registry.held_signer(key.held_by)
