"""Pages of the simulated identity providers, Vietnamese first with English: choosing, signing out, faults."""

from collections.abc import Iterable, Sequence

from aiohttp import web

from adapters.sandbox.accounts import AccountHolder
from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_provider import AskedLogin, Denied
from adapters.sandbox.sandbox_pages import SandboxPages
from gateway.config.gateway import Label
from gateway.domain.login import StaffRole

_KINDS = {
    "1": Label(vi="Công dân", en="citizen"),
    "2": Label(vi="Doanh nghiệp", en="business"),
    "3": Label(vi="Tổ chức", en="organisation"),
}
_ROLES = {
    StaffRole.AUDITOR: Label(vi="Kiểm toán viên", en="auditor"),
    StaffRole.OPERATOR: Label(vi="Vận hành", en="operator"),
    StaffRole.ADMINISTRATOR: Label(vi="Quản trị", en="administrator"),
}


class IdentityPages:
    """The pages of all providers."""

    def __init__(self, pages: SandboxPages) -> None:
        """`pages` renders."""
        self._pages = pages

    def picker(
        self, dialect: Dialect, asked: AskedLogin, key: str, holders: Iterable[AccountHolder]
    ) -> web.Response:
        """Where the person chooses an account; needs no script."""
        return self._pages.rendered(
            "identity_picker.html", room=dialect.name, title=dialect.title, system=asked.system.title, key=key,
            action=f"{dialect.prefix}{dialect.choose}", holders=list(holders), kinds=_KINDS, roles=_ROLES,
        )  # fmt: skip

    def message(self, dialect: Dialect, denied: Denied) -> web.Response:
        """What cannot be sent back to the system that asked."""
        return self._pages.rendered(
            "identity_message.html", status=denied.status, room=dialect.name, title=dialect.title,
            error=denied.error, what=str(denied),
        )  # fmt: skip

    def home(self, dialect: Dialect, name: str) -> web.Response:
        """Who is signed in; blank `name`: nobody."""
        action = f"{dialect.prefix}{dialect.logout}"
        return self._pages.rendered(
            "identity_home.html", room=dialect.name, title=dialect.title, name=name, action=action
        )

    def signed_out(self, dialect: Dialect, frames: Sequence[str], target: str) -> web.Response:
        """After signing out; opens `frames`, then leads to `target`, where there is one."""
        return self._pages.rendered(
            "identity_signed_out.html",
            frames=True,
            room=dialect.name,
            title=dialect.title,
            target=target,
            to_tell=frames,
        )
