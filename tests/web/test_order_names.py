"""A caller's own name for an order is checked before anything is asked or written."""

import asyncio

import pytest

from tests.web.admin_support import TOKEN
from tests.web.test_lookups import ANA, Pair, pair

__all__ = ["pair"]


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", [b"\xff\xfe", b"\xed\xa0\x80"])
async def test_a_name_that_is_no_text_is_422_and_writes_nothing(pair: Pair, name: bytes, at: int) -> None:
    client = pair.clients[at]
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        f"DELETE /api/v1/session/{ANA.key} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n".encode()
        + f"Authorization: Bearer {TOKEN}\r\nIdempotency-Key: ".encode()
        + name
        + b"\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 422 ") and b'"field":"Idempotency-Key"' in answer
    assert pair.second.written == []
