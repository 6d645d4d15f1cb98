"""Bounds the records of refusals that anybody can cause: a flood of forged tokens fills no log and hides nothing.

What is left out is counted, and the next record says how many.
"""

#: records in a minute: of one address, and in all
ADDRESS_MOST, MOST = 60, 200


class UnprovenRefusals:
    """Counts the refusals of the current minute, in one process."""

    def __init__(self) -> None:
        """With nothing refused."""
        self._minute = 0
        #: address -> records; at most `MOST` entries
        self._records: dict[str, int] = {}
        self._total = 0
        #: refusals without a record since the last record
        self.left_out = 0

    def takes(self, address: str, minute: int) -> bool:
        """Whether a refusal gets a record; `minute`: POSIX time in minutes."""
        if minute != self._minute:
            self._minute, self._records, self._total = minute, {}, 0
        if self._total >= MOST or self._records.get(address, 0) >= ADDRESS_MOST:
            self.left_out += 1
            return False
        self._total += 1
        self._records[address] = self._records.get(address, 0) + 1
        return True
