"""Base types of all settings: frozen values that refuse unknown words, secrets, keys in files or key services.

Secrets are references: a file or an environment variable; only the sandbox profile may write one down.
"""

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import missing_secret

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

#: a text that is not blank
NonBlankText = Annotated[str, Field(pattern=r"\S")]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("is no date", "write a day that there is, as in 2026-01-31") from None


#: a day as `2026-01-31`
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]


#: a former word -> its new word, and the remedy
Moved = Mapping[str, tuple[str, str]]


class Settings(BaseModel):
    """Frozen; unknown words are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    #: renamed words of the whole document
    moved: ClassVar[Moved] = {}

    @field_validator("*", mode="before")
    @classmethod
    def _as_digits(cls, value: object, info: ValidationInfo) -> object:
        """Numbers are plain digits: other Python forms (`2_000`) are probably mistakes."""
        wanted = cls.model_fields[info.field_name or ""].annotation
        if wanted in (int, float) and isinstance(value, str) and not _NUMBER.fullmatch(value):
            kind = "a whole number" if wanted is int else "a number"
            raise ValueError(f"must be {kind}", "write digits only, as in 2000 or 0.5")
        return value


class Secret(Settings):
    """The source of a secret: exactly one of a file, an environment variable, or (sandbox only) its value."""

    file: Path | None = None
    env: str | None = None
    value: SecretStr | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """Two sources may differ."""
        if sum(one is not None for one in (self.file, self.env, self.value)) != 1:
            raise ValueError(
                "a secret is in exactly one place", "write '{env: NAME}' or '{file: PATH}', one of them"
            )
        return self

    def reveal(self) -> str:
        """The secret itself. Raises ConfigError with the reference when it is missing or blank."""
        place, remedy = missing_secret("file" if self.file else "env", str(self.file or self.env))
        try:
            found = self._read()
        except (OSError, KeyError):
            raise ConfigError([Problem("config", 0, f"secret is missing: {place}", remedy)]) from None
        except UnicodeDecodeError:
            raise ConfigError(
                [Problem("config", 0, f"secret is no text in UTF-8: {place}", "write it as text")]
            ) from None
        if not found.strip():
            what = "secret is blank" if self.value is not None else f"secret is blank: {place}"
            raise ConfigError(
                [Problem("config", 0, what, remedy if self.value is None else "write the secret")]
            )
        return found

    def _read(self) -> str:
        if self.value is not None:
            return self.value.get_secret_value()
        return self.file.read_text("utf-8").strip() if self.file else os.environ[self.env or ""]


class KeyService(Settings):
    """A key in a key service that it never leaves: the service, and its name there."""

    #: module below `adapters.` for this key service
    adapter: str = Field(pattern=r"^adapters\.[a-z0-9_.]+$")
    #: address of the key service
    url: NonBlankText
    #: name of the key there
    key: NonBlankText
    #: the credential for the service
    token: Secret | None = None
    #: further words of the adapter
    options: dict[str, str] = {}


class SecretKey(Secret):
    """A secret key: a secret of 32 bytes in base64, or a key in a key service."""

    held_by: KeyService | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """Two sources may differ."""
        if sum(one is not None for one in (self.file, self.env, self.value, self.held_by)) != 1:
            raise ValueError(
                "a key is in exactly one place",
                "write '{env: NAME}', '{file: PATH}' or '{held_by: {…}}', one of them",
            )
        return self
