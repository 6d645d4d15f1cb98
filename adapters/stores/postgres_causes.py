"""Why PostgreSQL refused, by the class of its SQLSTATE (PostgreSQL manual, appendix A), with what to do about it.

PostgreSQL's own text is never repeated: it can quote values and addresses.
"""

import ssl
from types import MappingProxyType
from typing import Final

from gateway.domain import sentences as say
from gateway.domain.errors import GatewayError
from gateway.domain.sentences import Sentence
from gateway.telemetry import log

#: the first release of PostgreSQL that has all that our schema and statements use
OLDEST_POSTGRES: Final = 16

#: states that callers know as well
RIGHT_MISSING: Final = "42501"
LOCK_NOT_AVAILABLE: Final = "55P03"

#: whole states first, then classes (their first two characters)
_CAUSES: Final = MappingProxyType(
    {
        "25006": say.DATABASE_READ_ONLY,
        "28": say.DATABASE_LOGIN_REFUSED,
        "3D": say.DATABASE_NAME_UNKNOWN,
        "3F": say.DATABASE_SCHEMA_OTHER,
        "40": say.DATABASE_LOCKED,
        RIGHT_MISSING: say.DATABASE_RIGHT_MISSING,
        **dict.fromkeys(("42P01", "42703", "42704", "42883"), say.DATABASE_SCHEMA_OTHER),
        "53100": say.DISK_FULL,
        "53200": say.DATABASE_MEMORY_FULL,
        "53300": say.DATABASE_CONNECTIONS_FULL,
        "53400": say.DATABASE_LIMIT_REACHED,
        LOCK_NOT_AVAILABLE: say.DATABASE_LOCKED,
        "57014": say.DATABASE_LATE,
        "57": say.DATABASE_STOPPING,
        "58": say.DISK_ERROR,
        "08": say.DATABASE_UNREACHABLE,
        "XX001": say.DATABASE_DAMAGED,
        "XX002": say.DATABASE_DAMAGED,
    }
)
#: the narrower class first
_OF_NETWORK: Final = (
    (TimeoutError, say.DATABASE_LATE),
    (ssl.SSLError, say.DATABASE_TLS_FAILED),
    (OSError, say.DATABASE_UNREACHABLE),
)
#: what the driver raises by itself; it is an extra, so its classes are known by name here
_WITHOUT_STATE: Final = MappingProxyType(
    {
        "ClientConfigurationError": say.DATABASE_ADDRESS_WRONG,
        "TargetServerAttributeNotMatched": say.DATABASE_READ_ONLY,
    }
)
#: our triggers refuse with the state of a missing right, which no grant would mend
_TRIGGERS_SAY: Final = "is append-only"


def reason_of(error: BaseException, otherwise: Sentence = say.DATABASE_TAKES_NOTHING) -> Sentence:
    """The cause and the remedy; `otherwise` when neither the driver nor the server names one.

    The type of an error that is neither's, so of a fault of ours, goes into the operations log.
    """
    if isinstance(error, GatewayError):
        return error.sentence or otherwise
    for kind, sentence in _OF_NETWORK:
        if isinstance(error, kind):
            return sentence
    state = getattr(error, "sqlstate", None) or ""
    if not state:
        known = _WITHOUT_STATE.get(type(error).__name__)
        if known is None:  # a fault of the gateway or of the driver: only its type may be shown
            log().error("store.failed", error=type(error).__name__)
        return known or otherwise
    if state == RIGHT_MISSING and str(error).endswith(_TRIGGERS_SAY):
        return otherwise
    return _CAUSES.get(state) or _CAUSES.get(state[:2]) or say.WITH_SQLSTATE(what=otherwise, state=state)
