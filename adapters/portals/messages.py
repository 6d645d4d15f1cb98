"""What portals have in common about a message: addresses of its files."""

from collections.abc import Mapping
from typing import Any

from adapters.portals.tools import Link
from gateway.domain.errors import FilesUnavailable

#: members of a message that hold papers or results, or parts with papers
_HOLDERS = ("papers", "results", "supplements")


async def linked(body: Mapping[str, Any], link: Link | None) -> Mapping[str, Any]:
    """The message with an address for each file of this gateway that has none. Raises GatewayError."""
    out = dict(body)
    if body.get("file") and not body.get("url"):
        if link is None:
            raise FilesUnavailable
        out["url"] = await link(str(body["file"]), str(body.get("file_name") or ""))
    for name in _HOLDERS:
        if parts := body.get(name):
            out[name] = [await linked(one, link) for one in parts]
    return out
