"""Signing in at any OpenID provider, in no dialect: that of officials (OpenID Connect Core 1.0, Discovery 1.0)."""

from adapters.portals.openid import OpenIdOptions, RelyingParty, options_of
from adapters.transport.tools import Tools
from gateway.config.identity import IdentityProviderSettings
from gateway.mapping.logins import LoginPlan


def open_identity_provider(settings: IdentityProviderSettings, plan: LoginPlan, tools: Tools) -> RelyingParty:
    """The provider of one settings file. Raises ConfigError."""
    return RelyingParty(settings, options_of(settings, OpenIdOptions), plan, tools)
