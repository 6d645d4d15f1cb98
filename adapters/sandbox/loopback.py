"""Which addresses the sandbox may call: those of this machine."""

import ipaddress
from urllib.parse import urlsplit


def is_on_loopback(url: str) -> bool:
    """Whether a URL of http or https leads to this machine."""
    parts = urlsplit(url)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    return loopback and parts.scheme in {"http", "https"}
