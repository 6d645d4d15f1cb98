"""Which addresses are pages of this gateway: the only ones to which a browser goes after a login."""

import re
from collections.abc import Callable, Sequence

from gateway.pages.frame import PageRoute

_LONGEST = 500
#: nothing that a browser, a proxy and this gateway could read differently
_ADDRESS = re.compile(r"(/(?!/)[A-Za-z0-9._~/-]*)(?:\?[A-Za-z0-9._~%=&+:,-]*)?", re.ASCII)
_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def page_finder(pages: Sequence[PageRoute]) -> Callable[[str], bool]:
    """Whether an address, with its query, is one of these pages."""
    shown = [_pattern(one.path) for one in pages if one.method == "GET"]

    def is_page(address: str) -> bool:
        found = _ADDRESS.fullmatch(address) if len(address) <= _LONGEST else None
        return found is not None and any(one.fullmatch(found[1]) for one in shown)

    return is_page


def _pattern(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)  # text and names of parameters in turn
    return re.compile("".join(
        re.escape(part) if at % 2 == 0 else ".+" if part == "path" else "[^/]+" for at, part in enumerate(parts)
    ))  # fmt: skip
