"""The key that signs checkpoints: Ed25519, held elsewhere, from the configuration or kept in the state folder.

Several machines that share one database must be given one key by configuration: the sequencer refuses to sign a
log that another key has signed.
"""

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.errors import ConfigError, Problem
from gateway.exchange_log.durable import replace_file
from gateway.exchange_log.embedded_keys import EmbeddedSigner
from gateway.exchange_log.key_files import SIGNING_FILE, key_from_text, key_in, new_key_text
from gateway.exchange_log.note import NoteBroken, NoteSigner
from gateway.ports.keys import ED25519, Signer

_FORMER_FILE = "exchange-log-signing-former.key"


def signing_key(folder: Path, text: str | None) -> Ed25519PrivateKey:
    """The key from its seed, 32 bytes in base64; without a text, one kept in `folder` (mode 0600, made there).

    Of processes that start together one makes the key and all use it. ConfigError when it cannot be had.
    """
    if text is not None:
        seed = key_from_text(text, "log.signing_key", "signing key")
        return Ed25519PrivateKey.from_private_bytes(seed)
    return Ed25519PrivateKey.from_private_bytes(key_in(folder / SIGNING_FILE))


def open_signers(
    state_dir: Path, origin: str, keys: Sequence[Signer | str | None] = (None,)
) -> list[NoteSigner]:
    """Signers of the log `origin`: the key in use, then the former one if there is one.

    `keys` are those of the configuration, as texts or held elsewhere; a key that is None is that of the state folder,
    with its former one. ConfigError for keys that cannot be had, or an origin that cannot be in a signature.
    """
    signers = [_signer(state_dir, key) for key in keys]
    former = state_dir / _FORMER_FILE
    if tuple(keys) == (None,) and former.exists():
        signers.append(EmbeddedSigner(Ed25519PrivateKey.from_private_bytes(key_in(former))))
    if any(one.algorithm != ED25519 for one in signers):
        what, remedy = "the key that signs checkpoints is not Ed25519", "name a key of that kind"
        raise ConfigError([Problem("log.signing_key", 0, what, remedy)])
    try:
        return [NoteSigner(origin, one) for one in signers]
    except NoteBroken:
        what, remedy = "the origin cannot be in a signature", "leave out spaces and plus signs"
        raise ConfigError([Problem("log.origin", 0, what, remedy)]) from None


def _signer(folder: Path, key: Signer | str | None) -> Signer:
    return EmbeddedSigner(signing_key(folder, key)) if key is None or isinstance(key, str) else key


def rotate_signing_key(folder: Path) -> None:
    """A new key in the state folder; the one in use becomes the former one. OSError when the folder refuses.

    Two steps, each whole or not at all: first the old key has two names, then the new one takes its place.
    """
    signing_key(folder, None)
    replace_file(folder / _FORMER_FILE, (folder / SIGNING_FILE).read_bytes())
    replace_file(folder / SIGNING_FILE, new_key_text())
