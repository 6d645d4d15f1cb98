"""A forwarded login: an identity provider proved that a person signed in, and a portal forwards the proof."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The login as the provider proved it. `personal_id` is personal data."""

    #: name of the provider in `config/logins.yaml`
    provider: str
    #: twelve digits
    personal_id: str
