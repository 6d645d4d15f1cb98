"""Answers that come in pages, put together; and what no page could look at."""

from collections.abc import Sequence
from typing import Any

from gateway.cli.client import ClientAnswer, GatewayClient

_PAGE = 200


def pages(
    client: GatewayClient, path: str, body: dict[str, Any], form: str, member: str, limit: int | None
) -> ClientAnswer:
    """All pages as one, up to so many of `member`, or the first answer that is none; `form` is that of a page.

    Months that some page had to pass over are named once.
    """
    found: list[Any] = []
    past: dict[str, list[Any]] = {"skipped_periods": [], "archives": [], "notes": []}
    cursor: str | None = None
    while True:
        most = _PAGE if limit is None else min(_PAGE, limit - len(found))
        answer = client.post(path, {**body, "limit": most, **({"cursor": cursor} if cursor else {})}, form)
        if answer.status != 200:
            return answer
        found += answer.body[member]
        for name, known in past.items():
            known += [one for one in answer.body.get(name, ()) if one not in known]
        cursor = answer.body["next"]
        if cursor is None or (limit is not None and len(found) >= limit):
            left_out = {name: known for name, known in past.items() if name in answer.body}
            return ClientAnswer(200, {**answer.body, **left_out, member: found, "next": cursor})


def looked_past(body: Any) -> list[str]:  # noqa: ANN401 -- the JSON answer
    """Lines on what a look-up could not look at, and on what its answer does not say of itself."""
    archives = [f"{one['name']} ({one['month']})" for one in body["archives"]]
    notes = [f"{one['title']} / {one['title_en']}" for one in body.get("notes", ())]
    return [*notes, *passed_over(body.get("skipped_periods", ()), archives)]


def passed_over(periods: Sequence[str], archives: Sequence[str]) -> list[str]:
    """Lines on months whose keys are destroyed, and on archives that hold what the database no longer does."""
    lines = [f"không tìm được, khóa đã hủy / not searched, keys destroyed: {', '.join(periods)}"] * bool(
        periods
    )
    return [*lines, *(f"bản ghi cũ hơn nằm trong / older records are in: {one}" for one in archives)]
