"""What portals have in common about a message: addresses of its files, and whether it can be written at all."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.portals.tools import Link, LinkFor
from gateway.domain.dossier import MessageKind
from gateway.domain.errors import FilesUnavailable
from gateway.domain.evidence import NOTHING
from gateway.mapping.messages import MessageFault, PortalPlans, WireFields
from gateway.mapping.shapes import check_shape
from gateway.ports.relay import Unwritable

#: members of a message that hold papers or results, or parts with papers
_HOLDERS = ("papers", "results", "supplements")


async def linked(
    body: Mapping[str, Any],
    link: Link | None,
    whom: LinkFor,
    ids: Mapping[str, str] = NOTHING,
    member: str = "",
) -> Mapping[str, Any]:
    """The message with an address, or what `link` gives, for each file of this gateway that has none.

    `ids`: papers and results -> a member of `more` that has it too; `member`: that of this part. Raises GatewayError.
    """
    out = dict(body)
    if body.get("file") and not body.get("url"):
        if link is None:
            raise FilesUnavailable
        out["url"] = await link(str(body["file"]), str(body.get("file_name") or ""), whom)
        if member:
            out["more"] = {**body.get("more", {}), member: out["url"]}
    for name in _HOLDERS:
        if parts := body.get(name):
            out[name] = [await linked(one, link, whom, ids, ids.get(name, "")) for one in parts]
    return out


def first_fault(
    plans: PortalPlans, kind: MessageKind, body: Mapping[str, Any], more: Mapping[str, Any] | None = None
) -> Unwritable | None:
    """The first fault of a message in the words of a portal; `more`: what the adapter itself adds to each object."""
    plan = plans.messages.get(str(kind))
    if plan is None:
        return None
    for one in body["entries"] if kind is MessageKind.PROGRESS else (body,):
        whole = {**one, "more": {**one.get("more", {}), **more}} if more else one
        if (fault := fault_of(plan.write, whole, plan.fields)) is not None:
            return fault
    return None


def fault_of(
    write: Callable[[Mapping[str, Any]], Mapping[str, Any]], body: Mapping[str, Any], fields: WireFields
) -> Unwritable | None:
    """The fault of one object that `write` writes into these fields."""
    try:
        check_shape(fields, write(body))
    except MessageFault as fault:
        return Unwritable(fault.field, fault.path, fault.why)
    return None
