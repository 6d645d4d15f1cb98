"""`motlan outbox`: what waits for a receiver, why, and how to send it again or drop it."""

from typing import Any
from urllib.parse import urlencode

import click
from rich.table import Column, Table

from gateway.cli.client import ClientAnswer, GatewayClient
from gateway.cli.desk import CommandDesk, asks
from gateway.cli.options import cell
from gateway.domain.dates import local_text
from gateway.relay import words

_WIDTH = 190
_PAGE = 200
_STATES = ("queued", "sending", "unconfirmed", "dead", "delivered", "superseded")


@click.group()
def outbox() -> None:
    """Deliveries to portals and to the inboxes of provincial systems.

    \b
    Examples:
      motlan outbox list --state dead
      motlan outbox show 01KB0000000000000000000000
      motlan outbox replay 01KB0000000000000000000000
      motlan outbox drop 01KB0000000000000000000000
    """  # noqa: D301 -- \b is click's


@outbox.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only those that stand so; dead: given up.")
@click.option("--target", help="Only those to this receiver.")
@click.option("--dossier", help="Only those of this dossier.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Deliveries at most.")
@asks("one_gate")
def listing(
    *, state: str | None, target: str | None, dossier: str | None, limit: int, desk: CommandDesk
) -> int:
    """List deliveries, newest first. Names nobody. Exits with 1 when one of them was given up.

    \b
    Examples:
      motlan outbox list --state dead
      motlan outbox list --dossier H31.14-260105-0007 --json
    """  # noqa: D301 -- \b is click's
    given = {"state": state, "target": target, "dossier": dossier}
    query = {name: value for name, value in given.items() if value is not None}
    answer = desk.asked(lambda client: _pages(client, query, limit)).body
    desk.say(answer, _table(answer["deliveries"]), width=_WIDTH)
    return 1 if any(one["state"] == "dead" for one in answer["deliveries"]) else 0


@outbox.command("show")
@click.argument("delivery")
@asks("one_gate")
def show(*, delivery: str, desk: CommandDesk) -> int:
    """Tell what became of one delivery: its history, the reason where it is stuck, and what to do.

    What the receiver said in its own words may name a person: that it is shown is recorded.

    \b
    Examples:
      motlan outbox show 01KB0000000000000000000000
      motlan outbox show 01KB0000000000000000000000 --json
    """  # noqa: D301 -- \b is click's
    answer = desk.asked(lambda client: client.get(f"/v1/deliveries/{_name(delivery)}", "DeliveryShown")).body
    desk.say(answer, _table([answer]), _history(answer), _advice(answer), width=_WIDTH)
    return 1 if answer["state"] == "dead" else 0


@outbox.command("replay")
@click.argument("delivery")
@asks("one_gate")
def replay(*, delivery: str, desk: CommandDesk) -> int:
    """Queue a delivery again that was given up. It is recorded. Later ones of its dossier follow it.

    \b
    Examples:
      motlan outbox replay 01KB0000000000000000000000
      motlan outbox replay 01KB0000000000000000000000 --json
    """  # noqa: D301 -- \b is click's
    path = f"/v1/deliveries/{_name(delivery)}/replay"
    answer = desk.asked(lambda client: client.post(path, {}, "DeliveryReplayed")).body
    desk.say(answer, _table([answer]), width=_WIDTH)
    return 0


@outbox.command("drop")
@click.argument("delivery")
@asks("one_gate")
def drop(*, delivery: str, desk: CommandDesk) -> int:
    """End a delivery that was given up, unsent. It is recorded. Later ones of its dossier go on.

    \b
    Examples:
      motlan outbox drop 01KB0000000000000000000000
      motlan outbox drop 01KB0000000000000000000000 --json
    """  # noqa: D301 -- \b is click's
    path = f"/v1/deliveries/{_name(delivery)}/drop"
    answer = desk.asked(lambda client: client.post(path, {}, "DeliveryReplayed")).body
    desk.say(answer, _table([answer]), width=_WIDTH)
    return 0


def _name(delivery: str) -> str:
    """The id, which goes into a path."""
    if not (delivery.isascii() and delivery.isalnum()):
        raise click.UsageError(
            "an id of a delivery has letters and digits: take it from `motlan outbox list`"
        )
    return delivery


def _pages(client: GatewayClient, query: dict[str, str], limit: int) -> ClientAnswer:
    """All pages as one, up to so many deliveries, or the first answer that is none."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        asked = {**query, **after, "count": str(min(_PAGE, limit - len(found)))}
        answer = client.get(f"/v1/deliveries?{urlencode(asked)}", "Deliveries")
        if answer.status != 200:
            return answer
        found += answer.body["deliveries"]
        if answer.body["next"] is None or len(found) >= limit:
            return ClientAnswer(200, {**answer.body, "deliveries": found})
        after = {"after": str(answer.body["next"])}


def _table(found: list[Any]) -> Table:
    table = Table(
        Column("lượt gửi / delivery", no_wrap=True), "hồ sơ / dossier", "nội dung / kind", "tới / to",
        "trạng thái / state", "lần gửi / attempts", "lý do / reason", "từ / since",
    )  # fmt: skip
    for one in found:
        table.add_row(*map(cell, (
            one["id"], f"{one['dossier']} v{one['version']}", one["kind"], one["target"],
            words.both(words.STATES, one["state"]), one["attempts"], one["reason"] or "", local_text(one["opened_at"]),
        )), style="red" if one["state"] == "dead" else "")  # fmt: skip
    return table


def _history(shown: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    table = Table("lúc / at", "diễn biến / what happened", "lần / attempt", "giao dịch / exchange")
    for one in shown["history"]:
        what = f"{one['vi']}\n{one['en']}"
        table.add_row(*map(cell, (local_text(one["at"]), what, one["attempt"] or "", one["exchange"] or "")))
    return table


def _advice(shown: Any) -> str:  # noqa: ANN401 -- the JSON answer
    why = shown["reason_words"]
    lines = [f"Lý do / reason: {why['vi']} / {why['en']}"] if why else []
    if shown["receiver_said"]:
        lines.append(f"Hệ thống nhận viết / the receiver said: {shown['receiver_said']}")
    return "\n".join([*lines, f"Cách xử lý: {shown['remedy']['vi']}", f"What to do: {shown['remedy']['en']}"])
