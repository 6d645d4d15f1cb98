"""Lies of the simulated identity providers (RFC 9700; OpenID Connect Core 1.0, 3.1.3.7): what must be refused.

Promises: a lie goes to one client or to all, a number of times or until it is taken away; one lie at each place.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Self


class LiePlace(Enum):
    """Where a lie is sent."""

    RESPONSE = "authorization response"
    TOKEN = "token endpoint"
    ID_TOKEN = "ID token"
    USERINFO = "userinfo endpoint"
    SEALED = "encrypted answer of VNeID"
    KEYS = "published keys"
    DISCOVERY = "discovery"
    LOGOUT = "logout token"


# the list below is a table
# fmt: off
class Lie(StrEnum):
    """A lie, where it is sent, and what is wrong with it."""

    place: LiePlace
    en: str

    def __new__(cls, code: str, place: LiePlace = LiePlace.ID_TOKEN, en: str = "") -> Self:
        """A lie with its place and text."""
        member = str.__new__(cls, code)
        member._value_, member.place, member.en = code, place, en
        return member

    WRONG_ISS_RESPONSE = "wrong_iss_response", LiePlace.RESPONSE, "`iss` of another provider (mix-up, RFC 9207)"
    MISSING_ISS_RESPONSE = "missing_iss_response", LiePlace.RESPONSE, "no `iss`, though discovery promises it"
    WRONG_STATE = "wrong_state", LiePlace.RESPONSE, "`state` of nobody"
    MISSING_STATE = "missing_state", LiePlace.RESPONSE, "no `state`"
    DOUBLED_CODE = "doubled_code", LiePlace.RESPONSE, "two different `code`"
    DOUBLED_STATE = "doubled_state", LiePlace.RESPONSE, "two different `state`, the right one last"
    CODE_AND_ERROR = "code_and_error", LiePlace.RESPONSE, "a good `code`, and an `error`"
    CODE_OF_OTHER_CLIENT = "code_of_other_client", LiePlace.RESPONSE, "a code that belongs to another client"
    CODE_OF_OTHER_LOGIN = "code_of_other_login", LiePlace.RESPONSE, "a code of another person's login (code injection)"
    SERVER_ERROR = "server_error", LiePlace.RESPONSE, "`error=server_error`, with markup in `error_description`"

    CODE_TWICE = "code_twice", LiePlace.TOKEN, "a used code is answered again"
    TOKEN_SLOW = "token_slow", LiePlace.TOKEN, "answers after 5 seconds (`seconds`)"
    TOKEN_500 = "token_500", LiePlace.TOKEN, "status 500"
    TOKEN_HTML = "token_html", LiePlace.TOKEN, "a log-in page with status 200"
    TOKEN_EMPTY = "token_empty", LiePlace.TOKEN, "status 200 without a body"
    TOKEN_REDIRECT = "token_redirect", LiePlace.TOKEN, "302 to another address"
    TOKEN_HUGE = "token_huge", LiePlace.TOKEN, "a valid answer of eight megabytes"
    TOKEN_TYPE = "token_type", LiePlace.TOKEN, "`token_type` is `mac`"
    MISSING_ID_TOKEN = "missing_id_token", LiePlace.TOKEN, "no ID token"
    MISSING_ACCESS_TOKEN = "missing_access_token", LiePlace.TOKEN, "no access token"
    ACCESS_TOKEN_AS_ID_TOKEN = "access_token_as_id_token", LiePlace.TOKEN, "an access token (`typ: at+jwt`) as ID token"
    ID_TOKEN_AS_ACCESS_TOKEN = "id_token_as_access_token", LiePlace.TOKEN, "the ID token as access token"
    LOGOUT_TOKEN_AS_ID_TOKEN = "logout_token_as_id_token", LiePlace.TOKEN, "a logout token as ID token"

    WRONG_NONCE = "wrong_nonce", LiePlace.ID_TOKEN, "`nonce` of another login"
    MISSING_NONCE = "missing_nonce", LiePlace.ID_TOKEN, "no `nonce`"
    WRONG_AUD = "wrong_aud", LiePlace.ID_TOKEN, "`aud` is another client"
    MORE_AUD = "more_aud", LiePlace.ID_TOKEN, "two `aud`, and `azp` is the other"
    MISSING_AUD = "missing_aud", LiePlace.ID_TOKEN, "no `aud`"
    WRONG_ISS = "wrong_iss", LiePlace.ID_TOKEN, "`iss` is another provider"
    ISS_WITH_SLASH = "iss_with_slash", LiePlace.ID_TOKEN, "`iss` with one more slash"
    EXPIRED = "expired", LiePlace.ID_TOKEN, "`exp` was an hour ago"
    MISSING_EXP = "missing_exp", LiePlace.ID_TOKEN, "no `exp`"
    EXP_AS_TEXT = "exp_as_text", LiePlace.ID_TOKEN, "`exp` is a text"
    NOT_YET_VALID = "not_yet_valid", LiePlace.ID_TOKEN, "`nbf` and `iat` are in an hour"
    OLD_AUTHENTICATION = "old_authentication", LiePlace.ID_TOKEN, "`auth_time` was a week ago"
    MISSING_SUB = "missing_sub", LiePlace.ID_TOKEN, "no `sub`"
    WRONG_AT_HASH = "wrong_at_hash", LiePlace.ID_TOKEN, "`at_hash` of another access token"
    ALG_NONE = "alg_none", LiePlace.ID_TOKEN, "`alg: none`, no signature"
    ALG_NONE_SIGNED = "alg_none_signed", LiePlace.ID_TOKEN, "`alg: nOnE`, with a signature"
    STRIPPED = "stripped", LiePlace.ID_TOKEN, "the signature is left out"
    BROKEN_SIGNATURE = "broken_signature", LiePlace.ID_TOKEN, "one bit of the signature is another"
    CHANGED_CLAIM = "changed_claim", LiePlace.ID_TOKEN, "`sub` was changed after it was signed"
    HS256_PUBLIC_KEY = "hs256_public_key", LiePlace.ID_TOKEN, "HS256 with the published key as secret"
    HS256_CLIENT_SECRET = "hs256_client_secret", LiePlace.ID_TOKEN, "HS256 with the client's secret"
    OTHER_ALGORITHM = "other_algorithm", LiePlace.ID_TOKEN, "RS512 by the right key, which nobody agreed on"
    OTHER_KEY = "other_key", LiePlace.ID_TOKEN, "a stranger's signature under the right `kid`"
    UNKNOWN_KID = "unknown_kid", LiePlace.ID_TOKEN, "a stranger's signature under an unknown `kid`"
    KID_PATH = "kid_path", LiePlace.ID_TOKEN, "a stranger's signature, `kid` is a path and SQL"
    EMBEDDED_JWK = "embedded_jwk", LiePlace.ID_TOKEN, "a stranger's signature, with the key in `jwk`"
    JKU = "jku", LiePlace.ID_TOKEN, "a stranger's signature, with the keys at `jku`"
    X5U = "x5u", LiePlace.ID_TOKEN, "a stranger's signature, with the certificate at `x5u`"
    X5C = "x5c", LiePlace.ID_TOKEN, "a stranger's signature, with a certificate in `x5c`"
    CRIT = "crit", LiePlace.ID_TOKEN, "a critical header that nobody knows (RFC 7515, 4.1.11)"
    DUPLICATE_CLAIMS = "duplicate_claims", LiePlace.ID_TOKEN, "`sub` stands twice"
    DUPLICATE_HEADER = "duplicate_header", LiePlace.ID_TOKEN, "`alg` stands twice"
    ENCODED_TWICE = "encoded_twice", LiePlace.ID_TOKEN, "not canonical Base64url"
    JSON_SERIALIZATION = "json_serialization", LiePlace.ID_TOKEN, "the JSON form of RFC 7515, 7.2"

    OTHER_SUB = "other_sub", LiePlace.USERINFO, "`sub` is not that of the ID token"
    NO_SUB = "no_sub", LiePlace.USERINFO, "no `sub`"
    DUPLICATE_NUMBER = "duplicate_number", LiePlace.USERINFO, "`SoDinhDanh` (`citizenPid`) stands twice"
    NUMBER_FORMAT = "number_format", LiePlace.USERINFO, "the number has full-width digits"
    NO_LEVEL = "no_level", LiePlace.USERINFO, "no assurance level"
    UNKNOWN_LEVEL = "unknown_level", LiePlace.USERINFO, "an assurance level of 9"
    USERINFO_401 = "userinfo_401", LiePlace.USERINFO, "status 401"
    USERINFO_500 = "userinfo_500", LiePlace.USERINFO, "status 500"
    USERINFO_HTML = "userinfo_html", LiePlace.USERINFO, "a log-in page with status 200"
    USERINFO_SLOW = "userinfo_slow", LiePlace.USERINFO, "answers after 5 seconds (`seconds`)"
    USERINFO_HUGE = "userinfo_huge", LiePlace.USERINFO, "a valid answer of eight megabytes"

    KEY_CANNOT_BE_OPENED = "key_cannot_be_opened", LiePlace.SEALED, "`key` is encrypted for somebody else"
    DATA_TRUNCATED = "data_truncated", LiePlace.SEALED, "half of `data`"
    DATA_TAMPERED = "data_tampered", LiePlace.SEALED, "one bit of `data` is another"
    NOT_SEALED = "not_sealed", LiePlace.SEALED, "plain JSON, which was not encrypted"
    SHORT_KEY = "short_key", LiePlace.SEALED, "`key` holds 5 bytes"

    KEYS_500 = "keys_500", LiePlace.KEYS, "status 500"
    KEYS_EMPTY = "keys_empty", LiePlace.KEYS, "no keys"
    DISCOVERY_WRONG_ISSUER = "discovery_wrong_issuer", LiePlace.DISCOVERY, "another issuer"

    LOGOUT_NONCE = "logout_nonce", LiePlace.LOGOUT, "with a `nonce`, which is forbidden"
    LOGOUT_NO_EVENTS = "logout_no_events", LiePlace.LOGOUT, "no `events`"
    LOGOUT_WRONG_AUD = "logout_wrong_aud", LiePlace.LOGOUT, "`aud` is another client"
    LOGOUT_EXPIRED = "logout_expired", LiePlace.LOGOUT, "`iat` and `exp` were yesterday"
    LOGOUT_OTHER_KEY = "logout_other_key", LiePlace.LOGOUT, "a stranger's signature under the right `kid`"
    LOGOUT_ALG_NONE = "logout_alg_none", LiePlace.LOGOUT, "`alg: none`, no signature"
    LOGOUT_NOBODY = "logout_nobody", LiePlace.LOGOUT, "neither `sub` nor `sid`"
    ID_TOKEN_AS_LOGOUT_TOKEN = "id_token_as_logout_token", LiePlace.LOGOUT, "the ID token of the session"
# fmt: on


@dataclass(slots=True, kw_only=True)
class LieRule:
    """A lie in force. Blank `provider`, `client`: any. No `count`: until it is taken away."""

    lie: Lie
    provider: str = ""
    client: str = ""
    count: int | None = None
    #: of lies that are slow
    seconds: float = 5.0


class Lies:
    """The lies in force at one sandbox."""

    def __init__(self) -> None:
        """None at first."""
        self._rules: list[LieRule] = []

    def add(self, rule: LieRule) -> None:
        """Put a lie in force; the newest at a place wins."""
        self._rules.insert(0, rule)

    def clear(self) -> None:
        """Tell the truth again."""
        self._rules.clear()

    def take(self, place: LiePlace, provider: str, client: str) -> LieRule | None:
        """The lie to tell here, used up once."""
        for rule in self._rules:
            if rule.lie.place is place and rule.provider in {"", provider} and rule.client in {"", client}:
                if rule.count is not None:
                    rule.count -= 1
                    if rule.count <= 0:
                        self._rules.remove(rule)
                return rule
        return None
