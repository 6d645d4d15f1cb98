"""A source that says yes or no about people: what is neither confirms nobody."""

import io
import re
from pathlib import Path

from gateway import telemetry
from tests.config.test_broken_files import replace
from tests.flows.conftest import ROOT, build, changed
from tests.flows.test_trust import lied, values
from tests.flows.test_try_source import tried

CHECK = "population.XacThucThongTinCongDan"
FILE, AGREED = "mappings/sources/population.yaml", "config/agreements/portal.yaml"
RULE = "        matches: {path: TonTai, transform: boolean}\n"
#: the words of the sandbox are no numbers
UNREADABLE = """        matches: {path: TonTai, transform: [integer, boolean]}
    examples:
      - name: a word that cannot be read
        answer: {TonTai: "true"}
        outcome: invalid

"""


def unreadable(tmp_path: Path) -> Path:
    """A project whose counters ask the verdict alone, which comes in words of no kind that the mapping reads."""
    text = (ROOT / FILE).read_text("utf-8")
    start = text.index(RULE)
    rule = text[start : text.index("  CungCapThongTinHoGiaDinh:", start)]
    root = changed(tmp_path / "root", FILE, (rule, UNREADABLE))
    agreed = re.findall(r"^  population\..*\n.*\n", (root / AGREED).read_text("utf-8"), re.MULTILINE)
    for one in agreed:
        replace(root, AGREED, one, f"  {CHECK}:\n    attributes: [matches]\n" if one == agreed[0] else "")
    return root


async def test_verdict_that_cannot_be_read_confirms_nobody_and_says_why(tmp_path: Path) -> None:
    sink = io.BytesIO()
    telemetry.set_up(sink)
    async with build(tmp_path / "state", {}, unreadable(tmp_path)) as house:
        who = lied(house, "facts_example", full_name="Nguyễn Thị Sai")
        form = await house.prefill("1.004873", {"requester": who, "person": {"same_as": "requester"}})
        trial = await tried(house, "civil_status.trichLuc")
        async with house.session.get(f"{house.admin}/metrics") as response:
            metrics = await response.text()
    entry = form["fields"]["nxnTinhTrangHonNhan"]
    assert entry["doubt"]["kind"] == "identity_unconfirmed", entry
    assert values(form)
    assert trial["unconfirmed"]["code"] == "source_answer_invalid"
    (by,) = trial["confirmed_by"]
    assert (by["data_service"], by["outcome"]) == (CHECK, "invalid")
    (fault,) = by["faults"]
    assert (fault["code"], fault["attribute"], fault["path"]) == ("unreadable", "matches", "TonTai")
    logged = sink.getvalue().decode()
    assert '"attribute":"matches"' in logged.replace(" ", "")
    assert re.search(r'source_faults_total\{[^}]*attribute="matches"', metrics), metrics
