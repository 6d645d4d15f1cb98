"""The former place of gateway.jose.jwk."""

from gateway.jose.jwk import *  # noqa: F403
