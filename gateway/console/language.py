"""The words of a page in its language: each sentence is in the template in both, beside each other.

Words are constants of templates and may hold markup (a test lets only constants pass); what fills their places is
escaped.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from gateway.console.charts import Charts
from gateway.console.formats import ENGLISH, VIETNAMESE, seen, weekday
from gateway.console.qr import qr
from gateway.domain.sentences import Sentence

LANGUAGES = (VIETNAMESE, ENGLISH)


def words_of(language: str) -> Mapping[str, object]:
    """The functions of templates that depend on the language: `w`, `titled`, `weekday`, `chart`; and `qr`."""
    is_english = language == ENGLISH

    def w(vi: str, en: str, **places: object) -> Markup:
        """The one of the page; `w("Có {n} mục", "{n} items", n=3)`."""
        words = Markup(en if is_english else vi)  # noqa: S704 -- constants of templates, a test looks at each
        return words.format(**places) if places else words

    def titled_here(item: object) -> str:
        """Marked as Vietnamese where an English page has no English title."""
        vi, en = _both(item)
        if is_english and vi and not en:
            return Markup('<span lang="vi">{}</span>').format(titled(item, language))
        return titled(item, language)

    return {"w": w, "chart": Charts(language), "qr": qr, "titled": titled_here,
        "weekday": lambda moment: weekday(moment, language),
    }  # fmt: skip


def titled(item: Any, language: str) -> str:  # noqa: ANN401 -- JSON objects, labels and sentences
    """The title of an item in this language, else in the other; foreign text is cut, its unseen signs shown.

    A `Sentence` of this product is whole.

    Members: `title_vi` and `title`, or `title` and `title_en`, or `vi` and `en`; or a pair (vi, en), or a text.
    """
    vi, en = _both(item)
    text = (en or vi) if language == ENGLISH else (vi or en)
    return seen(text, len(text)) if isinstance(item, Sentence) else seen(text)


def _both(item: Any) -> tuple[str, str]:  # noqa: ANN401 -- as above
    if isinstance(item, str):
        return item, item
    if isinstance(item, tuple | list):
        return str(item[0]), str(item[1])
    if _member(item, "vi"):
        return _member(item, "vi"), _member(item, "en")
    if _member(item, "title_vi"):
        return _member(item, "title_vi"), _member(item, "title")
    title = item.get("title") if isinstance(item, Mapping) else getattr(item, "title", "")
    if title and not isinstance(title, str) and not callable(title):
        return _both(title)
    return _member(item, "title"), _member(item, "title_en")


def _member(item: object, name: str) -> str:
    found = item.get(name) if isinstance(item, Mapping) else getattr(item, name, "")
    return found if isinstance(found, str) else ""
