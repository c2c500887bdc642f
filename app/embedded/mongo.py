"""Embedded server of MongoDB's protocol: `nx-27017`, which stores in SQLite. Not MongoDB itself.

In: a port and a directory. Out: `url` for motor. Plain reads and writes work; aggregation with expressions does not.
Data survives stop() and kill().
"""

import sys

import motor.motor_asyncio
from pymongo.errors import PyMongoError

from app.embedded.service import HOST, Service, exchange


class Mongo(Service):
    """A server of MongoDB's protocol; restart(empty=True) loses its data."""

    name = "mongo"

    @property
    def url(self) -> str:
        """URL for motor."""
        return f"mongodb://{HOST}:{self.port}"

    async def prepare(self) -> None:
        """Make the directory, and remove the note that a killed server left about its process id."""
        await super().prepare()
        (self.data_dir / "pid").unlink(missing_ok=True)

    def argv(self) -> list[str]:
        """The command that runs the server."""
        files = {"--db": "mongo.db", "--pid-file": "pid"}
        options = [word for option, file in files.items() for word in (option, str(self.data_dir / file))]
        # Its log file repeats what it writes to us.
        options += ["--log-file", "/dev/null", "--host", HOST, "-p", str(self.port)]
        return [sys.executable, "-m", "nx_27017.nx_27017", *options]

    async def answers(self) -> bool:
        """Whether `ping` is answered."""
        if not await self._listens():
            return False
        client = motor.motor_asyncio.AsyncIOMotorClient(self.url, serverSelectionTimeoutMS=2000)
        try:
            return bool((await client.admin.command("ping"))["ok"])
        except PyMongoError:
            return False
        finally:
            client.close()

    async def _listens(self) -> bool:
        """Whether OP_QUERY `isMaster` is answered at all, which spares the client's slow first retry."""
        document = b"\x13\x00\x00\x00\x10isMaster\x00\x01\x00\x00\x00\x00"
        body = b"\x00\x00\x00\x00admin.$cmd\x00\x00\x00\x00\x00\xff\xff\xff\xff" + document
        header = b"".join(number.to_bytes(4, "little") for number in (16 + len(body), 1, 0, 2004))
        return bool(await exchange(self.port, header + body))
