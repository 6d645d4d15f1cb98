"""Faults of `config/logins.yaml`: trusted identity providers."""

from collections.abc import Iterator
from pathlib import Path

from gateway.config.configuration import Configuration
from gateway.config.logins import LoginProvider
from gateway.config.strict_yaml import Document, Loc
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near
from gateway.login.id_tokens import login_key


def login_faults(configuration: Configuration) -> Iterator[Problem]:
    """Keys must be valid, requesters known, issuers different, and no sandbox provider in production."""
    providers = configuration.logins.providers if configuration.logins is not None else {}
    first = {one.issuer: name for name, one in reversed(providers.items())}
    for name, provider in providers.items():
        document, place = configuration.documents["logins.yaml"], ("providers", name)
        if provider.mark == "sandbox" and configuration.gateway.profile == "production":
            what = f"'{name}' is a simulated provider: its key is published, so that anybody can sign in as anybody"
            yield document.problem((*place, "mark"), what, "remove it, or name a real provider and its keys")
        if first[provider.issuer] != name:
            what = f"'{first[provider.issuer]}' has this issuer already"
            yield document.problem((*place, "issuer"), what, "write each provider once, with all its keys")
        for requester in sorted(provider.clients.keys() - configuration.requesters.keys()):
            what = f"there is no requester '{requester}'"
            file = f"requesters/{requester}.yaml"
            remedy = near(requester, configuration.requesters, f"add {file}")
            yield document.problem(
                (*place, "clients", requester), what, remedy, f"{configuration.root.name}/{file}"
            )
        yield from _keys(provider, configuration.root, document, place)


def _keys(provider: LoginProvider, root: Path, document: Document, place: Loc) -> Iterator[Problem]:
    for index, key in enumerate(provider.keys):
        try:
            login_key(key, root)
        except ConfigError as error:
            for one in error.problems:
                yield document.problem((*place, "keys", index), one.what, one.remedy)
