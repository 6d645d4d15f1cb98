"""A WSDL is read by a child: what it answers, raises, prints or fails to do, and what stays behind (nothing)."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.transport.child import ChildFailed, call
from adapters.transport.shapes import PathRefused
from adapters.transport.wsdl import load
from gateway.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]
WSDL = ROOT / "schemas/sources/population/population.wsdl"
#: reads it, and says which of zeep's libraries the process holds then
READING = (
    "from pathlib import Path; from adapters.transport.wsdl import load;"
    f"print(len(load(Path({str(WSDL)!r}))), sorted({{'zeep', 'requests', 'isodate'}} & set(sys.modules)))"
)


def test_child_is_another_process_and_gives_what_the_function_returns() -> None:
    assert call(os.getpid) != os.getpid()
    assert call(sorted, {"b": 1, "a": 2}) == ["a", "b"]


def test_what_the_function_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        call(int, "x")
    with pytest.raises(FileNotFoundError):
        call(Path.read_text, Path("/nowhere/at/all"))


def test_error_of_a_class_unknown_here_brings_its_name_and_no_library() -> None:
    with pytest.raises(ChildFailed, match="NoSuchMailboxError"):
        call(exec, "import mailbox; raise mailbox.NoSuchMailboxError('x')")
    assert "mailbox" not in sys.modules
    with pytest.raises(ChildFailed, match="Odd"):
        call(exec, "class Odd(Exception): pass\nraise Odd")


def test_child_that_hangs_is_ended() -> None:
    with pytest.raises(TimeoutError):
        call(time.sleep, 3_600, seconds=0.1)


def test_child_that_dies_is_no_answer() -> None:
    with pytest.raises(ChildFailed, match="ended"):
        call(os._exit, 3)


def test_what_is_printed_there_does_not_come_between_the_answers() -> None:
    call(exec, "print('x', flush=True)")
    assert call(os.write, 1, b"x") == 1


def test_arguments_do_not_stand_in_the_process_list() -> None:
    line = call(Path.read_bytes, Path("/proc/self/cmdline"))
    assert b"sys.path" in line
    assert b"cmdline" not in line


def test_interrupt_from_the_terminal_does_not_reach_it() -> None:
    assert call(os.getpgrp) != os.getpgrp()


async def test_calls_of_one_turn_of_the_loop_share_a_child_that_ends_with_it() -> None:
    first = call(os.getpid)
    assert call(os.getpid) == first
    await asyncio.sleep(0)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert call(os.getpid) != first


async def test_shared_child_that_died_is_replaced() -> None:
    with pytest.raises(ChildFailed):
        call(os._exit, 3)
    assert call(abs, -1) == 1


async def test_threads_have_children_of_their_own() -> None:
    here = call(os.getpid)
    there = await asyncio.gather(*(asyncio.to_thread(call, os.getpid) for _ in range(2)))
    assert len({here, *there}) == 3


@pytest.mark.parametrize("isolated", [False, True])
def test_process_that_reads_a_wsdl_never_holds_zeep_wherever_it_stands(
    tmp_path: Path, isolated: bool
) -> None:
    # A program is found by PYTHONPATH or by a path that it made itself; the child finds it in either case.
    code = f"import sys; sys.path.append({str(ROOT)!r});" if isolated else "import sys;"
    command = [sys.executable, *(["-I"] if isolated else []), "-c", code + READING]
    environment = os.environ if isolated else {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 -- this interpreter
    assert run.stdout == f"{len(load(WSDL))} []\n"
    assert not run.stderr


GOOD = WSDL.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "reason", "remedy"),
    [
        ("not xml", "is not XML: Start tag expected", "mend line 1"),
        ("<a>\n<b>\n</a>", "is not XML: Opening and ending tag mismatch", "mend line 3"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "has a DOCTYPE", "take the DOCTYPE out of it"),
        (
            GOOD.replace('schemaLocation="answer.xsd"', 'schemaLocation="http://127.0.0.1:1/a.xsd"'),
            "names 'http://127.0.0.1:1/a.xsd', which is not beside it",
            "lay it beside as 'a.xsd': nothing is fetched; the address may stay as it is",
        ),
        (
            GOOD.replace("<xs:schema>", '<xs:schema><xs:include schemaLocation="gone.xsd"/>'),
            "names 'gone.xsd', which is not beside it",
            "lay every file that it names beside it, and name it by its path",
        ),
        (
            GOOD.replace('schemaLocation="answer.xsd"', 'schemaLocation="gone.xsd"'),
            "names 'gone.xsd', which is not beside it",
            "lay every file that it names beside it, and name it by its path",
        ),
        (
            GOOD.replace('use="literal"', 'use="encoded"'),
            "is SOAP-encoded",
            "ask the provider for a document/literal or rpc/literal binding",
        ),
        (
            '<description xmlns="http://www.w3.org/ns/wsdl"/>',
            "is a WSDL 2.0",
            "ask the provider for its WSDL 1.1",
        ),
        (
            "<html/>",
            "is no WSDL: it begins with 'html'",
            "give a WSDL 1.1 with a binding for SOAP, document/literal or rpc/literal",
        ),
        (
            GOOD.replace('xmlns:dan="', 'xmlns:dan="x'),
            "names the portType 'DanCuQuocGia' of 'xhttp://dancuquocgia.bca', which is defined nowhere",
            "define what is missing in the WSDL, or in one that it imports",
        ),
        (
            GOOD.replace('element="dan:', 'element="dan:Khong'),
            "names the element 'KhongTraCuuThongTinCongDan' of 'http://dancuquocgia.bca', which is declared nowhere",
            "declare what is missing in the WSDL, or in a schema beside it that it imports",
        ),
    ],
)
def test_bad_wsdl_is_told_with_its_file_and_what_stood_in_the_way(
    tmp_path: Path, text: str, reason: str, remedy: str
) -> None:
    (tmp_path / "tide.wsdl").write_text(text, "utf-8")
    for name in ("request.xsd", "answer.xsd"):
        (tmp_path / name).write_bytes(WSDL.with_name(name).read_bytes())
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "tide.wsdl")
    [problem] = caught.value.problems
    assert problem.file == "tide.wsdl"
    assert reason in problem.what
    assert problem.remedy == remedy


def test_missing_wsdl_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path("/nowhere/at/all.wsdl"))


async def test_good_wsdl_is_read_after_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "bad.wsdl").write_text("<a/>")
    with pytest.raises(ConfigError):
        load(tmp_path / "bad.wsdl")
    assert load(WSDL)


def test_type_that_contains_itself_is_read_as_deep_as_the_paths_go(tmp_path: Path) -> None:
    for file in (WSDL, WSDL.with_name("request.xsd"), WSDL.with_name("answer.xsd")):
        text = file.read_text("utf-8")
        endless = text.replace('name="Ho" type="xs:string"', 'name="Ho" type="dc:HoVaTen"')
        (tmp_path / file.name).write_text(endless, "utf-8")
    answer = load(tmp_path / WSDL.name)["TraCuuThongTinCongDan"].answer
    assert len(answer.narrowed(["CongDan.HoVaTen" + 40 * ".Ho" + ".Ten"]).children or ()) == 1
    with pytest.raises(PathRefused, match="Tne"):
        answer.narrowed(["CongDan.HoVaTen" + 40 * ".Ho" + ".Tne"])


def copied(folder: Path) -> Path:
    folder.mkdir()
    for path in WSDL.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / WSDL.name


def test_what_was_read_once_is_known_wherever_it_lies(tmp_path: Path) -> None:
    one, other = copied(tmp_path / "one"), copied(tmp_path / "other")
    assert load(one) is load(one)
    assert load(one) is load(other)


@pytest.mark.parametrize("name", ["population.wsdl", "answer.xsd"])
def test_file_that_changed_is_read_again(name: str, tmp_path: Path) -> None:
    wsdl = copied(tmp_path / "changing")
    before = load(wsdl)
    path = wsdl.with_name(name)
    path.write_bytes(path.read_bytes().replace(b"</xs:schema>", b"<!-- changed --></xs:schema>"))
    assert load(wsdl) is not before


def test_schema_that_is_gone_is_missed_though_it_was_read_once(tmp_path: Path) -> None:
    wsdl = copied(tmp_path / "incomplete")
    load(wsdl)
    wsdl.with_name("answer.xsd").unlink()
    with pytest.raises(ConfigError):
        load(wsdl)
