"""The lines of an export, letter by letter: other people's verifiers read them too."""

import hashlib

import pytest

from gateway.exchange_log.export import edges, first_line, hashes_line, last_line, record_line
from gateway.exchange_log.merkle import Frontier
from tests.exchange_log.sample import Log, with_hashes


def test_lines_are_written_in_one_way_only() -> None:
    head = first_line(
        checkpoint="note\n",
        origin="log.example",
        vkeys=["log.example+1a2b3c4d+AQ"],
        first=1,
        end=2,
        created="2026-11-25T09:00:00Z",
        edge={"start": [b"\x01" * 32], "end": []},
        consistency={5: [b"\x02" * 32]},
    )
    assert head.decode() == (
        '{"motlan_export":1,"origin":"log.example","vkeys":["log.example+1a2b3c4d+AQ"],"checkpoint":"note\\n",'
        f'"from":1,"to":2,"edge":{{"start":["{"01" * 32}"],"end":[]}},"consistency":{{"5":["{"02" * 32}"]}},'
        '"created":"2026-11-25T09:00:00Z"}'
    )
    assert record_line(7, '{"agency":"Xã"}'.encode()).decode() == r'{"i":7,"leaf":"{\"agency\":\"Xã\"}"}'
    assert record_line(7, b"a", [b"\x03" * 32]).decode() == f'{{"i":7,"leaf":"a","proof":["{"03" * 32}"]}}'
    assert (
        hashes_line(0, [b"\x01" * 32, b"\x02" * 32]).decode()
        == f'{{"t":0,"hashes":"{"01" * 32}{"02" * 32}"}}'
    )
    digest = hashlib.sha256(head).hexdigest()
    assert last_line(1, head).decode() == f'{{"end":true,"count":1,"head":"{digest}"}}'


def test_first_line_of_a_search_result_has_no_edge() -> None:
    head = first_line(
        checkpoint="n", origin="o", vkeys=[], first=0, end=9, created="2026-11-25T09:00:00Z", edge=None
    )
    assert head.endswith(b'"from":0,"to":9,"contiguous":false,"created":"2026-11-25T09:00:00Z"}')


def test_lines_of_hashes_stand_at_the_ends_of_tiles() -> None:
    log = Log(600)
    lines = list(with_hashes((index, log.leaves[index], log.hashes[index]) for index in range(100, 520)))
    places = [place for place, line in enumerate(lines) if line.startswith(b'{"t":')]
    assert places == [156, 156 + 257, 156 + 257 + 9]
    assert [lines[place][:6] for place in places] == [b'{"t":0', b'{"t":1', b'{"t":2']
    assert list(with_hashes([])) == []


def test_edges_and_records_make_the_root() -> None:
    log = Log(600)
    for first, end in ((0, 600), (100, 520), (599, 600), (0, 0)):
        edge = edges(first, end, 600, log.node)
        tree = Frontier(first, edge["start"])
        tree.extend(log.hashes[first:end])
        assert tree.root() == log.root(end)


def test_leaf_that_is_no_text_is_not_exported() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        record_line(0, b"\xff")
