"""Bodies of reconciliation."""

from datetime import date
from typing import Annotated

from pydantic import Field

from gateway.api import grammar
from gateway.api.models import Body, example
from gateway.api.report_models import DayText


class ReconcileBody(Body):
    """`POST /v1/reconciliation`: compare the requester's dossiers with portals; `apply`: mend what differs."""

    model_config = example(
        {"portal": "national_bus", "since": "2026-11-20", "until": "2026-11-27", "apply": False}
    )

    #: absent: each portal that gets changes of dossiers
    portal: Annotated[str, Field(pattern=grammar.ROLE)] | None = None
    #: first and last day in Việt Nam; absent: the days of a nightly run
    since: DayText | None = None
    until: DayText | None = None
    #: queue what mends the differences
    apply: bool = False
    #: go on where very many dossiers are missing at the portal
    accept_wave: bool = False

    @property
    def first(self) -> date | None:
        """The first day."""
        return date.fromisoformat(self.since) if self.since else None

    @property
    def last(self) -> date | None:
        """The last day."""
        return date.fromisoformat(self.until) if self.until else None
