"""QR codes (ISO/IEC 18004) for printed pages: bytes, error correction level M, versions 1 to 20.

On paper an address and the hash of a record are read by a camera. Written here because it is one page of arithmetic
that does not change, and a page that is printed for a case file should need no package more.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup

from gateway.console.markup import tag

#: by version from 1, at level M (table 9): error correction codewords of a block, blocks
_BLOCKS = (
    (10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5),
    (30, 5), (22, 8), (22, 9), (24, 9), (24, 10), (28, 10), (28, 11), (26, 13), (26, 14), (26, 16),
)  # fmt: skip
_LEVEL_M = 0
_BYTES = 0b0100
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _x: y % 2 == 0,
    lambda _y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
_RUN = re.compile(r"#{5,}| {5,}")
_FINDER = re.compile(r"(?=# ### #    |    # ### #)")
_QUIET = 4  # light modules around it

Modules = list[list[bool]]


class TooLong(ValueError):
    """A text of more bytes than the largest version holds."""


class _Shape(NamedTuple):
    """The modules of a version that no data change, and which those are."""

    dark: Modules
    taken: Modules


def qr(text: str, label: str, mask: int | None = None) -> Markup:
    """The code as SVG; `label` says to people who do not see it what it holds. Raises TooLong.

    `mask`: a fixed one takes a tenth of the time; good enough for texts without patterns, as hashes.
    """
    modules = matrix(text, mask)
    runs = "".join(_runs(modules))
    size = len(modules) + 2 * _QUIET
    return tag(
        "svg", tag("rect", kind="qr-ground", width=size, height=size), tag("path", kind="qr-dark", d=runs),
        kind="qr", viewBox=f"0 0 {size} {size}", role="img", aria_label=label,
    )  # fmt: skip


def matrix(text: str, mask: int | None = None) -> Modules:
    """Rows of modules, True is dark. `mask`: else the one that scanners read best. Raises TooLong."""
    data = text.encode()
    version = _version(len(data))
    shape = _shape(version)
    bits = _interleaved(_codewords(data, version), version)
    free = tuple(_free(shape))
    made = [_masked(shape, free, bits, one) for one in (range(8) if mask is None else (mask,))]
    return min(made, key=_penalty)


# ------------------------------------------------------------------------------------------------ codewords


def _version(length: int) -> int:
    for version in range(1, len(_BLOCKS) + 1):
        if 4 + _count_bits(version) + 8 * length <= 8 * _data_codewords(version):
            return version
    raise TooLong


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _all_codewords(version: int) -> int:
    modules = (16 * version + 128) * version + 64
    if version >= 2:
        patterns = version // 7 + 2
        modules -= (25 * patterns - 10) * patterns - 55
        modules -= 36 if version >= 7 else 0
    return modules // 8


def _data_codewords(version: int) -> int:
    correction, blocks = _BLOCKS[version - 1]
    return _all_codewords(version) - correction * blocks


def _codewords(data: bytes, version: int) -> bytes:
    room = _data_codewords(version)
    bits = f"{_BYTES:04b}{len(data):0{_count_bits(version)}b}" + "".join(f"{one:08b}" for one in data)
    bits += "0" * min(4, 8 * room - len(bits))
    bits += "0" * (-len(bits) % 8)
    whole = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return whole + bytes((0xEC, 0x11)[place % 2] for place in range(room - len(whole)))


def _interleaved(data: bytes, version: int) -> str:
    """Blocks with their error correction, codeword by codeword, as bits."""
    correction, many = _BLOCKS[version - 1]
    short = len(data) // many
    longer = len(data) % many
    powers = _powers()
    divisor = _divisor(correction, powers)
    blocks, at = [], 0
    for number in range(many):
        length = short + (number >= many - longer)
        blocks.append(data[at : at + length])
        at += length
    columns = [block[place] for place in range(short + 1) for block in blocks if place < len(block)]
    rests = [_rest(block, divisor, powers) for block in blocks]
    columns += [rest[place] for place in range(correction) for rest in rests]
    return "".join(f"{one:08b}" for one in columns)


def _powers() -> tuple[int, ...]:
    """Of 2 in GF(256) by the polynomial 0x11D, twice over: an index needs no modulo."""
    powers = [1]
    for _ in range(254):
        double = powers[-1] << 1
        powers.append(double ^ 0x11D if double > 255 else double)
    return (*powers, *powers)


def _divisor(degree: int, powers: Sequence[int]) -> list[int]:
    """The generator polynomial (annex A), without its first coefficient, as exponents of 2."""
    made = [*[0] * (degree - 1), 1]
    for root in range(degree):
        shifted = [*made[1:], 0]
        made = [_times(one, root, powers) ^ other for one, other in zip(made, shifted, strict=True)]
    return [powers.index(one) for one in made]


def _times(one: int, exponent: int, powers: Sequence[int]) -> int:
    return powers[powers.index(one) + exponent] if one else 0


def _rest(data: bytes, divisor: Sequence[int], powers: Sequence[int]) -> list[int]:
    """Of the division by the generator polynomial: the error correction of a block."""
    logarithms = {power: exponent for exponent, power in enumerate(powers[:255])}
    rest = [0] * len(divisor)
    for one in data:
        factor = one ^ rest[0]
        rest = [*rest[1:], 0]
        if factor:
            at = logarithms[factor]
            rest = [was ^ powers[at + exponent] for was, exponent in zip(rest, divisor, strict=True)]
    return rest


# ------------------------------------------------------------------------------------------------ modules


def _shape(version: int) -> _Shape:
    size = 4 * version + 17
    shape = _Shape([[False] * size for _ in range(size)], [[False] * size for _ in range(size)])
    for place in range(size):
        _set(shape, 6, place, dark=place % 2 == 0)
        _set(shape, place, 6, dark=place % 2 == 0)
    for y, x in ((3, 3), (3, size - 4), (size - 4, 3)):
        _rings(shape, y, x, reach=4, light=(2, 4))
    places = _alignments(version)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for y in places:
        for x in places:
            if (y, x) not in corners:
                _rings(shape, y, x, reach=2, light=(1,))
    _write_format(shape, 0)
    _write_version(shape, version)
    return shape


def _set(shape: _Shape, y: int, x: int, *, dark: bool) -> None:
    shape.dark[y][x] = dark
    shape.taken[y][x] = True


def _rings(shape: _Shape, y: int, x: int, *, reach: int, light: Sequence[int]) -> None:
    size = len(shape.dark)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            if 0 <= y + down < size and 0 <= x + across < size:
                _set(shape, y + down, x + across, dark=max(abs(down), abs(across)) not in light)


def _alignments(version: int) -> list[int]:
    if version == 1:
        return []
    many = version // 7 + 2
    step = (version * 8 + many * 3 + 5) // (many * 4 - 4) * 2
    return [6, *sorted(4 * version + 10 - place * step for place in range(many - 1))]


def _write_format(shape: _Shape, mask: int) -> None:
    size = len(shape.dark)
    bits = _with_check(_LEVEL_M << 3 | mask, 10, 0x537) ^ 0x5412
    for place in range(15):
        dark = bool(bits >> place & 1)
        # beside the upper left finder, around its corner
        y = place if place < 6 else place + 1 if place < 8 else 8
        x = 8 if place < 8 else 7 if place == 8 else 14 - place
        _set(shape, y, x, dark=dark)
        # the copy: below the upper right, beside the lower left finder
        if place < 8:
            _set(shape, 8, size - 1 - place, dark=dark)
        else:
            _set(shape, size - 15 + place, 8, dark=dark)
    _set(shape, size - 8, 8, dark=True)


def _write_version(shape: _Shape, version: int) -> None:
    if version < 7:
        return
    size = len(shape.dark)
    bits = _with_check(version, 12, 0x1F25)
    for place in range(18):
        dark, far, near = bool(bits >> place & 1), size - 11 + place % 3, place // 3
        _set(shape, near, far, dark=dark)
        _set(shape, far, near, dark=dark)


def _with_check(value: int, degree: int, polynomial: int) -> int:
    """A BCH code: the value, and the rest of its division."""
    rest = value
    for _ in range(degree):
        rest = rest << 1 ^ (rest >> (degree - 1)) * polynomial
    return value << degree | rest


def _masked(shape: _Shape, free: Sequence[tuple[int, int]], bits: str, mask: int) -> Modules:
    made = _Shape([list(row) for row in shape.dark], shape.taken)
    flips = _MASKS[mask]
    # modules left over stand for 0
    for (y, x), bit in zip(free, bits.ljust(len(free), "0"), strict=True):
        made.dark[y][x] = (bit == "1") ^ flips(y, x)
    _write_format(made, mask)
    return made.dark


def _free(shape: _Shape) -> Iterator[tuple[int, int]]:
    """Modules of data in their order: pairs of columns from the right, up and down in turn."""
    size = len(shape.dark)
    is_up = True
    for right in (*range(size - 1, 6, -2), *range(5, 0, -2)):
        for y in range(size - 1, -1, -1) if is_up else range(size):
            for x in (right, right - 1):
                if not shape.taken[y][x]:
                    yield y, x
        is_up = not is_up


def _penalty(modules: Modules) -> int:
    """How hard it is to read (7.8.3): runs, blocks, false finders, an uneven share of dark."""
    size = len(modules)
    rows = ["".join("#" if one else " " for one in row) for row in modules]
    lines = "\n".join((*rows, *("".join(column) for column in zip(*rows, strict=True))))
    found = sum(len(run[0]) - 2 for run in _RUN.finditer(lines))
    found += 40 * len(_FINDER.findall(lines)) + 3 * _blocks(modules)
    dark = lines.count("#") // 2
    return found + 10 * int(abs(20 * dark - 10 * size * size) / (size * size))


def _blocks(modules: Modules) -> int:
    """Squares of two by two of one colour."""
    numbers = [int("".join("01"[one] for one in row), 2) for row in modules]
    all_pairs = (1 << (len(modules) - 1)) - 1
    changes = [number ^ number >> 1 for number in numbers]
    return sum(
        (~(here | below | one ^ other) & all_pairs).bit_count()
        for (here, below), (one, other) in zip(pairwise(changes), pairwise(numbers), strict=True)
    )


def _runs(modules: Modules) -> Iterator[str]:
    """Dark modules beside each other as one piece of a path."""
    for y, row in enumerate(modules):
        x = 0
        while x < len(row):
            length = 0
            while x + length < len(row) and row[x + length]:
                length += 1
            if length:
                yield f"M{x + _QUIET} {y + _QUIET}h{length}v1h-{length}z"
            x += length + 1
