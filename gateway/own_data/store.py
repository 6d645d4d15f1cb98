"""Own data: values that a citizen gave once, kept by consent and reused: AES-256-GCM under a key per consent.

The key belongs to one person and one consent. The key of its period wraps it, the root key wraps that: it is erased
with the consent, the period or the root. Own data are never official evidence: each answer says who declared it, when,
and until when it is valid.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.consents.grantable import KEPT
from gateway.consents.sealing import PersonKeys, index_of
from gateway.consents.service import named
from gateway.domain.dates import rfc3339
from gateway.domain.sentences import Sentence
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.own_data.values import Values
from gateway.ports.consents import ConsentRow, Own, OwnDataKey, OwnDataRows, OwnDataValue

_KEY = 32


class OwnStore:
    """Implements gateway.ports.consents.KeptCopies, and writes own data."""

    def __init__(
        self, rows: OwnDataRows, person_keys: PersonKeys, days: Mapping[str, int], values: Values
    ) -> None:
        """`days`: attribute -> days for which a declared value is valid; other attributes are not kept."""
        self._rows = rows
        self._person_keys = person_keys
        self._days = days
        self._values = values

    def why_not(self, attribute: str, value: object) -> Sentence | None:
        """Why a value cannot be kept, without quoting it; None when it can."""
        return self._values.why_not(attribute, value)

    def keepable(self, consent: ConsentRow) -> frozenset[str]:
        """The attributes that the consent lets be kept here."""
        return named(consent).get(KEPT, frozenset()) & self._days.keys()

    async def keep(
        self, consent: ConsentRow, person: str, values: Mapping[str, object], now: datetime
    ) -> dict[str, str]:
        """Keep values that the consent names; attribute -> until when. Raises ConsentsUnavailable, LogUnavailable."""
        allowed = self.keepable(consent)
        wanted = {
            name: value for name, value in values.items() if name in allowed and not self.why_not(name, value)
        }
        keys = await self._person_keys.of(consent.period) if wanted else None
        if keys is None:
            return {}
        new = OwnDataKey(consent.id, consent.period, index_of(keys, person), consent.requester, b"")
        new = new._replace(wrapped=seal(keys.encryption, os.urandom(_KEY), _key_binding(new)))
        stored_key = await self._rows.key(new, now.timestamp())
        key = None if stored_key is None else _key(keys, stored_key)
        if key is None:
            return {}
        kept = [self._value(key, consent, name, value, now) for name, value in wanted.items()]
        await self._rows.put(kept)
        return {one.attribute: rfc3339(_moment(one.until)) for one in kept}

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        """Attribute -> newest value; values that do not fit the current schema are left out."""
        persons = await self._person_keys.indexes(person)
        found: dict[str, Own] = {}
        opened: dict[str, AESGCM | None] = {}
        for stored_key, value in await self._rows.of(persons, requester, now.timestamp()):
            if stored_key.consent not in opened:
                keys = await self._person_keys.of(stored_key.period)
                opened[stored_key.consent] = None if keys is None else _key(keys, stored_key)
            key = opened[stored_key.consent]
            plain = (
                None
                if key is None
                else unseal(key, value.sealed, _value_binding(value.consent, value.attribute))
            )
            if plain is not None and value.attribute not in found:
                declared: Any = orjson.loads(plain)
                if not self.why_not(value.attribute, declared):
                    times = (_moment(value.given), _moment(value.until))
                    found[value.attribute] = Own(declared, *times, value.consent)
        return found

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """See gateway.ports.consents.KeptCopies."""
        return await self._person_keys.indexes(person)

    def _value(
        self, key: AESGCM, consent: ConsentRow, name: str, value: object, now: datetime
    ) -> OwnDataValue:
        until = min((now + timedelta(days=self._days[name])).timestamp(), consent.expires)
        sealed = seal(key, orjson.dumps(value), _value_binding(consent.id, name))
        return OwnDataValue(consent.id, name, now.timestamp(), until, sealed)


def _key(keys: PeriodKeys, stored_key: OwnDataKey) -> AESGCM | None:
    plain = unseal(keys.encryption, stored_key.wrapped, _key_binding(stored_key))
    return None if plain is None else AESGCM(plain)


def _key_binding(stored_key: OwnDataKey) -> bytes:
    """Associated data of a key: a key moved to another person in the database opens nothing."""
    return f"own_data_key|{stored_key.consent}|{stored_key.person.hex()}|{stored_key.requester}".encode()


def _value_binding(consent: str, attribute: str) -> bytes:
    return f"own_data|{consent}|{attribute}".encode()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
