"""`motlan demo`: sandbox and gateway in one go, the main job for several invented people over real HTTP.

Shows forms with their provenance, papers saved, a slow source, a failing one,
what arrived late, the records, and that they verify.
"""

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import orjson
import uvloop
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from gateway import telemetry
from gateway.cli.client import ClientAnswer, GatewayClient
from gateway.cli.export_file import write_export
from gateway.cli.greeting import greeting
from gateway.cli.proving import CheckResult, check_inclusion
from gateway.cli.scenes import SCENES, TROUBLE, Scene
from gateway.cli.tables import papers_table, shown, warnings_table
from gateway.exchange_log.verdict import Verdict
from gateway.exchange_log.verify import verify_export
from gateway.serving.listeners import Gateway
from gateway.serving.server import ServeOptions, running, stop_event, write_ready

_SHOWN_FIELDS = 16
_REDEEMABLE_SECONDS = 10
#: more than a demo makes
_RECORDS = 100


def run_demo(plan: ServeOptions, state: Path | None, *, keep: bool, as_json: bool, quiet: bool) -> int:
    """Exit code: 0 when every scene was answered, 1 otherwise."""
    folder = state or Path(tempfile.mkdtemp(prefix="motlan-demo-"))
    telemetry.set_up(_Nowhere(), level=40) if not keep else telemetry.set_up()
    try:
        return uvloop.run(
            _run(replace(plan, state=folder.resolve()), keep=keep, as_json=as_json, quiet=quiet)
        )
    finally:
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _run(plan: ServeOptions, *, keep: bool, as_json: bool, quiet: bool) -> int:
    console = Console(quiet=quiet or as_json, width=None if sys.stdout.isatty() else 120)
    async with running(plan) as (gateway, content):
        stage = _DemoStage(gateway, content, console)
        good = True
        for scene in (*SCENES, TROUBLE):
            good &= await stage.play(scene)
        await stage.late()
        await stage.records()
        verdict = await stage.verified()
        good &= verdict.good
        stage.summary()
        if as_json:
            log = {"good": verdict.good, "records": verdict.records, "phases": verdict.phases}
            click.echo(orjson.dumps({"good": good, "scenes": stage.results, "log": log}).decode())
        if keep:
            await _stay(plan, content, console)
    return 0 if good else 1


async def _stay(plan: ServeOptions, content: Mapping[str, object], console: Console) -> None:
    stop = stop_event()
    if plan.ready_file is not None:
        write_ready(plan.ready_file, content)
    console.print(greeting(content), markup=False, soft_wrap=True)
    sys.stdout.flush()
    await stop.wait()


class _DemoStage:
    """Plays scenes and remembers what came of them."""

    def __init__(self, gateway: Gateway, content: Mapping[str, Any], console: Console) -> None:
        portal = content["clients"]["portal"]
        self.gateway = gateway
        self.console = console
        self.client = GatewayClient(content["gateway"], portal["client_id"], portal["client_secret"])
        auditor = content["clients"]["auditor"]
        self.auditor = GatewayClient(content["gateway"], auditor["client_id"], auditor["client_secret"])
        self.vkey = str(content["log"]["vkey"])
        self.control = GatewayClient(str(content["sandbox"]["control"]))
        self.personas = content["personas"]
        self.results: list[dict[str, object]] = []
        self.pending: str | None = None
        self.last: Any = None
        #: records that were shown, all of which are to be verified
        self.written = 0

    async def play(self, scene: Scene) -> bool:
        """Ask, show, and whether it was answered."""
        for order in scene.misbehave:
            done = await asyncio.to_thread(self.control.post, "/misbehave", order)
            if done.status != 200:
                self.console.print(f"[red]{done.status}[/] {done.body}")
                return False
        body = {
            "procedure": scene.procedure,
            "subjects": {**{role: self._person(who) for role, who in scene.cast.items()}, **scene.more},
            "deadline_ms": scene.deadline_ms,
        }
        answer = await asyncio.to_thread(self.client.post, "/v1/prefill", body)
        self._show(scene, answer)
        if answer.status != 200:
            return False
        self.last, self.pending = answer.body, answer.body["pending"]
        saved = answer.body["saved"]
        states = [field["state"] for field in answer.body["fields"].values()]
        self.results.append({
            "title": scene.title, "procedure": scene.procedure, "fields": saved["fields"],
            "papers": saved["papers"], "unavailable": states.count("unavailable"), "late": bool(self.pending),
        })  # fmt: skip
        return True

    async def late(self) -> None:
        """What came after the last answer left; the sources are well again."""
        if self.pending is not None:
            answer = await asyncio.to_thread(
                self.client.post, "/v1/prefill/resume", {"pending": self.pending}
            )
            self.console.print(Panel("Đến muộn, lấy bằng /v1/prefill/resume  ·  what arrived late"))
            changed = _changed(self.last, answer.body)
            self.console.print(_told(changed), papers_table(changed))
        await asyncio.to_thread(self.control.delete, "/misbehave")

    async def records(self) -> None:
        """What the exchange log recorded: names, outcomes and digests, never a value."""
        app = self.gateway.app
        assert app is not None
        table = Table("bản ghi / record", "giai đoạn / phase", "thủ tục / procedure", "nguồn / calls", "kết quả",
                      title="Nhật ký giao dịch / exchange log")  # fmt: skip
        leaves = await app.shared.recorder.log.recent(_RECORDS)
        self.written = len(leaves)
        for leaf in reversed(leaves):
            calls = leaf.get("calls")
            listed = calls if isinstance(calls, list) else []
            cells = (leaf.get("exchange"), leaf.get("phase"), leaf.get("procedure"), len(listed))
            table.add_row(*(shown(cell) for cell in cells), _outcomes(listed) or shown(leaf.get("result")))
        self.console.print(table)

    async def verified(self) -> Verdict:
        """The receipt of the last answer redeemed, the log exported and verified with nothing but its public key."""
        vkey, receipt = self.vkey, (self.last or {}).get("receipt") or {"leaf_hash": ""}
        for _ in range(_REDEEMABLE_SECONDS * 10):
            shown = await asyncio.to_thread(check_inclusion, self.auditor, receipt["leaf_hash"], [vkey])
            if isinstance(shown, CheckResult):
                self.console.print(f"Biên nhận / receipt: {shown.words}")
                break
            await asyncio.sleep(0.1)
        verdict = await self._exported()
        looks = verdict.records - self.written
        more = (
            f" ({self.written} + {looks} lượt xem của kiểm toán / looks by the auditor)" if looks > 0 else ""
        )
        self.console.print(f"motlan verify-log: {'đúng / GOOD' if verdict.good else 'SAI / WRONG'}, "
                           f"{verdict.records} bản ghi / records{more}", *verdict.findings)  # fmt: skip
        return verdict

    async def _exported(self) -> Verdict:
        """What the log's export says once every record that was shown has its number."""
        path = self.gateway.parts.state / "demo.jsonl"
        ends = asyncio.get_running_loop().time() + _REDEEMABLE_SECONDS
        while True:
            await asyncio.to_thread(write_export, self.auditor, {}, str(path), csv=False, progress=False)
            verdict = await asyncio.to_thread(_verify, path, self.vkey)
            if verdict.records >= self.written or asyncio.get_running_loop().time() > ends:
                return verdict
            await asyncio.sleep(0.2)

    def summary(self) -> None:
        """What the citizens did not have to type or bring."""
        table = Table("tình huống / scene", "trường / fields", "giấy tờ / papers", "không trả lời / unavailable",
                      title="Đã tiết kiệm / saved")  # fmt: skip
        for result in self.results:
            cells = (result["title"], result["fields"], result["papers"], result["unavailable"])
            table.add_row(*(shown(cell) for cell in cells))
        fields, papers = (sum(int(str(one[name])) for one in self.results) for name in ("fields", "papers"))
        table.add_row("tổng / total", str(fields), str(papers), "", style="bold")
        self.console.print(table)

    def _person(self, who: str) -> Mapping[str, object]:
        if who.startswith("same:"):
            return {"same_as": who.removeprefix("same:")}
        person = next(person for person in self.personas if who in person["traits"])
        return {key: person[key] for key in ("personal_id", "full_name", "birth_date")}

    def _show(self, scene: Scene, answer: ClientAnswer) -> None:
        self.console.print(Panel(f"{scene.title}  ·  {scene.procedure}"))
        if answer.status != 200:
            self.console.print(f"[red]{answer.status}[/] {answer.body}")
            return
        self.console.print(_told(answer.body), papers_table(answer.body))
        if (warned := warnings_table(answer.body)) is not None:
            self.console.print(warned)
        calls = (f"{call['source']}.{call['data_service']}={_said(call)}" for call in answer.body["sources"])
        self.console.print(" ".join(calls))


def _said(call: Mapping[str, Any]) -> str:
    reason = call.get("reason")
    return f"{call['outcome']} ({reason})" if reason else str(call["outcome"])


def _verify(path: Path, vkey: str) -> Verdict:
    with path.open("rb") as file:
        return verify_export(file, [vkey])


def _outcomes(calls: list[dict[str, Any]]) -> str:
    """How the calls of one record ended, each outcome with its number; an intent has none yet."""
    counts = Counter(call.get("outcome") or "đang hỏi / asking" for call in calls)
    return ", ".join(f"{outcome} ×{count}" for outcome, count in counts.most_common())


def _changed(before: Any, after: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON answers
    """What the late answer says otherwise than the first."""
    papers = {paper["code"]: paper["state"] for paper in before["papers"]}
    return {
        "fields": {
            name: field
            for name, field in after["fields"].items()
            if field["state"] != before["fields"].get(name, {}).get("state")
        },
        "evidence": after["evidence"],
        "papers": [paper for paper in after["papers"] if paper["state"] != papers.get(paper["code"])],
    }


def _told(body: Any) -> Table:  # noqa: ANN401 -- the JSON answer
    """The fields worth a line: those with a value or a doubt first."""
    table = Table("trường / field", "trạng thái / state", "giá trị / value", "nguồn / source")
    order = {"unavailable": 0, "disputed": 0, "filled": 1}
    rows = sorted(body["fields"].items(), key=lambda item: order.get(item[1]["state"], 2))
    for name, field in rows[:_SHOWN_FIELDS]:
        evidence = body["evidence"].get(field.get("evidence") or "", {})
        reason = (field.get("reason") or {}).get("code", "")
        table.add_row(name, field["state"], shown(field["value"]), evidence.get("source", reason))
    if len(rows) > _SHOWN_FIELDS:
        table.caption = f"… {len(rows) - _SHOWN_FIELDS} trường khác / more fields"
    return table


class _Nowhere:
    """A sink for log lines."""

    def write(self, line: bytes) -> int:
        return len(line)

    def flush(self) -> None: ...
