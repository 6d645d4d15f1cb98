"""The port of messages to systems that a person signed out (Back-Channel Logout 1.0, 2.5)."""

from collections.abc import Mapping
from typing import Protocol


class FormPosts(Protocol):
    """Posts forms to addresses of the configuration."""

    async def post(self, url: str, form: Mapping[str, str], end: float) -> int:
        """The status of the answer; 0: there is none by `end` (a time of the loop's clock). No redirect is followed."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...
