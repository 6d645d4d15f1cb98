"""Subjects of people towards systems (OpenID Connect Core 1.0, 8): keyed digests, which reveal no number.

The key must outlive all rotations of others: with another key every system would see strangers. It has its own file in
the state folder, or `access.login.subject_key` where several machines serve.
"""

import hmac
from collections.abc import Callable

from gateway.domain.login import Identity
from gateway.domain.parties import Subject
from gateway.jose.jws import encoded
from gateway.login.clients import LoginClient
from gateway.login.linking import known_as, linked

KEY_FILE = "login-subjects.key"


class Subjects:
    """Names people for one system at a time."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._digest: Callable[[str], bytes] = lambda text: hmac.digest(key, text.encode(), "sha256")

    def of_login(self, client: LoginClient, identity: Identity) -> str:
        """`sub` of the one who signed in: the same at each login, and under `pairwise` another in each sector."""
        return self._named(client, known_as(identity))

    def of_represented(self, client: LoginClient, represented: Subject) -> str:
        """`sub` of the one for whom somebody acts; of a person the same as at their own login."""
        return self._named(client, represented.key)

    def _named(self, client: LoginClient, person: str) -> str:
        sector = client.sector if client.settings.subject == "pairwise" else "public"
        return encoded(self._digest(f"subject\0{sector}\0{person}"))

    def refresh_secret(self, seed: str, generation: int) -> str:
        """The secret part of a refresh token: random to all who do not have the key and the grant."""
        return encoded(self._digest(f"refresh\0{seed}\0{generation}"))


def person_of(identity: Identity) -> str:
    """`Subject.key` of the person or organisation of an account, for records; blank: it names nobody."""
    party = linked(identity)
    return "" if party is None else party.key
