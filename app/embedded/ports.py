"""TCP ports of this machine: free ones for tests, and claims of fixed ones for the demo.

In: a host and a port or a setting's name. Out: a number, or one line that says what to change. Never keeps a port open.
"""

import atexit
import random
import socket
import sys

# Below the range from which systems take the ports of outgoing connections (32768 on Linux, 49152 on macOS), so that
# a port stays free between the choice and the start of the server, and while a server is restarted.
LOWEST, HIGHEST = 20_000, 32_000

_given: dict[int, socket.socket | None] = {}


class PortTaken(RuntimeError):
    """A port that something else listens on; the text names the setting to change."""


def port_in_use(host: str, port: int) -> bool:
    """Whether a server on `host` could not listen on `port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    # macOS lets one bind beside a listener on all interfaces, so knock as well.
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on and no living process of ours was given before; raises RuntimeError if there is none."""
    for _ in range(1000):
        port = random.randrange(LOWEST, HIGHEST)  # noqa: S311 - no secret
        if port not in _given and _promise(port) and not port_in_use(host, port):
            return port
    raise RuntimeError(f"no free port between {LOWEST} and {HIGHEST} on {host}: stop some servers")


def _promise(port: int) -> bool:
    """Keep other processes from being given a port until this one ends; False when one was."""
    promise: socket.socket | None = None
    if sys.platform == "linux":
        # A name, not a file: it is gone with the process, however that ends.
        promise = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            promise.bind(f"\0whatsapp-broker-port-{port}")
        except OSError:
            promise.close()
            return False
    _given[port] = promise
    return True


@atexit.register
def _end_promises() -> None:
    for promise in _given.values():
        if promise is not None:
            promise.close()


def claim_port(host: str, port: int, user: str, setting: str) -> int:
    """Return `port` if it is free (0 picks one); raises PortTaken with one line naming `user` and `setting`."""
    if port == 0:
        return free_port(host)
    if port_in_use(host, port):
        raise PortTaken(
            f"port {port} on {host}, wanted for {user}, is in use: stop what listens there, or set {setting} to "
            "another port"
        )
    return port
