"""All pages: the tables of the doors, one after the other."""

from gateway.pages import audit, kit, manual, start
from gateway.pages.frame import PageRoute

PAGES: tuple[PageRoute, ...] = (*start.ROUTES, *audit.ROUTES, *kit.ROUTES, *manual.ROUTES)
