"""A forwarded login: a provider of identities proved that a person signed in, and a portal handed the proof over."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who signed in, as the provider proved it. `personal_id` is personal data."""

    #: name of the provider in `config/logins.yaml`
    provider: str
    #: twelve digits
    personal_id: str
