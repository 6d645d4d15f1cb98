"""A dossier as a row of `TraCuuHoSo` (family A.4): the mapping's message `look_up`, and nothing that is not known."""

from collections.abc import Mapping
from typing import Any

from gateway.mapping.messages import MessageFault, PortalPlans, leaves_of

MESSAGE = "look_up"


def dossier_row(plans: PortalPlans, dossier: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a dossier (canonical JSON). A member whose value is not known is blank: a default is no statement.

    Members of other messages (`more`) are not in it.
    """
    known = {name: one for name, one in dossier.items() if name != "more"}
    written = None
    while written is None:
        try:
            written = plans[MESSAGE].write(known)
        except MessageFault as fault:  # the portal's lists have no code for it
            if known.pop(fault.path, None) is None:
                raise
    return {
        leaf.name: written[leaf.name] if any(place.get(known) is not None for place in leaf.places) else ""
        for leaf in leaves_of(plans[MESSAGE].fields)
    }
