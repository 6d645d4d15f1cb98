"""Holds the people of representations' examples against the grammar of the API; what they prove is run at loading."""

from collections.abc import Iterator

from gateway.checks.as_written import subject_fault
from gateway.config.strict_yaml import Loc
from gateway.mapping.representation import RepresentationMapping


def representation_example_faults(rule: RepresentationMapping) -> Iterator[tuple[Loc, str, str]]:
    """People whom no request could name: place, what is wrong, remedy."""
    for index, example in enumerate(rule.examples):
        people = {"representative": example.representative, "represented": example.represented}
        for side, person in people.items():
            if why := subject_fault(person):
                what = f"example '{example.name}': the {side} is not as the API takes it: {why}"
                yield ("examples", index, side), what, "write it as a request would"
