"""Resolves the adapters that configuration names: the only importlib that reads a word of the configuration.

Only modules below `adapters.` are ever imported, and only the factories that the ports describe are called.
"""

import importlib
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.configuration import SourceSettings
from gateway.config.gateway import ScannerSettings
from gateway.config.identity import IdentityProviderSettings
from gateway.config.portals import PortalSettings
from gateway.config.values import KeyService
from gateway.domain.errors import ConfigError, KeyUnavailable, Problem
from gateway.mapping.logins import LoginPlan
from gateway.mapping.messages import PortalPlans
from gateway.mapping.source import ServicePlan
from gateway.ports.cache import Cache
from gateway.ports.clock import Clock
from gateway.ports.consents import OwnData
from gateway.ports.files import Files, Scanner
from gateway.ports.identity import IdentityProvider
from gateway.ports.keys import KeyWrapper, Signer
from gateway.ports.logout import FormPosts
from gateway.ports.papers import SignatureChecks
from gateway.ports.relay import Door, Portal, Puller, RemoteFiles
from gateway.ports.sources import Source

PREFIX = "adapters."
#: for one file
_FETCH_SECONDS = 25.0
#: where a source's settings name its adapter
_ADAPTER = ("adapter",)
#: scheme of `cache_url` and of `log.url` -> module that opens such a store
STORES = {
    "memory": "adapters.stores.memory",
    "redis": "adapters.stores.memory",
    "rediss": "adapters.stores.memory",
    "unix": "adapters.stores.memory",
    "sqlite": "adapters.stores.opening",
    "postgresql": "adapters.stores.opening",
    "postgres": "adapters.stores.opening",
}


def resolve(module: str, name: str, place: str = "config") -> Callable[..., Any]:
    """The factory `name` of an adapter module; ConfigError when it is not ours or not there."""
    if not module.startswith(PREFIX):
        raise ConfigError(
            [
                Problem(
                    place,
                    0,
                    f"'{module}' is not below '{PREFIX}'",
                    "name a module of adapters/",
                    place=_ADAPTER,
                )
            ]
        )
    try:
        found = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        what = f"adapter '{module}' cannot be loaded: no module '{error.name}'"
        remedy = "check the name; a driver may need an extra"
        raise ConfigError([Problem(place, 0, what, remedy, place=_ADAPTER)]) from None
    except (ImportError, SyntaxError) as error:
        what = f"adapter '{module}' cannot be loaded: {type(error).__name__}"
        raise ConfigError([Problem(place, 0, what, "mend the module", place=_ADAPTER)]) from None
    except AttributeError:
        raise ConfigError(
            [
                Problem(
                    place, 0, f"adapter '{module}' has no '{name}'", "see adapters/README.md", place=_ADAPTER
                )
            ]
        ) from None
    if not callable(found):
        raise ConfigError([Problem(place, 0, f"'{module}.{name}' is not a factory", place=_ADAPTER)])
    return found  # type: ignore[no-any-return]


def source_tools(
    root: Path, clock: Clock, own: OwnData | None = None, guards: dict[object, Any] | None = None
) -> object:
    """What all sources of a process share besides their settings; `guards`: those of sources that were open before."""
    tools = resolve("adapters.transport.tools", "Tools")
    held = {} if guards is None else guards
    return tools(root=root, rng=random.Random(), clock=clock, own=own, guards=held)  # noqa: S311


def open_source(settings: SourceSettings, plans: Mapping[str, ServicePlan], tools: object) -> Source:
    """The source of one settings file, with the plans of the data services that are enabled."""
    place = f"config/sources/{settings.source}.yaml"
    missing = sorted(set(settings.services) - set(plans))
    if missing:
        what = f"data service '{missing[0]}' has no mapping"
        raise ConfigError([Problem(place, 0, what, f"add it to mappings/sources/{settings.source}.yaml")])
    enabled = {name: plans[name] for name, item in settings.services.items() if item.enabled}
    if settings.is_draft:  # it is never asked, so that its secrets may come later
        settings = settings.model_copy(update={"auth": {"kind": "none"}})
    source: Source = resolve(settings.adapter, "open_source", place)(settings, enabled, tools)
    return source


def portal_tools(root: Path, clock: Clock, cache: Cache, secret: bytes, **more: object) -> object:
    """What all portals of a process share besides their settings; `more`: see adapters/portals/tools.py."""
    tools = resolve("adapters.portals.tools", "PortalTools")
    return tools(calls=source_tools(root, clock), cache=cache, secret=secret, **more)


def open_portal(settings: PortalSettings, plans: PortalPlans | None, tools: object) -> Portal:
    """The receiver of one settings file, with the messages of its `mapping` (None: it has none)."""
    place = f"config/portals/{settings.portal}.yaml"
    portal: Portal = resolve(settings.adapter, "open_portal", place)(settings, plans, tools)
    return portal


def open_door(settings: PortalSettings, plans: PortalPlans | None, tools: object) -> Door:
    """The door of one settings file that has a `door`, with the messages of its `mapping` (None: it has none)."""
    assert settings.door is not None
    place = f"config/portals/{settings.portal}.yaml"
    door: Door = resolve(settings.door.adapter, "open_door", place)(settings, plans, tools)
    return door


def open_identity_provider(
    settings: IdentityProviderSettings, plan: LoginPlan, tools: object
) -> IdentityProvider:
    """The identity provider of one settings file, with its login mapping. `tools`: of `source_tools`."""
    place = f"config/identity_providers/{settings.provider}.yaml"
    provider: IdentityProvider = resolve(settings.adapter, "open_identity_provider", place)(
        settings, plan, tools
    )
    return provider


def open_form_posts() -> FormPosts:
    """What posts messages to systems that a person signed out."""
    posts: FormPosts = resolve("adapters.transport.form_posts", "open_form_posts")()
    return posts


def open_signature_checks(trust: Path | None) -> SignatureChecks:
    """Verifies signatures of papers; `trust`: folder of certificates. Raises ConfigError."""
    checks: SignatureChecks = resolve("adapters.files.pades", "open_signature_checks")(trust)
    return checks


def open_remote_files(origins: Sequence[str], private: Sequence[str], most_bytes: int) -> RemoteFiles:
    """What fetches files from these origins only."""
    open_them = resolve("adapters.transport.download", "Downloads")
    files: RemoteFiles = open_them(origins, private, most_bytes=most_bytes, seconds=_FETCH_SECONDS)
    return files


def open_puller(settings: PortalSettings, plans: object, tools: object) -> Puller:
    """What fetches the dossiers of a portal whose `door` has `pull_seconds`."""
    assert settings.door is not None
    place = f"config/portals/{settings.portal}.yaml"
    puller: Puller = resolve(settings.door.adapter, "open_puller", place)(settings, plans, tools)
    return puller


def held_signer(held_by: KeyService) -> Signer:
    """The signing key that somebody else holds; ConfigError when the adapter, or its holder, cannot give it."""
    found: Signer = _held(held_by, "open_signer")
    return found


def held_root(held_by: KeyService) -> KeyWrapper:
    """The root key that somebody else holds; ConfigError when the adapter, or its holder, cannot give it."""
    found: KeyWrapper = _held(held_by, "open_root")
    return found


def _held(held_by: KeyService, factory: str) -> Any:  # noqa: ANN401 -- the adapter's own
    place = "config/gateway.yaml"
    try:
        return resolve(held_by.adapter, factory, place)(held_by)
    except KeyUnavailable as error:
        what = f"the key '{held_by.key}' cannot be had: {error.detail}"
        raise ConfigError([Problem(place, 0, what, f"see to {held_by.url}, and to the token")]) from None


def open_files(folder: Path) -> Files:
    """The files of dossiers, in a folder. Raises FilesUnavailable."""
    files: Files = resolve("adapters.files.local", "open_files")(folder)
    return files


def open_scanner(settings: ScannerSettings) -> Scanner:
    """The virus scanner at an address."""
    scanner: Scanner = resolve("adapters.files.clamav", "open_scanner")(settings)
    return scanner


def store(url: str, name: str) -> Callable[..., Any]:
    """The factory `name` of the store that a URL's scheme stands for."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme not in STORES:
        what = f"there is no store for '{scheme}:'"
        raise ConfigError(
            [Problem("config/gateway.yaml", 0, what, f"use one of {', '.join(sorted(STORES))}")]
        )
    return resolve(STORES[scheme], name, "config/gateway.yaml")
