"""A transit engine on loopback, as far as the gateway speaks with one: keys that leave it never."""

import base64
import hmac
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOKEN = "engine-token-canary"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Engine:
    """Its keys, how often each verb was asked, and how it misbehaves."""

    def __init__(self) -> None:
        self.log, self.document = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())
        self.root = os.urandom(32)
        self.asked: list[str] = []
        #: a status that every call is answered with
        self.broken = 0
        #: signs something else
        self.lies = False
        self.url = ""

    def answer(self, verb: str, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
        self.asked.append(verb)
        given = {name: base64.b64decode(value) for name, value in body.items() if name in _BYTES}
        return self._root(verb, body, given) if key == "root" else self._pair(verb, key, body, given)

    def _pair(
        self, verb: str, key: str, body: dict[str, Any], given: dict[str, bytes]
    ) -> dict[str, Any] | None:
        match verb, key:
            case "keys", "log":
                public = {"public_key": b64(self.log.public_key().public_bytes_raw())}
                return {"type": "ed25519", "latest_version": 1, "keys": {"1": public}}
            case "keys", "document":
                pem = self.document.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return {
                    "type": "ecdsa-p256",
                    "latest_version": 1,
                    "keys": {"1": {"public_key": pem.decode()}},
                }
            case "sign", "log":
                return {"signature": f"vault:v1:{b64(self.log.sign(given['input'] + b'!' * self.lies))}"}
            case "sign", "document" if body["marshaling_algorithm"] == "jws":
                r, s = decode_dss_signature(self.document.sign(given["input"], ECDSA(SHA256())))
                raw = base64.urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).rstrip(b"=")
                return {"signature": f"vault:v1:{raw.decode()}"}
        return None

    def _root(self, verb: str, body: dict[str, Any], given: dict[str, bytes]) -> dict[str, Any] | None:
        match verb:
            case "keys":
                return {"type": "aes256-gcm96", "latest_version": 1, "keys": {"1": 1_700_000_000}}
            case "encrypt":
                nonce = os.urandom(12)
                sealed = AESGCM(self.root).encrypt(nonce, given["plaintext"], given["associated_data"])
                return {"ciphertext": f"vault:v1:{b64(nonce + sealed)}"}
            case "decrypt":
                raw = base64.b64decode(body["ciphertext"].removeprefix("vault:v1:"))
                try:
                    plain = AESGCM(self.root).decrypt(raw[:12], raw[12:], given["associated_data"])
                except InvalidTag:
                    return None
                return {"plaintext": b64(plain)}
            case "hmac":
                return {"hmac": f"vault:v1:{b64(hmac.digest(self.root, given['input'], 'sha256'))}"}
        return None


_BYTES = frozenset({"input", "plaintext", "associated_data"})


@contextmanager
def engine() -> Iterator[Engine]:
    """One that runs; ended at the end."""
    held = Engine()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            *_, verb, key = self.path.split("/")
            right = self.headers["X-Vault-Token"] == TOKEN
            found = held.answer(verb, key, body) if right and not held.broken else None
            self.send_response(held.broken or (200 if found else 400 if right else 403))
            self.end_headers()
            self.wfile.write(json.dumps({"data": found}).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    held.url = f"http://127.0.0.1:{server.server_port}/v1/transit"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
