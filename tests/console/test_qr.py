"""QR codes: the drawing has each module of the code, a quiet zone and a label."""

import re

import pytest
import segno

from gateway.console.qr import qr
from tests.console.reading import Reading


def drawn(text: str, size: int) -> list[list[int]]:
    """The modules of a path of runs."""
    rows = [[0] * size for _ in range(size)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", text):
        for place in range(int(length)):
            rows[int(y) - 4][int(x) - 4 + place] = 1
    return rows


@pytest.mark.parametrize("text", ["https://motlan.example/", "Hưng Yên " * 40])
def test_drawing_has_each_module_of_the_code(text: str) -> None:
    code = segno.make_qr(text.encode(), error="m", boost_error=False)
    size = len(code.matrix)
    assert drawn(qr(text, "mã"), size) == [[int(one) for one in row] for row in code.matrix]


def test_text_that_is_too_long_is_said_so() -> None:
    with pytest.raises(ValueError, match="too large"):
        qr("x" * 2_332, "mã")


def test_code_has_a_quiet_zone_and_a_label() -> None:
    text = qr("https://motlan.example/", '<b>"Địa chỉ"</b>')
    seen = Reading(text)
    assert seen.running == []
    assert seen.of("svg")[0]["aria-label"] == '<b>"Địa chỉ"</b>'
    assert seen.of("svg")[0]["viewbox"] == "0 0 33 33"
    assert min(int(one) for one in re.findall(r"M(\d+) ", text)) == 4
