"""Where people sign in: `config/identity_providers/<provider>.yaml`; which systems log people in: requesters."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.config.gateway import AS_LIST, Label, Limits, WordList
from gateway.config.values import NonBlankText, Secret, Settings

#: an absolute URL without a user or a fragment
Uri = Annotated[str, Field(pattern=r"^https?://[^\s@#\\]+$", max_length=2_000)]
Uris = Annotated[tuple[Uri, ...], AS_LIST, Field(max_length=20)]


class ProviderEndpoints(Settings):
    """Pinned addresses; blank: by discovery, where `discovery` is on."""

    authorize: str = ""
    token: str = ""
    userinfo: str = ""
    jwks: str = ""
    logout: str = ""


class IdentityProviderSettings(Settings):
    """`config/identity_providers/<provider>.yaml`: one place where people sign in."""

    provider: str
    adapter: str = Field(pattern=r"^adapters\.")
    title: Label
    mark: Literal["seen", "memory", "sandbox"]
    #: exactly the `iss` of its tokens
    issuer: NonBlankText
    #: read `{issuer}/.well-known/openid-configuration`, and read it again each hour
    discovery: bool = False
    endpoints: ProviderEndpoints = ProviderEndpoints()
    client_id: NonBlankText
    client_secret: Secret | None = None
    #: private RSA key for which its answers are encrypted (PEM, or PKCS #8 in base64), where the adapter reads such
    decryption_key: Secret | None = None
    #: whose accounts it has: `staff` signs in to the pages of auditors and operators, and nowhere else
    accounts: Literal["people", "staff"] = "people"
    scope: NonBlankText = "openid"
    acr_values: str = ""
    #: `mappings/logins/<mapping>.yaml`: its claims -> ours
    mapping: NonBlankText
    #: what it says of the level (`loAs`, `IAL`, `accountLevel`) -> assurance level 1 to 3; unknown words are level 0
    levels: dict[str, int] = {}
    #: signatures of ID tokens that count
    algorithms: WordList = ("RS256",)
    #: seconds by which its clock may differ
    clock_skew_seconds: int = Field(60, ge=0, le=300)
    #: an authentication that is older proves nothing
    longest_seconds: int = Field(3_600, ge=60, le=86_400)
    #: its place on the page where people choose
    order: int = 100
    enabled: bool = True
    #: read and checked by the adapter
    options: dict[str, Any] = {}
    limits: Limits = Limits(total_ms=60_000, breaker_share=0.5)


class LoginClientSettings(Settings):
    """`login` of `config/requesters/<id>.yaml`: a system that logs people in by this gateway (OpenID Connect)."""

    redirect_uris: Uris = Field(min_length=1)
    #: where a login that begins elsewhere enters (OpenID Connect Core 1.0, 4); deep links go there
    initiate_login_uri: Uri | None = None
    post_logout_redirect_uris: Uris = ()
    backchannel_logout_uri: Uri | None = None
    frontchannel_logout_uri: Uri | None = None
    #: claims that it may have: `name`, `birthdate`, `personal_id`, `tax_code`, `organization`
    claims: WordList = ("name",)
    #: identity providers that it takes; left out: all
    providers: WordList = ()
    #: lowest assurance level
    level: int = Field(1, ge=0, le=3)
    #: kinds of `mappings/representations` that people may choose
    mandates: WordList = ()
    #: `pairwise`: nobody can join the subjects of two systems
    subject: Literal["pairwise", "public"] = "pairwise"
    #: systems with the same sector have the same pairwise subjects; blank: the requester's id
    sector: str = ""
    id_token_alg: Literal["RS256", "ES256", "EdDSA"] = "RS256"  # noqa: S105 -- an algorithm
    #: whether the person is asked before claims leave
    consent: Literal["first", "always", "none"] = "first"
    #: refresh tokens are given
    refresh: bool = False
    #: `required`: no authorization request outside PAR (RFC 9126)
    par: Literal["optional", "required"] = "optional"
