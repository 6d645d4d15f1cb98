"""The accounts at the simulated identity providers and the systems registered there: `config/sandbox/identity.yaml`.

Promises: people are those of `personas.yaml`; an account may say otherwise what its provider says otherwise.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from adapters.sandbox.people import BadSandbox, Person, Register
from gateway.config.gateway import Label
from gateway.config.strict_yaml import Document, read
from gateway.domain.login import StaffRole

IDENTITY = Path("config/sandbox/identity.yaml")
ProviderName = Literal["national", "vneid", "staff"]


def _is_key(text: str) -> str:
    try:
        read_key(text)
    except (ValueError, TypeError):
        raise ValueError("is no RSA key", "write a private RSA key: PKCS #8, DER, Base64") from None
    return text


#: a private RSA key, published on purpose
SandboxKey = Annotated[str, AfterValidator(_is_key)]


def read_key(text: str) -> RSAPrivateKey:
    """The key in PKCS #8, DER, Base64. Raises ValueError or TypeError for anything else."""
    key = load_der_private_key(b64decode(text, validate=True), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("an RSA key is expected")
    return key


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedKeys(_Frozen):
    """Keys of the providers, and of somebody who is none."""

    national: SandboxKey
    vneid: SandboxKey
    staff: SandboxKey
    stranger: SandboxKey


class LoginSystem(_Frozen):
    """A system that lets people sign in at a provider (an OpenID client)."""

    provider: ProviderName
    client_id: str
    client_secret: str
    title: str
    redirect_uris: tuple[str, ...] = Field(min_length=1)
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    frontchannel_logout_uri: str = ""
    #: VNeID encrypts its answers for this key
    encryption_key: SandboxKey | None = None


class Account(_Frozen):
    """An account of a person or an organisation at both providers of people; or of an official."""

    key: str
    #: key of a person in `personas.yaml`; blank: an account of an organisation that names nobody
    person: str = ""
    #: 1 citizen, 2 business, 3 organisation
    kind: Literal["1", "2", "3"] = "1"
    kind_as: Literal["text", "number"] = "text"
    #: `none`: the account gives no birth date
    birth_as: Literal["text", "object", "none"] = "text"
    shape: Literal["portal", "thin"] = "portal"
    tech_id: str = ""
    level: Literal["1", "2", "3"]
    tax_code: str = ""
    organisation: str = ""
    #: of an official: an account at the provider `staff` only
    staff: bool = False
    roles: tuple[StaffRole, ...] = ()
    #: instead of the person's
    full_name: str = ""
    note: Label


class _IdentityFile(_Frozen):
    version: Literal["1"]
    keys: PublishedKeys
    clients: tuple[LoginSystem, ...]
    accounts: tuple[Account, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHolder:
    """An account with what the databases know of its holder."""

    account: Account
    person: Person | None
    #: name of the enterprise or organisation
    organisation: str

    @property
    def name(self) -> str:
        """What the account is shown as."""
        return self.account.full_name or (
            self.organisation if self.account.kind != "1" or self.person is None else self.person.full_name
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What the providers share."""

    keys: PublishedKeys
    systems: tuple[LoginSystem, ...]
    holders: Mapping[str, AccountHolder]

    def at(self, provider: ProviderName) -> Mapping[str, AccountHolder]:
        """Who has an account there: officials at `staff`, all others elsewhere."""
        return {key: one for key, one in self.holders.items() if one.account.staff == (provider == "staff")}

    def system(self, provider: str, client_id: str) -> LoginSystem | None:
        """The registered system of this id."""
        return next(
            (one for one in self.systems if (one.provider, one.client_id) == (provider, client_id)), None
        )


def load_accounts(data_root: Path, register: Register) -> Accounts:
    """Read the file below the project root; ConfigError when something in it is wrong."""
    document = read(data_root / IDENTITY, data_root)
    found = document.read_as(_IdentityFile)
    return Accounts(
        keys=found.keys,
        systems=found.clients,
        holders={
            one.key: _holder(one, index, document, register) for index, one in enumerate(found.accounts)
        },
    )


def _holder(account: Account, index: int, document: Document, register: Register) -> AccountHolder:
    person = register.by_key.get(account.person)
    if account.person and person is None:
        raise _unknown(document, index, "person", f"'{account.person}' is nobody of personas.yaml")
    organisation = account.organisation
    if account.tax_code:
        enterprise = register.thing("enterprises", tax_code=account.tax_code)
        if enterprise is None:
            raise _unknown(
                document, index, "tax_code", f"no enterprise '{account.tax_code}' in personas.yaml"
            )
        organisation = organisation or enterprise["name"]
    return AccountHolder(account=account, person=person, organisation=organisation)


def _unknown(document: Document, index: int, word: str, what: str) -> BadSandbox:
    return BadSandbox([document.problem(("accounts", index, word), what, "name one that is in the file")])


def is_registered(uri: str, registered: tuple[str, ...]) -> bool:
    """Whether an address is one of the registered: exactly, or on this machine at any port (RFC 8252, 7.3)."""
    return any(uri == one or (_loopback(one) and _without_port(uri) == one) for one in registered)


def at_port_of(uri: str, used: str) -> str:
    """A registered address of this machine, at the port that the system used in its own address."""
    if not uri or not _loopback(uri):
        return uri
    parts = urlsplit(uri)
    return parts._replace(netloc=urlsplit(used).netloc).geturl()


def _loopback(uri: str) -> bool:
    return urlsplit(uri).netloc == "127.0.0.1"


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    try:
        plain = parts.hostname or ""
        port = parts.port
    except ValueError:
        return ""
    if parts.netloc != (f"{plain}:{port}" if port is not None else plain):
        return ""
    return parts._replace(netloc=plain).geturl()
