"""Signing in at the national portal, in the dialect of WSO2 Identity Server (national-portal.md B.1-B.3).

Seen: code flow, `acr_values=LoA1`, the secret in the form, userinfo by GET or POST, logout with `id_token_hint`. From
memory: its keys, its discovery and its logout address, which are settings.
"""

from adapters.portals.openid import OpenIdOptions, RelyingParty, options_of
from adapters.transport.tools import Tools
from gateway.config.identity import IdentityProviderSettings
from gateway.mapping.logins import LoginPlan


def open_identity_provider(settings: IdentityProviderSettings, plan: LoginPlan, tools: Tools) -> RelyingParty:
    """The provider of one settings file. Raises ConfigError."""
    return RelyingParty(settings, options_of(settings, OpenIdOptions), plan, tools)
