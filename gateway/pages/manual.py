"""The manual at `/manual`: the documents of all rooms, with a search, the client examples and the pictures."""

import asyncio

from gateway.api.request import Request
from gateway.api.response import Response
from gateway.console.manual import EXAMPLES, Hit, Manual, ManualPage, code_kind, manual
from gateway.domain.errors import NotFound
from gateway.domain.sentences import BothWords
from gateway.pages.frame import PageRoute, Shown, Visit

_LONGEST_QUERY = 200
#: rooms, as the contents name them
ROOM_TITLES: dict[str, BothWords] = {
    "": ("Tổng quan", "Overview"),
    "gateway": ("Lõi của cổng", "The core"),
    "adapters": ("Kết nối với các hệ thống", "Adapters"),
    "mappings": ("Ánh xạ dữ liệu", "Mappings"),
    "schemas": ("Lược đồ và mã lỗi", "Schemas and codes"),
    "config": ("Cấu hình", "Configuration"),
    "tests": ("Kiểm thử", "Tests"),
}
_PICTURES_KEPT = "public, max-age=3600"


async def contents(_request: Request, visit: Visit) -> Shown:
    """`GET /manual`: the first document, or what a search (`q`) found."""
    query = visit.form.get("q", "").strip()[:_LONGEST_QUERY]
    found = manual()
    if query:
        hits = await asyncio.to_thread(found.search, query)
        return _searched(found, query, [_hit(one) for one in hits])
    return await _read(found, found.find(""))


async def page(request: Request, _visit: Visit) -> Shown | Response:
    """`GET /manual/{path}`: a document, a client example or a picture. Raises NotFound."""
    address, found = request.parameters["path"], manual()
    if file := found.files.get(address):
        if not code_kind(address):
            picture = await asyncio.to_thread(file.read_bytes)
            return Response(picture, "image/png", headers={"Cache-Control": _PICTURES_KEPT})
        code = await asyncio.to_thread(file.read_text, "utf-8")
        return _example(found, address, code)
    return await _read(found, found.find(address))


async def _read(found: Manual, document: ManualPage | None) -> Shown:
    if document is None:
        raise NotFound
    html = await asyncio.to_thread(lambda: document.html)
    answer = {
        "path": document.path, "url": document.url, "title": document.title, "summary_vi": document.summary,
        "markdown": document.text,
    }  # fmt: skip
    values = {"html": html, "sections": [one for one in document.sections if one.level == 2]}
    return Shown(
        template="manual/document", title=(document.title, document.title), answer=answer,
        values={**_around(found, document.path), **values},
    )  # fmt: skip


def _example(found: Manual, address: str, code: str) -> Shown:
    name = address.rpartition("/")[2]
    answer = {"path": address, "title": name, "kind": code_kind(name), "code": code}
    around = _around(found, f"{EXAMPLES}/README.md")
    return Shown(template="manual/example", title=(name, name), answer=answer, values=around)


def _searched(found: Manual, query: str, hits: list[dict[str, object]]) -> Shown:
    title = (f"Tìm trong tài liệu: {query}", f"Search the manual: {query}")
    answer = {"query": query, "hits": hits}
    return Shown(
        template="manual/found", title=title, answer=answer, values={**_around(found, ""), "query": query}
    )


def _hit(one: Hit) -> dict[str, object]:
    return {
        "url": one.url, "document": one.document, "section": one.section, "before": one.before,
        "match": one.match, "after": one.after, "language": one.language,
    }  # fmt: skip


def _around(found: Manual, path: str) -> dict[str, object]:
    """What stands beside every page of the manual: all documents by room, the room and document of this page."""
    room = path.partition("/")[0] if "/" in path else ""
    rooms = [
        {"name": name, "title": ROOM_TITLES[name], "is_here": name == room and path != "",
         "documents": [{"url": one.url, "title": one.title, "summary": one.summary, "is_here": one.path == path}
                       for one in documents]}
        for name, documents in found.contents
    ]  # fmt: skip
    return {"rooms": rooms, "query": "", "sections": ()}


ROUTES = (
    PageRoute("GET", "/manual", contents, has_head=True),
    PageRoute("GET", "/manual/{path}", page, has_head=True),
)
