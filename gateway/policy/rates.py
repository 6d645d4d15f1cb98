"""How often is too often: rates of the configuration, what they count, and the verdict over counts.

Persons are counted under keyed digests: a store of counters that others can read names nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2s
from typing import Literal, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.sentences import Sentence
from gateway.ports.policy import Use, UseCount

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_KEY_BYTES = 12
#: a word that differs may not be taken for one that was counted
_ONCE_BYTES = 8

#: `claim`: about one person, each different name and birth date once, by all who ask the requester together;
#: `parameter`: the same of different parameters of one predicate; `form`: about one exchange
Whom = Literal["requester", "official", "subject", "claim", "parameter", "form"]


_BY: Mapping[Whom, Sentence] = {
    "requester": say.BY_REQUESTER, "official": say.BY_OFFICIAL, "subject": say.BY_SUBJECT, "form": say.BY_FORM,
}  # fmt: skip


class Limit(NamedTuple):
    """At most `most` uses in each window of `seconds`, by `whom`."""

    #: id of the rule
    rule: str
    whom: Whom
    most: int
    seconds: int


#: somebody whom a limit counts, and a word that is counted once in a window; blank: each use counts. Personal data
Person = tuple[str, str]


class Exceeded(NamedTuple):
    """A limit that is reached, and when its window ends."""

    limit: Limit
    retry_after: int


def limit(rule: str, whom: Whom, rate: str) -> Limit:
    """The limit that a rate (`300/hour`) of the configuration means."""
    most, _, window = rate.partition("/")
    return Limit(rule, whom, int(most), _SECONDS[window])


def uses(
    limits: Sequence[Limit], who: Sequence[Sequence[Person]], secret: bytes, requester: str
) -> list[tuple[Limit, Use]]:
    """What is counted: each limit once for each of its people (`who`, beside it), asked about by the requester."""
    secret, found = secret[:32], []
    for one, people in zip(limits, who, strict=True):
        within = f"{one.rule} {requester}"
        for name, word in people:
            counted = f"{one.rule}\x1f{one.whom}\x1f{name}".encode()
            key = blake2s(counted, digest_size=_KEY_BYTES, key=secret).hexdigest()
            once = ""
            if word:
                once = blake2s(f"{name}\x1f{word}".encode(), digest_size=_ONCE_BYTES, key=secret).hexdigest()
            found.append((one, Use(key, one.seconds, once, one.most, within)))
    return found


def in_words(one: Limit) -> Sentence:
    """The limit in words."""
    if one.whom == "claim":
        return say.LIMIT_CLAIMS(most=one.most, seconds=one.seconds)
    if one.whom == "parameter":
        return say.LIMIT_PARAMETERS(most=one.most, seconds=one.seconds)
    return say.LIMIT(most=one.most, seconds=one.seconds, whom=_BY[one.whom])


def reports_in_words(one: Limit) -> Sentence:
    """The same, of reports of corrections."""
    return say.LIMIT_REPORTS(most=one.most, seconds=one.seconds, whom=_BY[one.whom])


def exceeded(limits: Iterable[Limit], counts: Iterable[UseCount]) -> list[Exceeded]:
    """The limits that are exceeded."""
    return [
        Exceeded(one, counted.ends_in)
        for one, counted in zip(limits, counts, strict=True)
        if counted.times > one.most
    ]


def longest(over: Iterable[Exceeded]) -> Exceeded | None:
    """Of limits that all must be kept, the one to wait for; None when none is exceeded."""
    return max(over, key=lambda one: one.retry_after, default=None)


def soonest(over: Iterable[Exceeded]) -> Exceeded:
    """Of quotas of agreements, the one to wait for: one agreement is enough, and all quotas of it must be kept."""
    waits = {one.limit.rule.rpartition(":")[0]: one for one in sorted(over, key=lambda one: one.retry_after)}
    return min(waits.values(), key=lambda one: one.retry_after)
