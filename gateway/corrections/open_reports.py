"""The values that a citizen called wrong, until the owner of the database answers: they replace no paper meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.consents.sealing import PersonKeys
from gateway.corrections.reports import QUEUED, RECEIVED, TAKEN, UNREADABLE
from gateway.domain.row_filter import RowFilter
from gateway.ports.corrections import CorrectionRows

#: the owner has not answered; an unreadable report cannot be brought to it any more
_OPEN = (QUEUED, TAKEN, RECEIVED, UNREADABLE)
#: of one requester about the people of one form, newest first
_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReports:
    """Finds reports without opening them: the people are keyed indexes."""

    rows: CorrectionRows
    person_keys: PersonKeys

    async def of(self, requester: str, reporter: str, persons: Collection[str]) -> set[tuple[str, str]]:
        """Person and attribute of each open report about `persons` that `reporter` sent through the requester.

        People are `Subject.key`. A report without a sender is of its own person (`CorrectionRow`), or of nobody known,
        and then says nothing here. Raises CorrectionsUnavailable, LogUnavailable.
        """
        known = {index: one for one in {*persons, reporter} for index in await self.person_keys.indexes(one)}
        wanted = RowFilter(tuple(known), requester, _OPEN, count=_MOST)
        found = await self.rows.about(wanted) if known else ()
        return {
            (known[row.person], row.attribute)
            for row in found
            if known.get(row.sender or row.person) == reporter
        }
