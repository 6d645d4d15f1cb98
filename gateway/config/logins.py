"""Trusted identity providers: `config/logins.yaml` (OpenID Connect Core 1.0)."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.access import KeySettings
from gateway.config.values import NonBlankText, Settings

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class LoginProvider(Settings):
    """An identity provider whose ID tokens prove that a person signed in."""

    #: `iss` of its tokens, exactly
    issuer: NonBlankText
    mark: Literal["seen", "memory", "sandbox"]
    #: public keys: a JSON Web Key (Ed25519, P-256), or a PEM file, which may be RSA of 2048 bits and more
    keys: tuple[KeySettings, ...] = Field(min_length=1, max_length=8)
    #: requester -> its client id at the provider: a token for another client proves nothing
    clients: dict[Name, NonBlankText] = Field(min_length=1)
    #: claim with the personal id
    number: NonBlankText = "SoDinhDanh"
    #: an older login proves nothing
    longest_seconds: int = Field(3_600, ge=60, le=86_400)


class LoginFile(Settings):
    """`config/logins.yaml`."""

    providers: dict[Name, LoginProvider]
