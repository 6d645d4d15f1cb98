"""What a signed answer costs (BENCHMARKS, row "signed answer"): an SD-JWT over 60 fields and four pieces of evidence.

python -m tests.bench.seal
"""

import json
import os
import statistics
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.documents.keys import DocumentKey
from gateway.domain.identifiers import RequesterId
from gateway.domain.parties import Requester
from gateway.exchange_log.embedded_keys import EmbeddedSigner
from gateway.prefill.sealing import Sealer

_ROUNDS = 5
_TIMES = 2_000
_FIELDS = 60
_SOURCES = 4


def main() -> None:
    """Print the median of the rounds in microseconds of the processor, then one JSON line."""
    signer = EmbeddedSigner(Ed25519PrivateKey.generate())
    sealer = Sealer(DocumentKey(signer, held=False), 30)
    asker = Requester(id=RequesterId("portal"), name="portal", scopes=frozenset())
    answer, now = _answer(), datetime.now(UTC)
    found, signing = [], []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_TIMES):
            _done(sealer.passport(answer, asker, "https://motlan.example", now))
        found.append((time.process_time() - began) / _TIMES * 1e6)
        began = time.process_time()
        for _ in range(_TIMES):
            signer.sign(b"x" * 4_000)
        signing.append((time.process_time() - began) / _TIMES * 1e6)
    figures = {"sd_jwt_60_us": statistics.median(found), "of_these_signature_us": statistics.median(signing)}
    for name, figure in figures.items():
        print(f"{name:30}{figure:9.1f}")
    print(json.dumps({"bench": "seal", "cpus": os.cpu_count(), "figures": figures}))


def _done(work: Coroutine[object, object, str | None]) -> str | None:
    """What it gives; with a key in this process it never waits."""
    try:
        work.send(None)
    except StopIteration as ended:
        value: str | None = ended.value
        return value
    raise RuntimeError("it waited")


def _answer() -> Any:
    evidence = {
        f"e{n}": {
            "source": "population", "data_service": "TraCuuThongTinCongDan", "provider": "Bộ Công an",
            "subject": "person", "sandbox": True, "mark": "seen", "fetched_at": "2026-11-26T00:00:00.000Z",
            "source_updated_at": None, "valid_until": "2026-11-26T00:15:00.000Z",
            "legal_basis": "Nghị định 107/2021/NĐ-CP", "agreement": "portal", "published_scope": "population-2026",
        }
        for n in range(1, _SOURCES + 1)
    }  # fmt: skip
    fields = {
        f"nxnTruong{n}": {
            "state": "filled", "value": f"Giá trị của trường {n}", "evidence": f"e{n % _SOURCES + 1}",
            "attribute": "person.full_name", "editable": False, "doubt": None,
        }
        for n in range(_FIELDS)
    }  # fmt: skip
    return {
        "exchange_id": "01KB0000000000000000000000", "fields": fields, "evidence": evidence,
        "procedure": {"code": "1.004873", "mapping_version": "2026-11-1"},
        "receipt": {"leaf_hash": "b1" * 32, "log": "motlan.example/exchange-log"},
    }  # fmt: skip


if __name__ == "__main__":
    main()
