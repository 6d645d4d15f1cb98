"""QR codes (ISO/IEC 18004) for printed pages: on paper an address and the hash of a record are read by a camera."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from gateway.console.markup import tag

_QUIET = 4  # light modules around it


def qr(text: str, label: str) -> Markup:
    """The code as SVG, at error correction level M; `label` says to people who do not see it what it holds.

    Raises ValueError for a text of more than 2 331 bytes.
    """
    # only where a page is printed
    import segno  # noqa: PLC0415

    made = segno.make_qr(text.encode(), error="m", boost_error=False)
    width, height = made.symbol_size(border=_QUIET)
    path = "".join(_runs([bytes(row) for row in made.matrix]))
    return tag(
        "svg", tag("rect", kind="qr-ground", width=width, height=height), tag("path", kind="qr-dark", d=path),
        kind="qr", viewBox=f"0 0 {width} {height}", role="img", aria_label=label,
    )  # fmt: skip


def _runs(rows: Sequence[bytes]) -> Iterator[str]:
    """Dark modules beside each other as one piece of a path."""
    for y, row in enumerate(rows, _QUIET):
        x = _QUIET
        for is_dark, group in groupby(row):
            length = len(list(group))
            if is_dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
