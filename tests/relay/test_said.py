"""What a receiver said, before it is kept: short, on one line, nothing that a terminal obeys."""

import orjson
import pytest

from gateway.relay.contents import shortened


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", ""),
        ("Hồ sơ của Đỗ Thị Thử\r\n\tkhông hợp lệ ", "Hồ sơ của Đỗ Thị Thử không hợp lệ"),
        ("a\x1b[31mb\x00c\u202ed\u200be\ud800f", "a[31mbcdef"),
        ("é" * 500, "é" * 500),
        ("é" * 501, "é" * 499 + "…"),
        (" " * 9_000 + "late", ""),
    ],
)
def test_words_are_short_and_harmless(said: str, kept: str) -> None:
    assert shortened(said) == kept
    assert orjson.dumps(shortened(said))
