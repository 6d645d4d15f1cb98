"""Answers that come in pages, put together; and what no page could look at."""

from typing import Any

from gateway.cli.client import Answer, Client

_PAGE = 200


def pages(client: Client, path: str, body: dict[str, Any], member: str, limit: int | None) -> Answer:
    """All pages as one, up to so many of `member`, or the first answer that is none.

    Months that some page had to pass over are named once.
    """
    found: list[Any] = []
    past: dict[str, list[Any]] = {"skipped_periods": [], "archives": []}
    cursor: str | None = None
    while True:
        most = _PAGE if limit is None else min(_PAGE, limit - len(found))
        answer = client.post(path, {**body, "limit": most, **({"cursor": cursor} if cursor else {})})
        if answer.status != 200:
            return answer
        found += answer.body[member]
        for name, known in past.items():
            known += [one for one in answer.body.get(name, ()) if one not in known]
        cursor = answer.body["next"]
        if cursor is None or (limit is not None and len(found) >= limit):
            told = {name: known for name, known in past.items() if name in answer.body}
            return Answer(200, {**answer.body, **told, member: found, "next": cursor})


def passed_over(body: Any) -> list[str]:  # noqa: ANN401 -- the JSON answer
    """Lines on months whose keys are destroyed, and on archives that hold what the database no longer does."""
    lines = [
        f"bản ghi cũ hơn nằm trong / older records are in: {one['name']} ({one['month']})"
        for one in body["archives"]
    ]
    if periods := body["skipped_periods"]:
        lines.insert(0, f"không tìm được, khóa đã hủy / not searched, keys destroyed: {', '.join(periods)}")
    return lines
