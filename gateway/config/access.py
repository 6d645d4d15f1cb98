"""Requesters and their credentials: `config/requesters/<id>.yaml` (RFC 7523, RFC 8705).

A requester authenticates in exactly one way: keys, a certificate, or a secret (in production for logins only).
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.config.gateway import AS_LIST, Label, WordList
from gateway.config.identity import LoginClientSettings
from gateway.config.values import Day, NonBlankText, Secret, Settings

Method = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "client_secret_basic"]
_MOST_KEYS = 4
#: a unit in the code of a dossier, short form: `H31.77`
_DossierUnit = Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}(\.[0-9]{2,3})*$")]


class KeySettings(Settings):
    """A public key: a PEM file in the configuration's folder, or a JSON Web Key (RFC 7517), Ed25519 or P-256."""

    file: Path | None = None
    kty: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    kid: str | None = None
    alg: str | None = None
    use: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A file, or the members of a key."""
        written = self.model_dump(exclude_none=True, exclude={"file"})
        if (self.file is None) == (not written):
            raise ValueError("a key is in one place", "write '{file: PATH}', or '{kty: …, crv: …, x: …}'")
        return self


class CertificateSettings(Settings):
    """A certificate that authenticates the requester: exactly one of these.

    `file` (PEM) and `thumbprint` (SHA-256, hexadecimal): this certificate, by any issuer. `subject` (RFC 4514),
    `san_dns`, `san_uri`: any certificate that an authority of `client_ca` issued to this name.
    """

    file: Path | None = None
    thumbprint: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$")
    subject: str | None = Field(None, pattern=r"\S")
    san_dns: str | None = Field(None, pattern=r"\S")
    san_uri: str | None = Field(None, pattern=r"\S")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """Two of them would be ambiguous."""
        if len(self.model_dump(exclude_none=True)) != 1:
            remedy = "write one of 'file', 'thumbprint', 'subject', 'san_dns', 'san_uri'"
            raise ValueError("a certificate is known by exactly one thing", remedy)
        return self

    @property
    def is_pinned(self) -> bool:
        """Whether it is one fixed certificate, not any certificate of an authority."""
        return self.file is not None or self.thumbprint is not None


class LegacySettings(Settings):
    """Scopes that a requester keeps for closed pages, until they are no longer used."""

    #: the day on which the pages closed
    since: Day
    #: why the pages closed
    legal_basis: NonBlankText
    scopes: WordList


class RequesterSettings(Settings):
    """`config/requesters/<id>.yaml`: a system that may ask."""

    requester: str
    title: Label
    agency: str
    #: agencies of the officials that it may name beside its own, `*` for all; left out: those below its own by their
    #: codes
    agencies: WordList | None = None
    #: no colon: it ends the name in HTTP Basic (RFC 7617)
    client_id: str = Field(pattern=r"^[!-9;-~]+$")
    #: sandbox profile; in production for logins only, or behind the LGSP-compatible door
    client_secret: Secret | None = None
    #: keys that sign its assertions; two during a key change
    keys: tuple[KeySettings, ...] = Field((), max_length=_MOST_KEYS)
    certificate: CertificateSettings | None = None
    #: `required`: no token without DPoP, in the sandbox profile too
    dpop: Literal["optional", "required"] = "optional"
    #: revoked since this time; written by `motlan requesters revoke`
    revoked: str | None = None
    scopes: WordList
    agreements: WordList = ()
    #: units whose dossier codes it may use (`H31.77-260105-0007`), with those below them; none: any
    dossier_units: Annotated[tuple[_DossierUnit, ...], AS_LIST] = ()
    #: part of `scopes`; `check-config` reminds of it
    legacy: LegacySettings | None = None
    #: it logs people in by this gateway
    login: LoginClientSettings | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """With several ways the weakest one decides the security."""
        given = [self.client_secret is not None, bool(self.keys), self.certificate is not None]
        if sum(given) != 1:
            remedy = "write one of 'keys', 'certificate' or (sandbox only) 'client_secret'"
            raise ValueError("a requester proves itself in exactly one way", remedy)
        return self

    @property
    def method(self) -> Method:
        """How it authenticates at the token endpoint."""
        if self.keys:
            return "private_key_jwt"
        if self.certificate is None:
            return "client_secret_basic"
        return "self_signed_tls_client_auth" if self.certificate.is_pinned else "tls_client_auth"
