"""Rules of the production profile: no written secrets, no sandbox authorities.

A secret in production is a reference, `{env: NAME}` or `{file: PATH}`, in every file.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Loc
from gateway.config.values import Secret
from gateway.domain.errors import ConfigError, Problem


def refused_in_production(configuration: Configuration) -> Iterator[Problem]:
    """Every written secret in a file of a production configuration."""
    if configuration.gateway.profile != "production":
        return
    files: dict[str, BaseModel] = {"gateway.yaml": configuration.gateway}
    if "consents.yaml" in configuration.documents:
        files["consents.yaml"] = configuration.consents
    files |= {f"sources/{name}.yaml": one for name, one in configuration.sources.items()}
    files |= {f"portals/{name}.yaml": one for name, one in configuration.portals.items()}
    files |= {
        f"identity_providers/{name}.yaml": one for name, one in configuration.identity_providers.items()
    }
    files |= {f"requesters/{name}.yaml": one for name, one in configuration.requesters.items()}
    for name, settings in files.items():
        for loc in _written(settings, ()):
            what = f"'{'.'.join(map(str, loc))}': a secret in the file, which only the sandbox profile allows"
            remedy = f"write '{loc[-1]}: {{env: NAME}}' or '{{file: PATH}}'"
            yield configuration.documents[name].problem(loc, what, remedy)
    yield from _unbound(configuration)


def _unbound(configuration: Configuration) -> Iterator[Problem]:
    """A leaked secret or plain token can be used by others: production allows neither (RFC 9700, 2.5 and 4.10).

    Except at a door for systems that cannot prove themselves otherwise, from the networks that it names.
    """
    doors = [one.door for one in configuration.portals.values() if one.door is not None]
    at_door = any(door.callers == "requesters" and door.allow for door in doors)
    for name, requester in configuration.requesters.items():
        if requester.client_secret is not None and not (at_door and requester.scopes == ("dossiers",)):
            what = "a requester of production proves itself by keys or a certificate, not by a secret"
            remedy = (
                "motlan requesters add NAME --public-key FILE makes its file; then remove 'client_secret'."
                " A one-gate system behind the LGSP-compatible door keeps it: 'scopes: [dossiers]' alone"
            )
            yield configuration.documents[f"requesters/{name}.yaml"].problem(("client_secret",), what, remedy)
    if not configuration.gateway.issuer:
        what = "'issuer' is missing: tokens and proofs name the address at which requesters know the gateway"
        yield configuration.documents["gateway.yaml"].problem(("issuer",), what, "write 'issuer: https://…'")


def no_sandbox(configuration: Configuration) -> None:
    """Raises ConfigError in production: requesters must never get answers about invented people."""
    if configuration.gateway.profile == "production":
        what = "the production profile does not start with a sandbox"
        remedy = "leave out --with-sandbox, or write 'profile: sandbox'"
        raise ConfigError([configuration.documents["gateway.yaml"].problem(("profile",), what, remedy)])


def _written(value: object, loc: Loc) -> Iterator[Loc]:
    """Places of written secrets: typed ones, and words of an adapter's `auth`."""
    if isinstance(value, Secret):
        found = value.value is not None
    else:
        found = len(loc) > 1 and loc[0] == "auth" and isinstance(value, Mapping) and "value" in value
    if found:
        yield loc
    elif isinstance(value, BaseModel | Mapping):
        for name, item in value if isinstance(value, BaseModel) else value.items():
            # the adapter knows the meaning of `options`, which have no secrets
            if name != "options":
                yield from _written(item, (*loc, name))
