"""Words of the pages of logins: what an end without a person means, and what one can do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.login import LoginReason
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence


class ReasonWords(NamedTuple):
    """What a reason means for the person, and the word on the one button."""

    meaning: Sentence
    button: Sentence


# the tables below are tables
# fmt: off
_AGAIN = say.SIGN_IN_AGAIN
_OTHER = say.SIGN_IN_OTHERWISE
_RETRY = say.TRY_AGAIN

ANSWERS_TO: Mapping[LoginReason, ReasonWords] = MappingProxyType({
    LoginReason.EXPIRED: ReasonWords(say.ENDED_EXPIRED, _AGAIN),
    LoginReason.UNKNOWN_STATE: ReasonWords(say.ENDED_UNKNOWN_STATE, _AGAIN),
    LoginReason.OTHER_BROWSER: ReasonWords(say.ENDED_OTHER_BROWSER,
        _AGAIN),
    LoginReason.NO_COOKIES: ReasonWords(say.ENDED_NO_COOKIES, _AGAIN),
    LoginReason.CANCELLED: ReasonWords(say.ENDED_CANCELLED, _AGAIN),
    LoginReason.PROVIDER_REFUSED: ReasonWords(say.ENDED_PROVIDER_REFUSED, _AGAIN),
    LoginReason.PROVIDER_UNAVAILABLE: ReasonWords(say.ENDED_PROVIDER_UNAVAILABLE, _RETRY),
    LoginReason.ANSWER_INVALID: ReasonWords(say.ENDED_ANSWER_INVALID, _RETRY),
    LoginReason.CLOCK_DIFFERS: ReasonWords(say.ENDED_CLOCK_DIFFERS, _RETRY),
    LoginReason.FORGED: ReasonWords(say.ENDED_FORGED, _AGAIN),
    LoginReason.NO_ACCOUNT: ReasonWords(say.ENDED_NO_ACCOUNT, _OTHER),
    LoginReason.LEVEL_TOO_LOW: ReasonWords(say.ENDED_LEVEL_TOO_LOW,
        _OTHER),
    LoginReason.NOT_FOR_CLIENT: ReasonWords(say.ENDED_NOT_FOR_CLIENT, _OTHER),
    LoginReason.NOT_LINKED: ReasonWords(say.ENDED_NOT_LINKED, _OTHER),
    LoginReason.NO_ROLE: ReasonWords(say.ENDED_NO_ROLE, _OTHER),
    LoginReason.MANDATE_NOT_PROVEN: ReasonWords(say.ENDED_MANDATE_NOT_PROVEN, _AGAIN),
    LoginReason.REQUEST_WRONG: ReasonWords(say.ENDED_REQUEST_WRONG, say.GO_ON),
    LoginReason.SYSTEM_UNKNOWN: ReasonWords(say.ENDED_SYSTEM_UNKNOWN, say.TO_THE_START),
    LoginReason.ANSWERED: ReasonWords(say.ENDED_ANSWERED, say.GO_ON),
    LoginReason.OTHER_LOGIN: ReasonWords(say.ENDED_OTHER_LOGIN, say.GO_ON),
    LoginReason.UNAVAILABLE: ReasonWords(say.ENDED_UNAVAILABLE, _RETRY),
})

#: why a person may not act for another, by the code of the refusal; without one here: `say.MANDATE_NOT_CHECKED`
MANDATE_FAULTS: Mapping[str, Sentence] = MappingProxyType({
    RefusalReason.REPRESENTATION_ACCOUNT: say.MANDATE_NEEDS_ACCOUNT,
    RefusalReason.REPRESENTATION_NOT_PROVEN: say.MANDATE_DENIED,
    RefusalReason.REPRESENTATION_UNDECIDED: say.MANDATE_NOT_KNOWN,
    RefusalReason.REPRESENTATION_IMPOSSIBLE: say.MANDATE_IMPOSSIBLE,
    RefusalReason.REPRESENTED_OF_AGE: say.MANDATE_OF_AGE,
    RefusalReason.REPRESENTATIVE_MINOR: say.MANDATE_MINOR,
    RefusalReason.MANDATE_OVER: say.MANDATE_DOCUMENT_OVER,
    RefusalReason.UNUSUAL_VOLUME: say.MANDATE_TOO_OFTEN,
    ProblemCode.LOGIN_NOT_PROVEN: say.MANDATE_OF_NOBODY,
    ProblemCode.IDENTITY_INCOMPLETE: say.MANDATE_OF_NOBODY,
})

#: of another account that would have the right: the word on the button that leads to it
OTHER_ACCOUNTS: Mapping[str, Sentence] = MappingProxyType({
    RefusalReason.REPRESENTATION_ACCOUNT: say.SIGN_IN_AS_ENTERPRISE,
    ProblemCode.LOGIN_NOT_PROVEN: say.SIGN_IN_OTHERWISE,
    ProblemCode.IDENTITY_INCOMPLETE: say.SIGN_IN_OTHERWISE,
})

#: how fields of the page of mandates are written
HINTS: Mapping[str, Sentence] = MappingProxyType({
    "tax_code": say.HINT_TAX_CODE,
    "personal_id": say.HINT_PERSONAL_ID,
    "birth_date": say.HINT_BIRTH_DATE,
})

#: claims on the page of consent
CLAIMS: Mapping[str, Sentence] = MappingProxyType({
    "name": say.CLAIM_NAME,
    "birthdate": say.CLAIM_BIRTHDATE,
    "personal_id": say.CLAIM_PERSONAL_ID,
    "tax_code": say.CLAIM_TAX_CODE,
    "organization": say.CLAIM_ORGANIZATION,
})

#: assurance levels (NĐ 69/2024)
LEVELS: Mapping[int, Sentence] = MappingProxyType({
    0: say.LEVEL_0,
    1: say.LEVEL_1,
    2: say.LEVEL_2,
    3: say.LEVEL_3,
})
# fmt: on
