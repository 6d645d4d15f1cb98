"""QR codes: module by module those of another implementation, and read back."""

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console import qr
from tests.console.reading import Reading

#: by version: bytes of its longest text, mask, and the digest of the modules that `qrcode` 8 (PyPI) makes of it
OTHERS = {
    1: (14, 1, "27dbcb118603c564"), 2: (26, 2, "75520a1b77eb8855"), 3: (42, 3, "a581eda4108f53e2"),
    4: (62, 4, "ce568f02e4fa29ee"), 5: (84, 5, "97960f08791ecf40"), 6: (106, 6, "457a2a40d9f3d92e"),
    7: (122, 7, "5e5ea384b63a0e02"), 8: (152, 0, "0cff8bd82556d3aa"), 9: (180, 1, "ddd45db652ef67a9"),
    10: (213, 2, "d6ece579ea24d1f2"), 11: (251, 3, "100f5b0893cca992"), 12: (287, 4, "6eb6b2b942b41194"),
    13: (331, 5, "60a846ae2041f616"), 14: (362, 6, "4de939266fc4703e"), 15: (412, 7, "f4c152f0bdc8ab16"),
    16: (450, 0, "f54f1e928c12ec93"), 17: (504, 1, "b526ba073518bba7"), 18: (560, 2, "d3b4e3bfdd44e421"),
    19: (624, 3, "2099a4f721e56434"), 20: (666, 4, "3947754ab5dca98e"),
}  # fmt: skip
TEXT = "https://motlan.example/" + "x" * 700


def read(modules: qr.Modules) -> bytes:
    """What a camera reads where no module is damaged: mask, order of modules, order of blocks."""
    version = (len(modules) - 17) // 4
    shape = qr._shape(version)
    format_bits = [modules[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)]
    mask = (int("".join("01"[one] for one in format_bits[:5]), 2) ^ 0b10101) & 7
    bits = "".join("01"[modules[y][x] ^ qr._MASKS[mask](y, x)] for y, x in qr._free(shape))
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    _, many = qr._BLOCKS[version - 1]
    length = qr._data_codewords(version)
    blocks: list[list[int]] = [[] for _ in range(many)]
    sizes = [length // many + (number >= many - length % many) for number in range(many)]
    at = 0
    for place in range(max(sizes)):
        for number in range(many):
            if place < sizes[number]:
                blocks[number].append(words[at])
                at += 1
    stream = "".join(f"{one:08b}" for block in blocks for one in block)
    assert stream[:4] == "0100"
    bits_of_count = 8 if version < 10 else 16
    count = int(stream[4 : 4 + bits_of_count], 2)
    data = stream[4 + bits_of_count :][: 8 * count]
    return bytes(int(data[place : place + 8], 2) for place in range(0, len(data), 8))


@pytest.mark.parametrize("version", OTHERS)
def test_modules_are_those_of_another_implementation(version: int) -> None:
    length, mask, digest = OTHERS[version]
    made = qr.matrix(TEXT[:length], mask)
    assert len(made) == 4 * version + 17
    flat = "".join("01"[one] for row in made for one in row)
    assert hashlib.sha256(flat.encode()).hexdigest()[:16] == digest


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=120))
def test_what_is_written_is_read_back(text: str) -> None:
    assert read(qr.matrix(text)) == text.encode()


def test_a_text_that_is_too_long_is_said_so() -> None:
    with pytest.raises(qr.TooLong):
        qr.matrix("x" * 667)


def test_the_code_has_a_quiet_zone_and_a_label() -> None:
    text = qr.qr("https://motlan.example/", '<b>"Địa chỉ"</b>')
    seen = Reading(text)
    assert seen.running == []
    assert seen.of("svg")[0]["aria-label"] == '<b>"Địa chỉ"</b>'
    assert seen.of("svg")[0]["viewbox"] == "0 0 33 33"
    places = [int(one) for one in re.findall(r"M(\d+) ", text)]
    assert min(places) == 4
