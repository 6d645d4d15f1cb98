"""The invented people of the sandbox and what they own, as subjects of requests (`config/sandbox/personas.yaml`)."""

from pathlib import Path
from typing import Any

import yaml

Subject = dict[str, Any]


class People:
    """Subjects by the keys of the file; officials in whose name nobody asked before."""

    def __init__(self, tree: Path) -> None:
        content = yaml.safe_load((tree / "config/sandbox/personas.yaml").read_text("utf-8"))
        self._people: dict[str, Subject] = {one["key"]: one for one in content["people"]}
        self.content: dict[str, Any] = content
        self._officials = 0

    def __getitem__(self, key: str) -> Subject:
        """The subject with all that identifies it."""
        one = self._people[key]
        words = ("personal_id", "old_id", "passport", "full_name", "birth_date")
        known = {word: one[word] for word in words if one.get(word)}
        if "personal_id" in known:
            known.pop("old_id", None)
        return known

    def newborn(self, key: str) -> Subject:
        """A child without a number, by name and birth date."""
        return {word: self._people[key][word] for word in ("full_name", "birth_date")}

    def parcel(self, place: int) -> Subject:
        one = self.content["parcels"][place]
        return {word: one[word] for word in ("commune", "sheet", "number")}

    def enterprise(self, place: int) -> Subject:
        return {"tax_code": self.content["enterprises"][place]["tax_code"]}

    def official(self) -> Subject:
        """An official whom no other request names: no answer that was kept for another is used for him."""
        self._officials += 1
        return {"personal_id": f"033093{self._officials:06}", "agency": "000.00.14.H31"}
