"""What all settings are made of: frozen values that refuse unknown words, secrets, keys wherever they lie.

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

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

#: words that must say something
Said = Annotated[str, Field(pattern=r"\S")]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("is no date", "write a day that there is, as in 2026-01-31") from None


#: a day as `2026-01-31`
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]


#: a word of before -> what it is now, and what is to be done
Moved = Mapping[str, tuple[str, str]]


class Settings(BaseModel):
    """Frozen, and unknown words are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    #: words of the whole document that are others now
    moved: ClassVar[Moved] = {}

    @field_validator("*", mode="before")
    @classmethod
    def _as_digits(cls, value: object, info: ValidationInfo) -> object:
        """A number is written as people write it: what Python takes as well (`2_000`) was meant as something else."""
        wanted = cls.model_fields[info.field_name or ""].annotation
        if wanted in (int, float) and isinstance(value, str) and not _NUMBER.fullmatch(value):
            kind = "a whole number" if wanted is int else "a number"
            raise ValueError(f"must be {kind}", "write digits only, as in 2000 or 0.5")
        return value


class Secret(Settings):
    """Where a secret comes from: exactly one of a file, an environment variable, or (sandbox only) its value."""

    file: Path | None = None
    env: str | None = None
    value: SecretStr | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """What stands in two places is not known to be the same."""
        if sum(one is not None for one in (self.file, self.env, self.value)) != 1:
            raise ValueError(
                "a secret stands in exactly one place", "write '{env: NAME}' or '{file: PATH}', one of them"
            )
        return self

    def reveal(self) -> str:
        """The secret itself; ConfigError names the reference when it is not there, or blank."""
        place = f"file {self.file}" if self.file else f"environment variable {self.env}"
        try:
            found = self._read()
        except (OSError, KeyError):
            raise ConfigError([Problem("config", 0, f"secret is missing: {place}", "provide it")]) from None
        except UnicodeDecodeError:
            raise ConfigError(
                [Problem("config", 0, f"secret is no text in UTF-8: {place}", "write it as text")]
            ) from None
        if not found.strip():
            what = "secret is blank" if self.value is not None else f"secret is blank: {place}"
            raise ConfigError([Problem("config", 0, what, "provide it")])
        return found

    def _read(self) -> str:
        if self.value is not None:
            return self.value.get_secret_value()
        return self.file.read_text("utf-8").strip() if self.file else os.environ[self.env or ""]


class KeyService(Settings):
    """A key that lies elsewhere and never leaves it: who holds it, and which one it is there."""

    #: module below `adapters.` that speaks with the holder
    adapter: str = Field(pattern=r"^adapters\.[a-z0-9_.]+$")
    #: address of the holder
    url: Said
    #: name of the key there
    key: Said
    #: what proves who asks
    token: Secret | None = None
    #: what else the adapter takes
    options: dict[str, str] = {}


class SecretKey(Secret):
    """A secret key: as a secret of 32 bytes in base64, or held by somebody else who uses it for the gateway."""

    held_by: KeyService | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """What stands in two places is not known to be the same."""
        if sum(one is not None for one in (self.file, self.env, self.value, self.held_by)) != 1:
            raise ValueError(
                "a key stands in exactly one place",
                "write '{env: NAME}', '{file: PATH}' or '{held_by: {…}}', one of them",
            )
        return self
