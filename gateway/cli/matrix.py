"""The matrix of `motlan cuts`: every cast asked at the real door of a gateway beside its sandbox, paper by paper.

Promises: a gateway of its own on free ports, state that is gone afterwards, and no row that depends
on the rows before (a source that fails stays asked: breakers never open).
"""

import asyncio
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from gateway import telemetry
from gateway.cli.casts import Casting
from gateway.cli.client import ClientAnswer, GatewayClient
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import DECLARED, Procedure
from gateway.serving.server import ServeOptions, running, with_ports

CUT = frozenset({"replaced", "reusable"})
#: nothing is cut, be it that the paper does not apply
_ASKED = frozenset({"required", "not_applicable"})
_AT_ONCE = 8
_NEVER = "1000000"
_REQUESTER = "portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """What became of one paper in one cast."""

    procedure: str
    paper: str
    cast: str
    #: state of the paper, or `refused` where the whole request was
    verdict: str
    #: what proves it, or why it is asked for
    proof: str
    #: the words of the rule that gave it
    rule: str
    warnings: tuple[str, ...] = ()


async def matrix(
    root: Path,
    catalogue: Catalogue,
    castings: Sequence[Casting],
    *,
    all_published: bool,
    done: Callable[[int], object] = lambda _count: None,
) -> list[MatrixRow]:
    """The rows of all casts, in their order. `all_published`: as if every owner of a database had published all."""
    async with _client(root, catalogue, all_published=all_published) as client:
        # threads of their own: the gateway needs those of the loop
        with ThreadPoolExecutor(_AT_ONCE) as threads:

            async def rows(casting: Casting) -> list[MatrixRow]:
                asked = partial(client.post, "/v1/prefill", casting.body)
                answer = await asyncio.get_running_loop().run_in_executor(threads, asked)
                done(1)
                return list(_rows(casting, catalogue.procedures[casting.procedure], answer))

            found = await asyncio.gather(*map(rows, castings))
    return [row for each in found for row in each]


def broken(castings: Sequence[Casting], rows: Sequence[MatrixRow], *, all_published: bool) -> list[str]:
    """Casts that do not come out as they say: a paper that is cut and must be asked for, or the other way round."""
    verdicts = {(row.procedure, row.cast, row.paper): row.verdict for row in rows}
    return [
        f"{one.procedure} {paper} {one.name}: {verdict}, expected {expected} ({one.what})"
        for one in castings
        for papers, expected in ((one.asks, "required"), (one.cuts if all_published else (), "cut"))
        for paper in papers
        if (verdict := verdicts[one.procedure, one.name, paper])
        not in (_ASKED if expected == "required" else CUT)
    ]


@asynccontextmanager
async def _client(root: Path, catalogue: Catalogue, *, all_published: bool) -> AsyncIterator[GatewayClient]:
    telemetry.set_up(io.BytesIO(), level=50)
    with tempfile.TemporaryDirectory(prefix="motlan-cuts-") as folder:
        config = root / "config"
        if all_published:
            config = Path(folder) / "config"
            shutil.copytree(root / "config", config)
            (config / "published_scopes.yaml").write_bytes(_all_scopes(catalogue))
        # a machine that is busy for a moment changes no verdict
        patient = {"gateway.prefill.deadline_ms": "10000"}
        for path in config.glob("sources/*.yaml"):
            limits = {"breaker_failures": _NEVER, "connect_ms": "10000", "total_ms": "25000"}
            patient |= {f"sources.{path.stem}.limits.{name}": value for name, value in limits.items()}
        plan = ServeOptions(
            root=root, config=config, state=Path(folder), overrides=patient, with_sandbox=True
        )
        async with running(with_ports(plan, api=0, admin=0, sandbox=0), with_admin=False) as (_, content):
            known: Any = content["clients"]
            yield GatewayClient(
                str(content["gateway"]), known[_REQUESTER]["client_id"], known[_REQUESTER]["client_secret"]
            )  # fmt: skip


def _all_scopes(catalogue: Catalogue) -> bytes:
    """`published_scopes.yaml` (JSON is YAML) with all that every source gives."""
    scopes = [
        {
            "scope": f"all-{plan.name}",
            "service": plan.name,
            "attributes": sorted(plan.attributes),
            "document": "none: as if it were published",
            "published_on": "2026-01-01",
            "mark": "sandbox",
        }
        for service in catalogue.services.values()
        for plan in service.values()
        if plan.evidence != DECLARED
    ]
    return orjson.dumps({"scopes": scopes})


def _rows(casting: Casting, procedure: Procedure, answer: ClientAnswer) -> Iterator[MatrixRow]:
    if answer.status != 200:
        problem = answer.body or {}
        why = " ".join(
            map(
                str,
                (answer.status, problem.get("code"), *(one["detail"] for one in problem.get("errors", ()))),
            )
        )
        for paper in procedure.papers:
            yield MatrixRow(
                procedure=casting.procedure, paper=paper, cast=casting.name, verdict="refused", proof=why,
                rule=str(problem.get("rule", "")),
            )  # fmt: skip
        return
    warnings = tuple(one["code"] for one in answer.body["warnings"])
    for paper in answer.body["papers"]:
        cut = paper["state"] in CUT
        reason = paper.get("reason") or {}
        yield MatrixRow(
            procedure=casting.procedure,
            paper=paper["code"],
            cast=casting.name,
            verdict=paper["state"],
            proof=_proof(paper["by"], answer.body["evidence"]) if cut else str(reason.get("code", "")),
            rule=_rule(paper["by"], answer.body["evidence"]) if cut else _named(reason),
            warnings=warnings,
        )


def _named(reason: Mapping[str, Any]) -> str:
    return str(reason.get("rule") or reason.get("condition") or "")


def _proof(by: object, evidence: Mapping[str, Any]) -> str:
    """The evidence that stands for the paper: `population of mother: person.full_name`."""
    by_word: dict[str, list[str]] = {}
    for place, name in _words(by):
        if (one := evidence.get(place)) is not None:
            by_word.setdefault(f"{one['source']} of {one['subject']}", []).append(name)
    return "; ".join(f"{whose}: {', '.join(names)}" for whose, names in by_word.items())


def _rule(by: object, evidence: Mapping[str, Any]) -> str:
    """What held beside the evidence: `same parcel:land_parcel.number; in_force owner_alive`."""
    by_word: dict[str, dict[str, None]] = {}
    for word, name in _words(by):
        if word not in evidence:
            by_word.setdefault(word, {})[name] = None
    return "; ".join(f"{word} {', '.join(names)}" for word, names in by_word.items())


def _words(by: object) -> Iterator[tuple[str, str]]:
    """The leaves of what proves a paper: evidence and attribute, or a word of the rule and what it names."""
    if isinstance(by, Mapping):
        by = [one for group in by.values() for one in group]
    if isinstance(by, list):
        for one in by:
            yield from _words(one)
    elif by:
        word, _, name = str(by).partition(":")
        yield word, name
