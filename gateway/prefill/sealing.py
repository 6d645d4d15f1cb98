"""The signed form of an answer (SD-JWT, RFC 9901): its claims, and what it is bound to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.documents.keys import DocumentKey
from gateway.documents.sd_jwt import seal
from gateway.domain.errors import KeyUnavailable
from gateway.domain.parties import Requester
from gateway.mapping.answer import EvidenceEntry, PrefillAnswer
from gateway.telemetry import log


@dataclass(frozen=True, slots=True)
class Sealer:
    """Signs answers, from plain data."""

    key: DocumentKey
    #: number of days for which a signed answer is valid
    days: int

    async def passport(
        self, answer: PrefillAnswer, requester: Requester, issuer: str, now: datetime
    ) -> str | None:
        """The SD-JWT of an answer; None when the key is unavailable: the form is answered unsigned.

        It has the filled fields and each evidence entry that they name once; disputed and typed values are left out.
        """
        procedure = answer["procedure"]
        claims = {
            "iss": issuer,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(days=self.days)).timestamp()),
            "jti": answer["exchange_id"],
            "requester": requester.id,
            "procedure": {"code": procedure["code"], "mapping_version": procedure["mapping_version"]},
            "receipt": answer["receipt"],
        }
        fields, evidence = disclosed(answer)
        key = self.key
        try:
            return await seal(
                claims, {"fields": fields, "evidence": evidence}, key.kid, key.algorithm, key.sign
            )
        except KeyUnavailable:
            log().warning("prefill.passport.unsigned", exchange_id=answer["exchange_id"])
            return None


def disclosed(answer: PrefillAnswer) -> tuple[dict[str, object], dict[str, object]]:
    """The claims of each field and of each evidence entry that fields name."""
    known = answer["evidence"]
    fields: dict[str, object] = {}
    evidence: dict[str, object] = {}
    for key, entry in answer["fields"].items():
        if entry["state"] != "filled":
            continue
        source = entry["evidence"]
        claim: dict[str, object] = {
            "value": entry["value"],
            "evidence": source,
            "attribute": entry["attribute"],
        }
        if entry["doubt"] is not None:
            claim["doubt"] = entry["doubt"]["kind"]
        fields[key] = claim
        if source is not None and source in known:
            evidence[source] = known[source]
            claim |= _whose_word(known[source], entry["attribute"] or "")
    return fields, evidence


def _whose_word(evidence: EvidenceEntry, attribute: str) -> dict[str, object]:
    """Claims about the source of a field that is disclosed alone: declared data never look official."""
    entry: dict[str, object] = {"source": evidence["source"]}
    if evidence.get("self_declared"):
        declared = evidence["declared"][attribute.partition(".")[2]]
        entry |= {
            "self_declared": True,
            "given_at": declared["given_at"],
            "valid_until": declared["valid_until"],
        }
    return entry
