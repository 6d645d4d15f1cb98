"""HTML of pages, as tests look at it."""

from html.parser import HTMLParser

Tag = tuple[str, dict[str, str | None]]
#: events that run scripts, as attributes
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)


class Reading(HTMLParser):
    """Tags with their attributes, the text, and whether every tag that opens is closed where it should."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self.opened: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.opened and self.opened[-1] == tag:
            self.opened.pop()
        else:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def running(self) -> list[Tag]:
        """What a page of this house never has: inline scripts and styles, frames, things from elsewhere."""
        return [
            (tag, attributes)
            for tag, attributes in self.tags
            if any(name.startswith("on") or name == "style" for name in attributes)
            or tag in {"style", "iframe", "object", "embed", "base"}
            or (tag == "script" and not attributes.get("src"))
            or any(_is_foreign(attributes.get(name)) for name in ("src", "href", "action"))
        ]


def _is_foreign(address: str | None) -> bool:
    return bool(address) and not str(address).startswith(("/", "#", "?"))
