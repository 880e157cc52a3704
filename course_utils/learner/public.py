"""Whether a site is open to others: what the environment says, and which addresses only this machine reaches."""

import ipaddress
import os

PUBLIC = "GLASSBOX_PUBLIC"
_NO = frozenset({"0", "false", "no", "off"})


def told_public() -> bool | None:
    """What `GLASSBOX_PUBLIC` says, None when it isn't set. What isn't plainly a no is a yes, the harmless mode."""
    said = os.environ.get(PUBLIC, "").strip().lower()
    return said not in _NO if said else None


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, with or without a port, is reached from this machine alone.

    >>> [is_loopback(host) for host in ("localhost:8501", "127.0.0.1", "[::1]:80", "0.0.0.0", "localhost.example.org")]
    [True, True, True, False, False]
    """
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
