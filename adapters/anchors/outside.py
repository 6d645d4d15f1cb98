"""One HTTP call to an anchor: an answer in time, or AnchorFailed with a reason."""

import asyncio
from collections.abc import Mapping

from adapters.transport.connection import Broken, HttpAnswer
from adapters.transport.faults import ProviderError
from adapters.transport.lean import LeanHttpClient
from gateway.domain.anchoring import AnchorFailed
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.reasons import Reason

_SECONDS = 10.0
_CONNECT_SECONDS = 3.0
_ANSWER_BYTES = 262_144
_WORDS = {
    Reason.SOURCE_TIMEOUT: "timeout",
    Reason.DEADLINE_REACHED: "timeout",
    Reason.SOURCE_UNREACHABLE: "unreachable",
}


class Outside:
    """An address that is posted to."""

    def __init__(self, url: str, seconds: float = _SECONDS) -> None:
        """Paths are appended to `url`; ConfigError when that cannot be called. A call takes `seconds` at most."""
        self._seconds = seconds
        try:
            self._client = LeanHttpClient(
                url.rstrip("/"), tls=None, connect_seconds=_CONNECT_SECONDS, answer_bytes=_ANSWER_BYTES
            )
        except ValueError:
            what = "the address of an anchor cannot be called"
            raise ConfigError([Problem("log.anchors", 0, what, "write 'url: https://…'")]) from None

    async def post(
        self, path: str, kind: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """The whole answer, whatever its status. Raises AnchorFailed."""
        end = asyncio.get_running_loop().time() + self._seconds
        try:
            return await self._client.request(
                "POST", path, {"Content-Type": kind, **(headers or {})}, body, end
            )
        except Broken:
            raise AnchorFailed("unreachable") from None
        except ProviderError as fault:
            raise AnchorFailed(_WORDS.get(fault.reason, "invalid")) from None

    async def close(self) -> None:
        """Cut all connections."""
        await self._client.close()
