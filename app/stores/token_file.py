"""The access token in a file, so that a new one is taken up without a restart.

In: the path of a file with nothing but the token. Out: the token, as it is in the file now or was there last. It never
shows a token: no log, no repr and no error has one.
"""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

LOOK_SECONDS = 1.0
"""The file is read at most so often: a held number is probed less often than that."""
TOKEN = re.compile(rb"[!-~]+")
"""A token goes into a header: nothing but visible ASCII characters may stand in it."""

log = logging.getLogger("broker.token")


class TokenFile:
    """A secret that may change; it has of `SecretStr` what a client needs."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads the file; raises OSError when it cannot be read, ValueError when there is no token in it."""
        self._path = path
        self._clock = clock
        self._looked = clock()
        self._token = _read(path)
        self._failing = False

    def get_secret_value(self) -> str:
        """The token; while the file is away, empty or half written the one before."""
        if self._clock() - self._looked >= LOOK_SECONDS:
            self._looked = self._clock()
            self._look()
        return self._token.get_secret_value()

    def _look(self) -> None:
        try:
            token = _read(self._path)
        except (OSError, ValueError) as error:
            if not self._failing:
                log.warning("%s; the token before it is used on", _words(self._path, error))
            self._failing = True
            return
        self._failing = False
        if token != self._token:
            self._token = token
            log.info("a new access token was read from %s", self._path)


def read_token_file(path: str) -> TokenFile | str:
    """The token file at a path, or in words why there is none."""
    try:
        return TokenFile(Path(path))
    except (OSError, ValueError) as error:
        return _words(Path(path), error)


def _read(path: Path) -> SecretStr:
    token = path.read_bytes().strip()
    if not TOKEN.fullmatch(token):
        raise ValueError("it must hold one token and nothing else")
    return SecretStr(token.decode("ascii"))


def _words(path: Path, error: OSError | ValueError) -> str:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return f"the access token cannot be read from {path}: {why}"
