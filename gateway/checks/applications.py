"""Applications for an account: answered within two working days, refused in writing with reason and legal basis.

NĐ 47/2020, art. 35(3) (partly in force, law.md), and NĐ 194/2025, art. 16.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from gateway.config.configuration import Application, Configuration
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.subject_requests.days import WorkingDays

#: working days, by the decree
ANSWER_DAYS = 2


class ApplicationState(NamedTuple):
    """The state of an application on a day."""

    application: Application
    #: the last day for an answer
    answer_by: date
    #: open, overdue, granted, refused
    state: str


def application_states(configuration: Configuration, today: date) -> list[ApplicationState]:
    """Every application, in the order of the file."""
    if configuration.applications is None:
        return []
    days = WorkingDays(configuration.holidays)
    return [_standing(configuration, days, one, today) for one in configuration.applications.applications]


def _standing(
    configuration: Configuration, days: WorkingDays, one: Application, today: date
) -> ApplicationState:
    answer_by = days.after(date.fromisoformat(one.asked_on), ANSWER_DAYS)
    if one.refused is not None:
        return ApplicationState(one, answer_by, "refused")
    if one.requester in configuration.requesters:
        return ApplicationState(one, answer_by, "granted")
    return ApplicationState(one, answer_by, "overdue" if answer_by < today else "open")


def application_faults(configuration: Configuration) -> Iterator[Problem]:
    """Faults: a repeated application, an unknown agency, a refusal for an existing account."""
    found = configuration.applications.applications if configuration.applications is not None else ()
    seen: set[str] = set()
    for index, one in enumerate(found):
        document, place = configuration.documents["applications.yaml"], ("applications", index)
        if one.requester in seen:
            what = f"'{one.requester}' applied before"
            yield document.problem((*place, "requester"), what, "keep the newest application only")
        seen.add(one.requester)
        if one.agency not in configuration.agencies:
            what, remedy = f"there is no agency '{one.agency}'", "add it to agencies.yaml"
            remedy = near(one.agency, configuration.agencies, remedy)
            yield document.problem(
                (*place, "agency"), what, remedy, f"{configuration.root.name}/agencies.yaml"
            )
        if one.refused is not None and one.requester in configuration.requesters:
            what = f"'{one.requester}' was refused, and has an account"
            remedy = f"remove 'refused', or requesters/{one.requester}.yaml"
            yield document.problem((*place, "refused"), what, remedy)
