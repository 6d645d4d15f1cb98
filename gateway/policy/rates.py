"""Rates of the configuration: what they count, and whether counts exceed them.

Persons are counted under keyed digests: a shared store of counters names no person.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2s
from typing import Literal, NamedTuple

from gateway.domain import sentences as say
from gateway.domain.sentences import Sentence
from gateway.ports.policy import Use, UseCount

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_KEY_BYTES = 12
#: long enough that two different words never count as one
_ONCE_BYTES = 8

#: `claim`: about one person, each different name and birth date once, over all officials and citizens of the requester;
#: `unnumbered`: each different person without a number once, over all of them; `parameter`: the same as `claim` for
#: different parameters of one predicate; `form`: about one exchange; `lookup`: different
#: tries to find a dossier by the number of its owner
Whom = Literal["requester", "official", "subject", "claim", "unnumbered", "parameter", "form", "lookup"]


_BY: Mapping[Whom, Sentence] = {
    "requester": say.BY_REQUESTER, "official": say.BY_OFFICIAL, "subject": say.BY_SUBJECT, "form": say.BY_FORM,
}  # fmt: skip


class Limit(NamedTuple):
    """At most `most` uses in each window of `seconds`, counted by `whom`."""

    #: id of the rule
    rule: str
    whom: Whom
    most: int
    seconds: int


#: a key that a limit counts, and a word that counts once per window; blank: each use counts. Personal data
PersonKey = tuple[str, str]


class Exceeded(NamedTuple):
    """An exceeded limit, and the seconds until its window ends."""

    limit: Limit
    retry_after: int


def limit(rule: str, whom: Whom, rate: str) -> Limit:
    """The limit of a rate (`300/hour`) of the configuration."""
    most, _, window = rate.partition("/")
    return Limit(rule, whom, int(most), _SECONDS[window])


def uses(
    limits: Sequence[Limit], who: Sequence[Sequence[PersonKey]], secret: bytes, requester: str
) -> list[tuple[Limit, Use]]:
    """The counters: each limit once for each of its keys (`who`, in the same order), per requester."""
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
    if one.whom == "unnumbered":
        return say.LIMIT_UNNUMBERED(most=one.most, seconds=one.seconds)
    if one.whom == "parameter":
        return say.LIMIT_PARAMETERS(most=one.most, seconds=one.seconds)
    if one.whom == "lookup":
        return say.LIMIT_LOOKUPS(most=one.most, seconds=one.seconds)
    return say.LIMIT(most=one.most, seconds=one.seconds, whom=_BY[one.whom])


def reports_in_words(one: Limit) -> Sentence:
    """The limit in words, for reports of corrections."""
    return say.LIMIT_REPORTS(most=one.most, seconds=one.seconds, whom=_BY[one.whom])


def exceeded(limits: Iterable[Limit], counts: Iterable[UseCount]) -> list[Exceeded]:
    """The exceeded limits."""
    return [
        Exceeded(one, counted.ends_in)
        for one, counted in zip(limits, counts, strict=True)
        if counted.times > one.most
    ]


def longest(over: Iterable[Exceeded]) -> Exceeded | None:
    """The limit with the longest wait, of limits that all must be kept; None when none is exceeded."""
    return max(over, key=lambda one: one.retry_after, default=None)


def soonest(over: Iterable[Exceeded]) -> Exceeded:
    """The quota with the shortest wait: one agreement is enough, and all its quotas must be kept."""
    waits = {one.limit.rule.rpartition(":")[0]: one for one in sorted(over, key=lambda one: one.retry_after)}
    return min(waits.values(), key=lambda one: one.retry_after)
