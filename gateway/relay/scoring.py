# ruff: noqa: INP001 -- its package comes with the service
"""Scores of service quality, computed in advance from what was synchronised (national-portal.md A.12).

The facts of a dossier are plain JSON without personal data. They stay after its content is erased.
"""

from datetime import datetime
from typing import Any

from gateway.domain.dossier import Dossier, DossierPaper, Reuse
from gateway.relay.statuses import Standing

_DATES = ("filed_at", "received_at", "due_at", "refused_at", "processed_at", "handed_over_at")


def facts_of(dossier: Dossier) -> dict[str, Any]:
    """What scores and comparison need of a dossier; names no person. A fact that is absent is 0, false or not known.

    | fact | from |
    |---|---|
    | `filed_at received_at due_at refused_at processed_at handed_over_at` | the dates, POSIX seconds |
    | `channel payment return_method filed_with` | the member of that name |
    | `verified` | `applicant.verified`: signed in with VNeID |
    | `has_digitised` | the member of that name |
    | `databases` | codes of the databases that were asked |
    | `papers digitised reused replaced from_store` | how many papers, and how many of them are so |
    | `fees` | how many |
    | `results result_files result_codes` | how many, with a file or address, with both a code and a file |
    | `supplements` | `[asked, received or null, due date moved]` of each round, POSIX seconds |
    | `status` | the status that the dossier itself says; `facts_with_path` replaces it |
    """
    papers = [paper for paper in dossier.papers if not paper.deleted]
    files = [result for result in dossier.results if result.file or result.url]
    facts: dict[str, Any] = {
        **{name: _seconds(getattr(dossier, name)) for name in _DATES},
        **{
            name: str(getattr(dossier, name))
            for name in ("channel", "payment", "return_method", "filed_with")
        },
        "verified": dossier.applicant.verified,
        "has_digitised": dossier.has_digitised,
        "databases": sorted({code for code in dossier.databases if code}),
        **_counted(papers),
        "fees": len(dossier.fees),
        "results": len(dossier.results),
        "result_files": len(files),
        "result_codes": sum(1 for result in files if result.code),
        "supplements": _rounds(dossier),
        "status": str(dossier.status),
    }
    return {name: value for name, value in facts.items() if value}


def facts_with_path(facts: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """The facts with `status`, `status_at` and `path` (`[status, POSIX seconds]`, one for each status it had)."""
    path = [[str(status), int(at)] for status, at in standing.path]
    return {**facts, "status": str(standing.status), "status_at": int(standing.at), "path": path}


def _seconds(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp())


def _counted(papers: list[DossierPaper]) -> dict[str, int]:
    return {
        "papers": len(papers),
        "digitised": sum(paper.digitised for paper in papers),
        "reused": sum(paper.reuse is Reuse.REUSED for paper in papers),
        "replaced": sum(paper.reuse is Reuse.REPLACED for paper in papers),
        "from_store": sum(paper.from_store for paper in papers),
    }


def _rounds(dossier: Dossier) -> list[list[Any]]:
    """A round whose new due date is the dossier's: the time is in the due date already."""
    return [
        [
            _seconds(one.asked_at),
            _seconds(one.received_at),
            one.due_after is not None and one.due_after == dossier.due_at,
        ]
        for one in dossier.supplements
        if one.asked_at is not None
    ]
