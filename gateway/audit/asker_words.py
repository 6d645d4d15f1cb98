"""Who asked, in words for the subject: the subject, a representative, another citizen, an official.

Read from records alone: `on_duty` (no official acted), the notes `asked_by` (role of the citizen who asked, as the
portal said) and `login` (a login that proves it), and those on a representation and its proof.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway.audit.titles import Titles, TitleWords


def asked_by(titles: Titles, records: Sequence[Mapping[str, Any]], roles: Collection[str]) -> TitleWords:
    """`code` (self, representative, citizen, system, official) and its text; `roles`: the roles of the reader."""
    notes = {name: value for record in records for name, value in record["notes"].items()}
    opening = records[0]
    role = notes.get("asked_by", "")
    kind = str(notes.get("representation", ""))
    acting = _representation(titles, kind, notes) if kind else ("", "")
    if not opening["on_duty"]:
        return _official(titles, opening, acting)
    portal = titles.requester(opening["requester"])
    vi, en = f"qua {portal['title']}", f"through {portal['title_en']}"
    if role and role in roles:
        as_what = (f", với tư cách {acting[0]}", f", as {acting[1]}") if kind else ("", "")
        if not notes.get("login"):
            # no login proves it: that is what the system says, which names no official
            return _asker(
                "claimed_self", f"{portal['title']} (cho biết chính ông/bà yêu cầu{as_what[0]})",
                f"{portal['title_en']} (which says that you asked yourself{as_what[1]})",
            )  # fmt: skip
        return _asker("self", f"chính ông/bà{as_what[0]}, {vi}", f"you yourself{as_what[1]}, {en}")
    if kind:
        return _asker("representative", f"{acting[0]}, {vi}", f"{acting[1]}, {en}")
    if role:
        return _asker("citizen", f"người làm thủ tục (công dân), {vi}", f"the citizen who files, {en}")
    return _asker(
        "system", f"{portal['title']} (không nêu cán bộ)", f"{portal['title_en']} (naming no official)"
    )


def _official(titles: Titles, opening: Mapping[str, Any], acting: tuple[str, str]) -> TitleWords:
    agency = titles.agency(opening["agency"])
    if not opening["official"]:
        return {**agency, "code": "system"}
    for_whom = (
        (f", theo yêu cầu của {acting[0]}", f", at the request of {acting[1]}") if acting[0] else ("", "")
    )
    return _asker(
        "official",
        f"cán bộ của {agency['title']}{for_whom[0]}",
        f"an official of {agency['title_en']}{for_whom[1]}",
    )


def _representation(titles: Titles, kind: str, notes: Mapping[str, Any]) -> tuple[str, str]:
    """Kind of representation and the source that proved it, Vietnamese and English."""
    words = titles.representation(kind)
    source = str(notes.get("proven_by", "")).partition(".")[0]
    is_proven = bool(source) and notes.get("proven", "yes") == "yes"
    proof = titles.source(source)
    vi = f"chứng minh bằng dữ liệu của {proof['title']}" if is_proven else "chưa được chứng minh"
    en = f"proven by data of the {proof['title_en']}" if is_proven else "not proven"
    return (
        f"người đại diện ({small(words['title'])}; {vi})",
        f"the representative ({small(words['title_en'])}; {en})",
    )


def small(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]


def _asker(code: str, vi: str, en: str) -> TitleWords:
    return {"code": code, "title": vi, "title_en": en}
