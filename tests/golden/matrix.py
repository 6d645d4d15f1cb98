"""What becomes of every paper in every cast, as text that a person can read: one file a procedure in this folder.

Written anew by `python -m tests.golden.matrix` (with PYTHONPATH=.), and compared by `test_cuts.py`.
Who changes a rule looks at the difference: a line that turns to `replaced` or `reusable` says that the official
no longer gets this paper to see.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import uvloop

from gateway.cli.casts import Casting, load_casts
from gateway.cli.cuts import people
from gateway.cli.matrix import CUT, MatrixRow, matrix
from gateway.mapping.load import Catalogue, load_catalogue

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
_ABOUT = """\
Verdict of every paper for every cast: as configured | when every owner has published all its data.
`motlan cuts` shows the same with proof and rule; `python -m tests.golden.matrix` writes this file anew.
"""


def run(*, all_published: bool) -> list[MatrixRow]:
    """The matrix, asked at a gateway of its own."""
    return uvloop.run(matrix(ROOT, catalogue(), castings(), all_published=all_published))


@cache
def catalogue() -> Catalogue:
    """The mappings that are shipped."""
    return load_catalogue(ROOT)


@cache
def castings() -> list[Casting]:
    """All casts."""
    return load_casts(ROOT, catalogue(), people(ROOT))


def pages(configured: Sequence[MatrixRow], published: Sequence[MatrixRow]) -> dict[str, str]:
    """Procedure -> its page."""
    what = {(one.procedure, one.name): one.what for one in castings()}
    found: dict[str, list[tuple[MatrixRow, MatrixRow]]] = defaultdict(list)
    for pair in zip(configured, published, strict=True):
        found[pair[0].procedure].append(pair)
    return {code: _page(code, pairs, what) for code, pairs in found.items()}


def _page(
    code: str, pairs: Sequence[tuple[MatrixRow, MatrixRow]], what: Mapping[tuple[str, str], str]
) -> str:
    lines = [f"# {code}", "", _ABOUT]
    casts = list(dict.fromkeys(row.cast for row, _ in pairs))
    warned = {row.cast: row.warnings for row, _ in pairs}
    lines += ["## Casts, with their warnings", ""]
    width = max(map(len, casts))
    for cast in casts:
        told = f"  [{', '.join(warned[cast])}]" if warned[cast] else ""
        lines.append(f"    {cast:{width}}  {what[code, cast]}{told}")
    for paper in dict.fromkeys(row.paper for row, _ in pairs):
        lines += ["", f"## {paper}", "", *_paper([one for one in pairs if one[0].paper == paper], width)]
    return "\n".join(lines) + "\n"


def _paper(pairs: Sequence[tuple[MatrixRow, MatrixRow]], width: int) -> Iterator[str]:
    said = {(_said(row), _said(published)) for row, published in pairs}
    if len(said) == 1:
        [(before, after)] = said
        yield f"    every cast: {before if before == after else f'{before} | {after}'}"
        return
    lefts = [_said(row) for row, _ in pairs]
    wide = max(map(len, lefts))
    for left, (row, published) in zip(lefts, pairs, strict=True):
        right = _said(published)
        yield f"    {row.cast:{width}}  {left:{wide}} | {'same' if right == left else right}".rstrip()


def _said(row: MatrixRow) -> str:
    """`REPLACED by population of mother: …`: what is cut stands out."""
    if row.verdict in CUT:
        return f"{row.verdict.upper()} by {row.proof}"
    return " ".join(filter(None, (row.verdict, row.proof, row.rule)))


def page(code: str) -> Path:
    """The file of a procedure."""
    return FOLDER / f"cuts-{code}.txt"


if __name__ == "__main__":
    for code, text in pages(run(all_published=False), run(all_published=True)).items():
        page(code).write_text(text, "utf-8")
