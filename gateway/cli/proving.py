"""Proofs fetched from a gateway and checked here, without believing it: only the log's public key is trusted."""

import re
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import click
import orjson

from gateway.cli.client import Answer, Client, Unreachable
from gateway.exchange_log.merkle import leaf_hash, verify_consistency, verify_inclusion
from gateway.exchange_log.note import Checkpoint, NoteBroken, NoteVerifier, open_note, split_note

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: a record that was just written has its place within so many seconds
_PLACE_SECONDS = 10.0


class Shown(NamedTuple):
    """What a check found: `good`, in words, and for machines."""

    good: bool
    words: str
    facts: dict[str, Any]
    #: the signed checkpoint on which it rests
    note: str


def check_inclusion(client: Client, leaf: str, vkey: str) -> Shown | Answer:
    """Whether the record with this leaf hash is in the log; the answer of the gateway when it gives no proof."""
    query = f"leaf_hash={leaf}"
    first = _placed(client, f"/v1/audit/proof/inclusion?{query}")
    if first.status != 200:
        return first
    noted = client.get("/v1/audit/checkpoint")
    if noted.status != 200:
        return noted
    head, _ = _opened(str(noted.body), vkey)
    answer = client.get(f"/v1/audit/proof/inclusion?{query}&size={head.size}")
    if answer.status != 200:
        return answer
    place, hashes = answer.body["leaf_index"], answer.body["hashes"]
    return _included([place], str(noted.body), vkey, held=_holds(bytes.fromhex(leaf), place, hashes, head))


def _placed(client: Client, path: str) -> Answer:
    """The answer, once a record that was just written has its place: ten seconds at most."""
    end = time.monotonic() + _PLACE_SECONDS
    while True:
        answer = client.get(path)
        wait = answer.body.get("retry_after") if isinstance(answer.body, dict) else None
        if answer.status != 404 or not isinstance(wait, int) or time.monotonic() + wait > end:
            return answer
        time.sleep(wait)


def check_exchange(client: Client, exchange: str, vkey: str) -> Shown | Answer:
    """Whether the records of an exchange are in the log; the answer of the gateway when it gives none.

    The records themselves are fetched: their hashes are made here, and each must name this exchange.
    """
    with client.streamed("/v1/audit/export", {"search": {"exchange_id": exchange}}) as got:
        if isinstance(got, Answer):
            return got
        try:
            first, *lines = [orjson.loads(line) for line in got]
            note, records = str(first["checkpoint"]), [line for line in lines if "leaf" in line]
            head, _ = _opened(note, vkey)
            held = all(_is_of(one["leaf"], exchange) and _in(one, head) for one in records)
            places = [int(one["i"]) for one in records]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unreachable(f"{client.base} sent no export") from None
    if not records:
        query = urlencode({"exchange_id": exchange})
        answer = client.get(f"/v1/audit/proof/inclusion?{query}")
        if answer.status != 200:
            return answer
    return _included(places, note, vkey, held=held and bool(records))


def _included(places: list[int], note: str, vkey: str, *, held: bool) -> Shown:
    head, signed = _opened(note, vkey)
    good = held and signed is True
    words = f"records {', '.join(map(str, places))} of the log of {head.size} records, {_by(signed)}"
    facts = {"good": good, "records": places, "size": head.size, "root": head.root.hex(), "signed": signed}
    return Shown(good, words if good else f"NOT proven: {words}", facts, note)


def check_growth(client: Client, older: str | None, vkey: str) -> Shown | Answer:
    """The newest checkpoint, and whether the log grew out of the older one."""
    noted = client.get("/v1/audit/checkpoint")
    if noted.status != 200:
        return noted
    head, signed = _opened(str(noted.body), vkey)
    good, words = signed is True, f"{head.origin}: {head.size} records, {_by(signed)}"
    facts = {"size": head.size, "root": head.root.hex(), "signed": signed, "note": noted.body}
    if older is not None:
        before, signed_before = _opened(older, vkey)
        grew = _grew(client, before, head)
        good = good and signed_before is True and grew
        words += f"; {'it only grew' if grew else 'it did NOT grow'} out of the one of {before.size} records"
        facts |= {"since": before.size, "grew": grew}
    anchored = client.get("/v1/audit/anchors")
    if anchored.status == 200:  # else this client may not see them
        facts["anchors"] = anchored.body["anchors"]
        words += "".join(f"\n{told}" for told in anchors_told(anchored.body))
    return Shown(good, words, {"good": good, **facts}, str(noted.body))


def anchors_told(body: Any) -> list[str]:  # noqa: ANN401 -- the JSON answer
    """Anchors in words, one line each: what they have proven, and who owes a proof."""
    kinds = {"tsa": "time stamp by", "witness": "witnessed by", "daily": "in the file of the day"}
    lines = [
        f"{kinds[one['kind']]} {one['name']}: {one['size']} records, {one['time']}" for one in body["anchors"]
    ]
    owing = [one for one in body["configured"] if one["state"] != "ready"]
    lines += [
        f"{one['name']} is {one['state']} ({one.get('fault') or 'no proof'}), last {one['since']}"
        for one in owing
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


def vkey_of(ready_file: Path | None) -> str:
    """The log's public key as the ready file has it; empty without one."""
    return "" if ready_file is None else str(orjson.loads(ready_file.read_bytes())["log"]["vkey"] or "")


def _opened(note: str, vkey: str) -> tuple[Checkpoint, bool | None]:
    """What a note says, and whether one of the keys has signed it; None when there is none to tell.

    Several keys have spaces between: the log's own of before and after it was changed.
    """
    try:
        head = Checkpoint.parse(split_note(note)[0])
        if not vkey:
            return head, None
        verifiers = [NoteVerifier.parse(one) for one in vkey.split()]
    except NoteBroken as error:
        raise click.UsageError(f"checkpoint or key: {error}") from None
    try:
        open_note(note, verifiers)
    except NoteBroken:
        return head, False
    return head, all(one.name == head.origin for one in verifiers)


def _by(signed: bool | None) -> str:  # noqa: FBT001 -- three answers
    if signed is None:
        return "signature NOT checked: give the public key of the log with --vkey or MOTLAN_LOG_VKEY"
    return "signed by its key" if signed else "NOT signed by the key that you gave"


def _is_of(leaf: str, exchange: str) -> bool:
    members = orjson.loads(leaf)
    return isinstance(members, dict) and members.get("exchange") == exchange


def _in(record: Any, head: Checkpoint) -> bool:  # noqa: ANN401 -- the JSON line
    return _holds(leaf_hash(record["leaf"].encode()), record["i"], record["proof"], head)


def _holds(leaf: bytes, place: int, hashes: list[str], head: Checkpoint) -> bool:
    """The hash of the record is never taken from what was answered."""
    return verify_inclusion(leaf, place, head.size, [bytes.fromhex(one) for one in hashes], head.root)


def _grew(client: Client, before: Checkpoint, head: Checkpoint) -> bool:
    if before.origin != head.origin or before.size > head.size:
        return False
    answer = client.get(f"/v1/audit/proof/consistency?from={before.size}&to={head.size}")
    if answer.status != 200:
        return False
    proof = [bytes.fromhex(one) for one in answer.body["proof"]]
    return verify_consistency(before.size, before.root, head.size, head.root, proof)
