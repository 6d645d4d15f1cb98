"""Words of the pages of logins: what an end without a person means, and what one can do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.login import LoginReason
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
    LoginReason.FORGED: ReasonWords(say.ENDED_FORGED, _AGAIN),
    LoginReason.NO_ACCOUNT: ReasonWords(say.ENDED_NO_ACCOUNT, _OTHER),
    LoginReason.LEVEL_TOO_LOW: ReasonWords(say.ENDED_LEVEL_TOO_LOW,
        _OTHER),
    LoginReason.NOT_FOR_CLIENT: ReasonWords(say.ENDED_NOT_FOR_CLIENT, _OTHER),
    LoginReason.NOT_LINKED: ReasonWords(say.ENDED_NOT_LINKED, _OTHER),
    LoginReason.MANDATE_NOT_PROVEN: ReasonWords(say.ENDED_MANDATE_NOT_PROVEN, _AGAIN),
    LoginReason.REQUEST_WRONG: ReasonWords(say.ENDED_REQUEST_WRONG, say.GO_ON),
    LoginReason.ANSWERED: ReasonWords(say.ENDED_ANSWERED, say.GO_ON),
    LoginReason.OTHER_LOGIN: ReasonWords(say.ENDED_OTHER_LOGIN, say.GO_ON),
    LoginReason.UNAVAILABLE: ReasonWords(say.ENDED_UNAVAILABLE, _RETRY),
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
