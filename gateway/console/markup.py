"""Elements made by code: every attribute and every text is escaped."""

from markupsafe import Markup, escape

#: elements of SVG and HTML without content, as charts use them
_EMPTY = frozenset({"rect", "line", "path", "circle", "use"})


def tag(name: str, *inner: object, **attributes: object) -> Markup:
    """`<name attribute="…">inner</name>`.

    `kind` is the class; `_` in a name stands for `-`; True is an attribute without a value; None and False are left
    out. Numbers are written with at most three digits after the point.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{given}/>")  # noqa: S704 -- escaped one by one
    return Markup(f"<{name}{given}>{''.join(escape(one) for one in inner)}</{name}>")  # noqa: S704 -- as above


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = "class" if key == "kind" else key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
    return f' {name}="{escape(text)}"'
