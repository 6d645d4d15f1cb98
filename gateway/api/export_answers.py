"""JSON Schemas of the lines of an export (gateway/exchange_log/README.md, "The form of an export")."""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_PLACE: dict[str, Any] = {"type": "integer", "minimum": 0}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HASHES: dict[str, Any] = {"type": "array", "items": _HASH}
_TIME = {"type": "string", "format": "date-time"}


def _line(required: str, description: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON Schema
    return {
        "type": "object",
        "description": description,
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


_SEARCHED = _line(
    "filters skipped_periods archives",
    "what a search was for, by the names of its filters, and where it could not look",
    filters=_TEXTS,
    skipped_periods={**_TEXTS, "description": "months whose keys were destroyed: nobody is found in them"},
    archives={**_TEXTS, "description": "files with older records, which are not in the database any more"},
)
EXPORT_ANSWERS: dict[str, Any] = {
    "ExportFirstLine": _line(
        "motlan_export origin vkeys checkpoint from to created",
        "line 1; the members are in this order",
        motlan_export={"const": 1},
        origin={**_TEXT, "description": "name of the log"},
        vkeys={
            **_TEXTS,
            "description": "its public keys, former ones as well; take them from elsewhere to verify",
        },
        checkpoint={**_TEXT, "description": "C2SP signed note, for whose tree everything is proven"},
        **{
            "from": {**_PLACE, "description": "first index"},
            "to": {**_PLACE, "description": "index after the last"},
        },
        edge=_line(
            "start end",
            "of a stretch: hashes of the perfect subtrees left of `from` and right of `to`, from left to right",
            start=_HASHES,
            end=_HASHES,
        ),
        contiguous={"const": False, "description": "of a search result, in the place of `edge`"},
        searched=_SEARCHED,
        consistency={
            "type": "object",
            "description": "older size -> proof that the log grew out of it (RFC 9162, 2.1.4)",
            "additionalProperties": _HASHES,
        },
        since={**_TIME, "description": "of the span of time that was asked for"},
        until=_TIME,
        created=_TIME,
    ),
    "ExportRecordLine": _line(
        "i leaf",
        "one record",
        i={**_PLACE, "description": "its index"},
        leaf={**_TEXT, "description": "its leaf; the UTF-8 of this text is what is hashed"},
        proof={**_HASHES, "description": "of a search result: its inclusion proof (RFC 9162, 2.1.3)"},
    ),
    "ExportHashesLine": _line(
        "t hashes",
        "of a stretch, after each 256th leaf of the log and after the last record",
        t={**_PLACE, "description": "number of the tile"},
        hashes={
            "type": "string",
            "pattern": "^([0-9a-f]{64})+$",
            "description": "leaf hashes that the log keeps of the records since the last such line, end to end",
        },
    ),
    "ExportLastLine": _line(
        "end count head",
        "the last line",
        end={"const": True},
        count={**_PLACE, "description": "records in the file"},
        head={**_HASH, "description": "SHA-256 of line 1 without its newline"},
    ),
    "ExportLines": {
        "type": "string",
        "description": "JSON lines, which `motlan verify-log` checks: ExportFirstLine, then ExportRecordLine and, in a"
        " stretch, ExportHashesLine, then ExportLastLine. Or CSV, which proves nothing: names, then a line a record."
        " `X-Records-Waiting`: records without a place yet; of a CSV of a search also `X-Skipped-Periods` and"
        " `X-Archives`, what line 1 would say.",
        "x-lines": [
            {"$ref": f"#/components/schemas/Export{name}Line"}
            for name in ("First", "Record", "Hashes", "Last")
        ],
    },
}
