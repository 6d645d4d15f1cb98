"""The root keys of a log: those of its configuration, else those of the state folder."""

from pathlib import Path

from gateway.exchange_log.key_files import root_key_from_text
from gateway.exchange_log.keys import RootKeys, root_keys_in
from gateway.settings import LogSettings


def root_keys(settings: LogSettings, state: Path) -> RootKeys:
    """The key that wraps first, then the former one while it is changed. ConfigError when one cannot be had."""
    if settings.root_key is None:
        return root_keys_in(state)
    given = [settings.root_key, *([settings.former_root_key] if settings.former_root_key else [])]
    return RootKeys([root_key_from_text(one.reveal()) for one in given])


def signing_texts(settings: LogSettings) -> list[str | None]:
    """The signing key and the former one as the configuration has them; None for that of the state folder."""
    given = [settings.signing_key, settings.former_signing_key][: 1 + bool(settings.former_signing_key)]
    return [None if one is None else one.reveal() for one in given]
