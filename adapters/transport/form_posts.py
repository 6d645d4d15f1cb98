"""Posts forms to addresses of the configuration (gateway.ports.logout.FormPosts): no redirects, cookies or proxies."""

import contextlib
import ssl
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import urlencode, urlsplit

from adapters.transport.connection import Broken
from adapters.transport.faults import ProviderError
from adapters.transport.lean import LeanHttpClient

_CONNECT_SECONDS = 3.0
#: the body of the answer says nothing
_ANSWER_BYTES = 4_096


class HttpFormPosts:
    """A connection for each post: they are few."""

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """With the authorities of the system; read when the first system is notified."""
        return ssl.create_default_context()

    async def post(self, url: str, form: Mapping[str, str], end: float) -> int:
        """The status; 0 without an answer."""
        parts = urlsplit(url)
        with contextlib.suppress(ProviderError, Broken, ValueError, OSError):
            client = LeanHttpClient(
                f"{parts.scheme}://{parts.netloc}", tls=self._tls if parts.scheme == "https" else None,
                connect_seconds=_CONNECT_SECONDS, answer_bytes=_ANSWER_BYTES,
            )  # fmt: skip
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            try:
                answer = await client.request("POST", path, headers, urlencode(form).encode(), end)
                return answer.status
            finally:
                await client.close()
        return 0

    async def close(self) -> None:
        """Nothing stays open."""


def open_form_posts() -> HttpFormPosts:
    """The sender of a process."""
    return HttpFormPosts()
