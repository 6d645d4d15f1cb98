"""Proofs fetched from a gateway and checked here, without believing it: only the log's public key is trusted."""

import functools
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import click
import orjson

from gateway.cli.client import ClientAnswer, GatewayClient, Unreachable
from gateway.domain.dates import local_text
from gateway.exchange_log.merkle import leaf_hash, verify_consistency, verify_inclusion
from gateway.exchange_log.note import (
    COSIGNATURE,
    Checkpoint,
    NoteBroken,
    NoteVerifier,
    open_note,
    signatures_of,
    split_note,
)
from gateway.exchange_log.report import shown_plainly

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: a record that was just written has its place within so many seconds
_PLACE_SECONDS = 10.0
_SHORTEST_WAIT = 0.2
_KEYS = "--vkey KEY for each or MOTLAN_LOG_VKEY with spaces between"


class CheckResult(NamedTuple):
    """What a check found: `good`, in words, and for machines."""

    good: bool
    words: str
    facts: dict[str, Any]
    #: the signed checkpoint on which it rests
    note: str


class Opened(NamedTuple):
    """A signed checkpoint that was looked at."""

    head: Checkpoint
    #: whether one of the given keys has signed it; None when none was given
    signed: bool | None
    #: the same in words
    by: str


def newest_note(client: GatewayClient) -> str | ClientAnswer:
    """The newest signed checkpoint, or the refusal; Unreachable when what was sent is none."""
    noted = client.get("/v1/audit/checkpoint")
    return noted if noted.status != 200 else _noted(client, noted.body)


def _noted(client: GatewayClient, note: object) -> str:
    try:
        Checkpoint.parse(split_note(str(note))[0])
    except NoteBroken as error:
        raise Unreachable(f"{client.base} sent what is no checkpoint: {error}") from None
    return str(note)


def _readable(check: Callable[..., CheckResult | ClientAnswer]) -> Callable[..., CheckResult | ClientAnswer]:
    """A check that ends with Unreachable when what the gateway sent cannot be read."""

    @functools.wraps(check)
    def reading(client: GatewayClient, *given: Any) -> CheckResult | ClientAnswer:  # noqa: ANN401 -- those of the check
        try:
            return check(client, *given)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise Unreachable(f"{client.base} sent no proof that can be read") from None

    return reading


@_readable
def check_inclusion(client: GatewayClient, leaf: str, vkeys: Sequence[str]) -> CheckResult | ClientAnswer:
    """Whether the record with this leaf hash is in the log; the answer of the gateway when it gives no proof."""
    query = f"leaf_hash={leaf}"
    first = _placed(client, f"/v1/audit/proof/inclusion?{query}")
    if first.status != 200:
        return first
    note = newest_note(client)
    if isinstance(note, ClientAnswer):
        return note
    head, *_ = _opened(note, vkeys)
    answer = client.get(f"/v1/audit/proof/inclusion?{query}&size={head.size}")
    if answer.status != 200:
        return answer
    place, hashes = answer.body["leaf_index"], answer.body["hashes"]
    return _included([place], note, vkeys, held=_holds(bytes.fromhex(leaf), place, hashes, head))


def _placed(client: GatewayClient, path: str) -> ClientAnswer:
    """The answer, once a record that was just written has its place: ten seconds at most."""
    end = time.monotonic() + _PLACE_SECONDS
    while True:
        answer = client.get(path)
        wait = answer.body.get("retry_after") if isinstance(answer.body, dict) else None
        if answer.status != 404 or not isinstance(wait, int) or time.monotonic() + wait > end:
            return answer
        time.sleep(max(wait, _SHORTEST_WAIT))


@_readable
def check_exchange(client: GatewayClient, exchange: str, vkeys: Sequence[str]) -> CheckResult | ClientAnswer:
    """Whether the records of an exchange are in the log; the answer of the gateway when it gives none.

    The records themselves are fetched: their hashes are made here, and each must name this exchange.
    """
    with client.streamed("/v1/audit/export", {"search": {"exchange_id": exchange}}) as got:
        if isinstance(got, ClientAnswer):
            return got
        try:
            first, *lines = [orjson.loads(line) for line in got]
            note, records = _noted(client, first["checkpoint"]), [line for line in lines if "leaf" in line]
            head, *_ = _opened(note, vkeys)
            held = all(_is_of(one["leaf"], exchange) and _in(one, head) for one in records)
            places = [int(one["i"]) for one in records]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unreachable(f"{client.base} sent no export") from None
    if not records:
        query = urlencode({"exchange_id": exchange})
        answer = client.get(f"/v1/audit/proof/inclusion?{query}")
        if answer.status != 200:
            return answer
    return _included(places, note, vkeys, held=held and bool(records))


def _included(places: list[int], note: str, vkeys: Sequence[str], *, held: bool) -> CheckResult:
    head, signed, by = _opened(note, vkeys)
    good = held and signed is True
    words = f"records {', '.join(map(str, places))} of the log of {head.size} records, {by}"
    facts = {"good": good, "records": places, "size": head.size, "root": head.root.hex(), "signed": signed}
    return CheckResult(good, words if good else f"NOT proven: {words}", facts, note)


@_readable
def check_growth(
    client: GatewayClient, older: str | None, vkeys: Sequence[str]
) -> CheckResult | ClientAnswer:
    """The newest checkpoint, and whether the log grew out of the older one."""
    note = newest_note(client)
    if isinstance(note, ClientAnswer):
        return note
    head, signed, by = _opened(note, vkeys)
    good, words = signed is True, f"{head.origin}: {head.size} records, {by}"
    facts = {"size": head.size, "root": head.root.hex(), "signed": signed, "note": note}
    if older is not None:
        before, signed_before, by_before = _opened(older, vkeys)
        grew = _grew(client, before, head)
        good = good and signed_before is True and grew
        words += f"; {'it only grew' if grew else 'it did NOT grow'} out of the one of {before.size} records"
        words += f"\n--since, {before.size} records: {by_before}" * (signed_before is False)
        facts |= {"since": before.size, "grew": grew, "since_signed": signed_before}
    anchored = client.get("/v1/audit/anchors")
    if anchored.status == 200:  # else this client may not see them
        facts["anchors"] = anchored.body["anchors"]
        words += "".join(f"\n{line}" for line in anchors_told(anchored.body))
    return CheckResult(good, words, {"good": good, **facts}, note)


def anchors_told(body: Any) -> list[str]:  # noqa: ANN401 -- the JSON answer
    """Anchors in words, one line each: what they have proven, and which proof is missing."""
    kinds = {"tsa": "time stamp by", "witness": "witnessed by", "daily": "in the file of the day"}
    lines = [
        f"{kinds[one['kind']]} {one['name']}: {one['size']} records, {local_text(one['time'])}"
        for one in body["anchors"]
    ]
    missing = [one for one in body["configured"] if one["state"] != "ready"]
    lines += [
        f"{one['name']} is {one['state']} ({one.get('fault') or 'no proof'}), last {local_text(one['since'] or '—')}"
        for one in missing
    ]
    return lines


def read_receipt(place: str) -> str:
    """The leaf hash: as it is, or out of JSON in a file or on standard input."""
    if _HASH.fullmatch(place):
        return place
    try:
        raw = sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
    except OSError as error:
        raise click.UsageError(f"receipt: the file cannot be read ({error.strerror})") from None
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = raw.decode("ascii", "replace").strip()
    if isinstance(found, dict):
        found = (found.get("receipt") or found).get("leaf_hash", "")
    if not isinstance(found, str) or not _HASH.fullmatch(found):
        raise click.UsageError("receipt: 64 hex digits, or JSON with receipt.leaf_hash, is expected")
    return found


def vkeys_of(ready_file: Path | None) -> list[str]:
    """The log's public keys as the ready file has them; none without one."""
    found = None if ready_file is None else orjson.loads(ready_file.read_bytes())["log"]["vkey"]
    return str(found or "").split()


def _opened(note: str, vkeys: Sequence[str]) -> "Opened":
    """What a note says and by whom it is signed. UsageError for what is no note, or a key that is none."""
    try:
        head = Checkpoint.parse(split_note(note)[0])
        verifiers = [NoteVerifier.parse(one) for one in vkeys]
    except NoteBroken as error:
        raise click.UsageError(f"checkpoint or key: {error}") from None
    if not verifiers:
        return Opened(head, None, f"signature NOT checked: give the public key of the log with {_KEYS}")
    try:
        open_note(note, logs := [one for one in verifiers if one.kind != COSIGNATURE])
        if any(one.name == head.origin and one.time is None for one in signatures_of(note, logs)):
            return Opened(head, True, "signed by its key")
        fault = f"the key that you gave signs for another log than {head.origin}"
    except NoteBroken as error:
        fault = str(error)
    words = f"NOT signed by a key that you gave: {fault}; if the log's key was changed, give the other one too, {_KEYS}"
    return Opened(head, False, shown_plainly(words))


def _is_of(leaf: str, exchange: str) -> bool:
    members = orjson.loads(leaf)
    return isinstance(members, dict) and members.get("exchange") == exchange


def _in(record: Any, head: Checkpoint) -> bool:  # noqa: ANN401 -- the JSON line
    return _holds(leaf_hash(record["leaf"].encode()), record["i"], record["proof"], head)


def _holds(leaf: bytes, place: int, hashes: list[str], head: Checkpoint) -> bool:
    """The hash of the record is never taken from what was answered."""
    return verify_inclusion(leaf, place, head.size, [bytes.fromhex(one) for one in hashes], head.root)


def _grew(client: GatewayClient, before: Checkpoint, head: Checkpoint) -> bool:
    if before.origin != head.origin or before.size > head.size:
        return False
    answer = client.get(f"/v1/audit/proof/consistency?from={before.size}&to={head.size}")
    if answer.status != 200:
        return False
    try:
        proof = [bytes.fromhex(one) for one in answer.body["proof"]]
    except (KeyError, TypeError, ValueError):
        return False
    return verify_consistency(before.size, before.root, head.size, head.root, proof)
