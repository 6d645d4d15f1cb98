"""Who may ask which predicate: an agreement grants a predicate by its name, and not the attributes behind it.

The same rules as for a form, with the predicate in place of the procedure; all predicates must be granted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.config.agreement import AgreedService, Agreement
from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.reasons import RefusalReason
from gateway.policy.asked import Denial, PolicyRequest
from gateway.policy.conditions import ALL
from gateway.policy.decide import Decision, Policy
from gateway.policy.grants import Grant

#: name of a predicate -> data service -> attributes by which it may be answered
Rests = Mapping[str, Mapping[str, Iterable[str]]]
_NONE = "agreement:none"


class PredicatePolicy:
    """Decides over predicates."""

    def __init__(self, configuration: Configuration, rests: Rests) -> None:
        """`rests`: the attributes behind each predicate."""
        agreements: dict[str, Agreement] = {}
        named: dict[str, list[str]] = {}
        for name, agreement in configuration.agreements.items():
            for word in agreement.predicates:
                key = f"{name}\x1f{word}"
                agreements[key] = _of(agreement, word, rests.get(word.partition(":")[0], {}))
                named.setdefault(name, []).append(key)
        requesters = {
            name: one.model_copy(
                update={"agreements": tuple(key for word in one.agreements for key in named.get(word, ()))}
            )
            for name, one in configuration.requesters.items()
        }
        purposes = {
            name: one.model_copy(update={"procedures": (ALL,)})
            for name, one in configuration.purposes.items()
        }
        self._policy = Policy(
            configuration.model_copy(
                update={"agreements": agreements, "requesters": requesters, "purposes": purposes}
            )
        )

    def decide(self, asked: PolicyRequest) -> Decision:
        """One grant for all predicates of the request, or the first denial. Raises nothing."""
        decisions = [self._one(asked, word) for word in asked.predicates]
        grants = [one.grant for one in decisions if one.grant is not None]
        if len(grants) < len(decisions):
            return next(one for one in decisions if one.grant is None)
        return Decision(_together(grants, asked.predicates))

    def _one(self, asked: PolicyRequest, word: str) -> Decision:
        """By the predicate with its parameter, else by the predicate with any parameter."""
        names = dict.fromkeys((word, word.partition(":")[0]))
        decisions = [self._policy.decide(asked._replace(procedure=name)) for name in names]
        # an agreement without a quota first: no use is counted that is not needed
        granted = sorted(
            (one for one in decisions if one.grant), key=lambda one: bool(one.grant and one.grant.limits)
        )
        denied = (one for one in decisions if one.denial is not None and one.denial.rule != _NONE)
        return next(iter(granted), None) or next(denied, None) or Decision(None, _not_granted(word))


def _of(agreement: Agreement, word: str, rests: Mapping[str, Iterable[str]]) -> Agreement:
    """The agreement with the predicate as procedure, granting the attributes behind it."""
    services = {service: AgreedService(attributes=sorted(names)) for service, names in rests.items()}
    return agreement.model_copy(update={"procedures": (word,), "services": services})


def _together(grants: list[Grant], predicates: tuple[str, ...]) -> Grant:
    services = dict(grants[0].services)
    for grant in grants[1:]:
        for name, granted in grant.services.items():
            before = services.get(name, granted)
            services[name] = replace(before, attributes=before.attributes | granted.attributes)
    rules = dict.fromkeys(rule for grant in grants for rule in grant.rules)
    return replace(
        grants[0], procedure="", services=services,
        rules=(*rules, *(f"predicate:{word}" for word in predicates)),
        limits=tuple(dict.fromkeys(one for grant in grants for one in grant.limits)),
        consented=frozenset(pair for grant in grants for pair in grant.consented),
        cuts_without_number=all(grant.cuts_without_number for grant in grants),
    )  # fmt: skip


def _not_granted(word: str) -> Denial:
    what = say.PREDICATE_NOT_AGREED(predicate=word)
    remedy = "agree on it: 'predicates' of an agreement in config/agreements"
    return Denial(f"predicate:{word}", RefusalReason.PREDICATE_NOT_AGREED, what, remedy)
