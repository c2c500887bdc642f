"""Pictures users take: each has bytes of its own, told by the words under it.

In: the words. Out: the bytes, and the id under which a phone can send them.
"""

from tests.system.system import System
from tests.web.simulator_support import PNG

PICTURE_BYTES = 300_000
"""More than one part of a download."""


def picture_of(text: str) -> bytes:
    """A picture no other message has."""
    words = f" {text}".encode()
    return PNG + words * (PICTURE_BYTES // len(words))


async def take(system: System, text: str) -> str:
    """Take a picture with a phone; returns its media id."""
    url = f"{system.simulator.url}/sim/media"
    async with system.http.post(url, data=picture_of(text), headers={"Content-Type": "image/png"}) as answer:
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["id"])
