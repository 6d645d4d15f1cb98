"""Rules of the production profile: no written secrets, no sandbox authorities.

A secret in production is a reference, `{env: NAME}` or `{file: PATH}`, in every file.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Loc
from gateway.config.values import Secret
from gateway.domain.errors import ConfigError, Problem

#: characters of a secret that a login system proves itself by, and how many of them differ
_LEAST_SECRET, _LEAST_DIFFERENT = 32, 10


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
    yield from _shown_to_others(configuration)
    yield from _unbound(configuration)


def _shown_to_others(configuration: Configuration) -> Iterator[Problem]:
    """An address is logged by every system that it passes, so a secret in it is none (RFC 9700, 2.5; RFC 6750, 5.3)."""
    callers = [("sources", name, one.auth) for name, one in configuration.sources.items()]
    callers += [("portals", name, one.auth) for name, one in configuration.portals.items()]
    for folder, name, auth in callers:
        word = (
            "in_query_as" if "in_query_as" in auth else "token_in" if auth.get("token_in") == "query" else ""
        )
        if word and auth.get("allow_secret_in_address") != "true":
            what = "the secret would be in the address, which the provider's servers and proxies log"
            instead = "'header: NAME'" if word == "in_query_as" else "'token_in: header'"
            remedy = (
                f"write {instead}; if the provider takes nothing else, 'allow_secret_in_address: \"true\"'"
            )
            yield configuration.documents[f"{folder}/{name}.yaml"].problem(("auth", word), what, remedy)


def _unbound(configuration: Configuration) -> Iterator[Problem]:
    """A leaked secret or plain token can be used by others: production allows neither (RFC 9700, 2.5 and 4.10).

    Except at a door for systems that cannot prove themselves otherwise, from the networks that it names.
    """
    doors = [one.door for one in configuration.portals.values() if one.door is not None]
    at_door = any(door.callers == "requesters" and door.allow for door in doors)
    for name, requester in configuration.requesters.items():
        if requester.client_secret is None:
            continue
        place, document = ("client_secret",), configuration.documents[f"requesters/{name}.yaml"]
        is_login_only = requester.login is not None and not requester.scopes
        if not is_login_only and not (at_door and requester.scopes == ("dossiers",)):
            what = "a requester of production proves itself by keys or a certificate, not by a secret"
            remedy = (
                "motlan requesters add NAME --public-key FILE makes its file; then remove 'client_secret'."
                " A one-gate system behind the LGSP-compatible door keeps it: 'scopes: [dossiers]' alone."
                " So does a system that only logs people in: 'login', and 'scopes: []'"
            )
            yield document.problem(place, what, remedy)
        elif requester.login is not None and _is_guessable(requester.client_secret):
            what = f"the secret is easy to guess: it has less than {_LEAST_SECRET} random characters"
            yield document.problem(place, what, "make a new one: openssl rand -base64 32")
    if not configuration.gateway.issuer:
        what = "'issuer' is missing: tokens and proofs name the address at which requesters know the gateway"
        yield configuration.documents["gateway.yaml"].problem(("issuer",), what, "write 'issuer: https://…'")


def _is_guessable(secret: Secret) -> bool:
    """Of what is tried at the token endpoint as often as one likes (RFC 6749, 10.10)."""
    try:
        text = secret.reveal()
    except ConfigError:  # reported elsewhere
        return False
    return len(text) < _LEAST_SECRET or len(set(text)) < _LEAST_DIFFERENT


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
