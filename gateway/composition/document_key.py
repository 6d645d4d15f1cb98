"""Opens the document key: from the state folder, a secret, or a key service."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import registry
from gateway.config.gateway import DocumentSettings
from gateway.documents.keys import CURRENT_FILE, FORMER_FILE, FORMER_SEED_FILE, DocumentKey, former_in
from gateway.exchange_log.embedded_keys import EmbeddedSigner
from gateway.exchange_log.key_files import key_from_text, key_in
from gateway.jose import jwk


def open_document_key(settings: DocumentSettings, root: Path, state: Path) -> DocumentKey:
    """The key, with the former public keys. Raises ConfigError.

    `root`: the configuration's folder; `state`: the folder of keys that are not in the configuration.
    """
    key = settings.signing_key
    kept = state / FORMER_FILE if key is None else None
    file = root / settings.former_keys if settings.former_keys is not None else kept
    former = former_in(file) if file is not None and (file != kept or file.exists()) else []
    if key is None and (seed_file := state / FORMER_SEED_FILE).exists():
        former.append(jwk.of(_private(key_in(seed_file)).public_key()))
    if key is not None and key.held_by is not None:
        return DocumentKey(registry.held_signer(key.held_by), held=True, former=former)
    place = "documents.signing_key"
    seed = key_in(state / CURRENT_FILE) if key is None else key_from_text(key.reveal(), place)
    return DocumentKey(EmbeddedSigner(_private(seed)), held=False, former=former)


def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
