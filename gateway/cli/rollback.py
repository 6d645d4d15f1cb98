"""`motlan log accept-rollback`: go on with a log whose database lost records, after it was said which."""

from datetime import UTC, datetime
from typing import NamedTuple

import click

from gateway import registry
from gateway.cli.store import Store, keeps
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogNotSigned
from gateway.domain.exchange import Phase
from gateway.domain.sentences import Sentence
from gateway.exchange_log.key_files import MARK_FILE
from gateway.exchange_log.note import Checkpoint, NoteBroken, split_note
from gateway.keeping.archive import notes_in
from gateway.ports.exchange_log import HighWaterMark

_NONE = (
    "cơ sở dữ liệu có đủ các bản ghi đã thấy / the database has all records that were seen: nothing is lost"
)
_DONE = (
    "đã ghi nhận; hãy khởi động lại hệ thống kết nối, và chạy lệnh này trên mọi máy khác"
    " / recorded; start the gateway again, and run this command on every other host\n"
    "dấu mốc cũ, do khóa của nhật ký ký / the former mark, signed by the key of the log: {former}"
)


class Loss(NamedTuple):
    """What a database lacks."""

    why: Sentence
    #: numbered records that are lost
    lost: int
    #: whether more may be lost: answered after the mark, and without a number yet; else the log went on otherwise, and
    #: at most so many are
    at_least: bool
    #: records of the database, and of the mark
    size: int
    mark: int
    #: time of the last record in the database, and when the mark was written; RFC 3339, empty when unknown
    since: str
    until: str
    #: files that hold records beyond the end of the database
    archives: tuple[str, ...]
    #: who signs no shorter log
    witnesses: tuple[str, ...]


@click.command("accept-rollback")
@click.option(
    "--yes-lose", type=int, metavar="N", help="Do not ask: N numbered records are lost, as this command says."
)
@keeps
def accept_rollback(*, yes_lose: int | None, store: Store) -> int:
    """Say which records the log's database lost, and go on without them. Run it on the host that says log_rolled_back.

    First look for the right database: an old primary that came back, a restored copy. Nothing brings back what is
    accepted as lost. A witness never signs the shorter log: with witnesses, begin a new log instead.

    \b
    Examples:
      motlan log accept-rollback --dir /var/lib/motlan
      motlan log accept-rollback --dir /var/lib/motlan --yes-lose 200
    """  # noqa: D301 -- \b is click's
    keeper = store.keeper

    async def work() -> tuple[Loss | None, str]:
        keeper.log(rolled_back=True)
        cache_url = store.configuration.gateway.cache_url
        cache = registry.store(cache_url, "open_cache")(cache_url)
        try:
            high_water = keeper.high_water(cache)
            await high_water.fetch(required=True)
            newest, size = await _end(store)
            loss = await _loss(store, high_water, newest, size)
            if loss is None or not _accepted(loss, yes_lose):
                return loss, ""
            await keeper.recorder().operator_act(
                Phase.CONFIGURATION, "accept-rollback", lost=loss.lost, size=loss.size, mark=loss.mark,
                root=high_water.root, since=loss.since,
            )  # fmt: skip
            return loss, await high_water.accept(newest)
        finally:
            await cache.close()

    loss, former = store.done(work)
    if loss is None:
        store.say({"lost": 0}, _NONE)
        return 0
    if not former:
        click.echo("không ghi nhận / nothing was accepted", err=True)
        return 1
    store.say({**loss._asdict(), "why": loss.why.en, "former_mark": former}, _DONE.format(former=former))
    return 0


async def _end(store: Store) -> tuple[str, int]:
    """The newest checkpoint of the database and its records.

    LogNotSigned when it cannot be read, or is not that of the tree: no gateway signs on there, whatever is accepted.
    """
    keeper = store.keeper
    before = (await keeper.keeping().numbering()).size
    newest = await keeper.reader().checkpoint()
    after = (await keeper.keeping().numbering()).size
    try:
        origin, size, *_ = Checkpoint.parse(split_note(newest)[0]) if newest else (keeper.settings.origin, 0)
    except NoteBroken:
        raise LogNotSigned(say.CHECKPOINT_UNREADABLE) from None
    if origin != keeper.settings.origin:
        raise LogNotSigned(say.CHECKPOINT_UNREADABLE)
    if not before <= size <= after:  # a gateway may number records meanwhile
        raise LogNotSigned(say.TREE_END_UNSIGNED)
    return newest, size


async def _loss(store: Store, high_water: HighWaterMark, newest: str, size: int) -> Loss | None:
    keeper, mark = store.keeper, high_water.size
    at_mark = await keeper.reader().checkpoint(mark) if mark else ""
    why = high_water.find_missing(newest, at_mark, size)
    if why is None:
        return None
    last = await keeper.retention().time_at(size - 1) if size else None
    beyond = [one.name for one in notes_in(keeper.archive_folder) if one.end > size]
    file = keeper.state / MARK_FILE
    return Loss(
        why=why, lost=mark - size if size < mark else mark, at_least=size < mark, size=size, mark=mark,
        since=last or "", until=rfc3339(datetime.fromtimestamp(file.stat().st_mtime, UTC)) if file.exists() else "",
        archives=tuple(beyond),
        witnesses=tuple(one.vkey.partition("+")[0] for one in keeper.settings.anchors.witnesses),
    )  # fmt: skip


def _accepted(loss: Loss, yes_lose: int | None) -> bool:
    click.echo(_words(loss), err=True)
    if yes_lose is not None:
        if yes_lose != loss.lost:
            raise click.UsageError(
                f"mất {loss.lost} bản ghi đã đánh số, không phải {yes_lose} / {loss.lost} numbered records are lost,"
                f" not {yes_lose}"
            )
        return True
    question = (
        "Đã chắc chắn không còn cơ sở dữ liệu nào có các bản ghi này? / is there no database that has them?"
    )
    if not click.confirm(question, err=True):
        return False
    text = f"Nhập số bản ghi đã đánh số chấp nhận mất ({loss.lost}) / type how many numbered records are lost"
    return str(click.prompt(text, err=True, default="", show_default=False)).strip() == str(loss.lost)


def _count(loss: Loss) -> str:
    if not loss.mark:
        return "không biết mất bao nhiêu bản ghi / nobody knows how many records are lost"
    if loss.at_least:
        return (
            f"mất ít nhất {loss.lost} bản ghi đã đánh số; không biết các bản ghi mới hơn (khoảng một giây, nhiều hơn"
            f" nếu khi đó đánh số chậm)\nat least {loss.lost} numbered records are lost; newer records are unknown"
            " (about one second of them, more if numbering lagged then)"
        )
    return f"mất nhiều nhất {loss.lost} bản ghi đã đánh số / at most {loss.lost} numbered records are lost"


def _words(loss: Loss) -> str:
    lines = [
        str(loss.why),
        _count(loss),
        f"cơ sở dữ liệu / database: {loss.size}, {loss.since or '-'}",
        f"dấu mốc / mark: {loss.mark}, {loss.until or '-'}",
    ]
    if loss.archives:
        lines.append(f"có trong tệp lưu trữ / archives hold some: {', '.join(loss.archives)}")
    if loss.witnesses:
        names = ", ".join(loss.witnesses)
        lines.append(
            f"nhân chứng {names} không bao giờ ký nhật ký ngắn hơn: hãy mở nhật ký mới"
            f" / witness {names} will never sign the shorter log: begin a new log"
        )
    return "\n".join(lines)
