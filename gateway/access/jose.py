"""The former place of gateway.jose.jws."""

from gateway.jose.jws import *  # noqa: F403
