"""All pages: the tables of the doors, one after the other."""

from gateway.pages import audit, docs, kit, manual, me, ops, portal, session, start
from gateway.pages.addresses import page_finder
from gateway.pages.frame import PageRoute

PAGES: tuple[PageRoute, ...] = (
    *start.ROUTES, *portal.ROUTES, *me.ROUTES, *audit.ROUTES, *ops.ROUTES, *docs.ROUTES, *kit.ROUTES,
    *manual.ROUTES, *session.ROUTES,
)  # fmt: skip

#: whether an address, with its query, is a page: where a browser may go after a login
is_page = page_finder(PAGES)
