"""Which hosts a test may reach."""

import ipaddress


def is_loopback(host: object) -> bool:
    """Whether a host, as given to the socket functions, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False
