"""Runs the examples of login mappings: claims in, account or refusal out."""

from collections.abc import Iterator

from gateway.checks.as_written import differences
from gateway.config.strict_yaml import Loc
from gateway.domain.login import Identity
from gateway.mapping.logins import AccountRefused, LoginExample, LoginPlan, fields_of

#: 27 November 2026: when the examples sign in
_AT = 1_795_770_000.0


def login_example_faults(plan: LoginPlan) -> Iterator[tuple[Loc, str, str]]:
    """Failed expectations of the mapping's examples: place, what is wrong, remedy."""
    for index, example in enumerate(plan.mapping.examples):
        for place, what in _faults(plan, example):
            loc: Loc = ("examples", index, place)
            yield loc, f"example '{example.name}': {what}", "mend the mapping, or the example"


def _faults(plan: LoginPlan, example: LoginExample) -> Iterator[tuple[str, str]]:
    try:
        found = plan.account(example.claims, Identity(provider="", subject="", at=_AT), example.levels)
    except AccountRefused as refused:
        if refused.reason != example.refused:
            expected = example.refused or "an account"
            yield "refused", f"expected {expected}, got {refused.reason} ({refused.detail})"
        return
    if example.refused is not None:
        yield "refused", f"expected {example.refused}, got an account"
        return
    if found.roles != example.roles:
        wanted, got = (", ".join(one) or "none" for one in (example.roles, found.roles))
        yield "roles", f"expected {wanted}, got {got}"
    wanted_fields = {str(name): value for name, value in example.account.items()}
    for name, wanted, got in differences(wanted_fields, fields_of(found)):
        yield "account", f"{name}: expected {wanted}, got {got}"
