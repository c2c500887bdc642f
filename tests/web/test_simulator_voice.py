"""A browser's recording becomes a voice note: the same Opus packets, in an Ogg file whose pages are whole."""

import struct

import pytest

from tests.web.simulator_support import running_bench
from web.simulator.voice import samples, voice_note

HEAD = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
PACKETS = [bytes([0x78]) + bytes(size) for size in (10, 254, 255, 600, 3)] * 30
"""20 ms each (configuration 15, one frame), of sizes around the edges of Ogg's segments."""


def element(name: str, body: bytes, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    return bytes.fromhex(name) + (length | 1 << 56).to_bytes(8, "big") + body


def block(packet: bytes, flags: int = 0x80) -> bytes:
    return element("a3", b"\x81\x00\x00" + bytes([flags]) + packet)


def webm(*blocks: bytes, head: bytes = HEAD) -> bytes:
    track = element("ae", element("d7", b"\x01") + element("63a2", head))
    cluster = element("1f43b675", element("e7", b"\x00") + b"".join(blocks))
    # a live recording does not know how long it will be
    segment = bytes.fromhex("18538067") + b"\xff" * 1 + element("1654ae6b", track) + cluster
    return element("1a45dfa3", b"\x42\x86\x81\x01") + segment


def read_ogg(data: bytes) -> tuple[list[bytes], list[int], list[int]]:
    """Return packets, positions and kinds of pages, after checking each page's checksum bit by bit."""
    packets, positions, kinds = [], [], []
    at = 0
    while at < len(data):
        magic, _, kind, position, _, _, checksum, count = struct.unpack_from("<4sBBqIIIB", data, at)
        assert magic == b"OggS"
        lacing = data[at + 27 : at + 27 + count]
        end = at + 27 + count + sum(lacing)
        value = 0
        for byte in data[at : at + 22] + bytes(4) + data[at + 26 : end]:
            value ^= byte << 24
            for _ in range(8):
                value = ((value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        assert value == checksum
        packet, body = b"", at + 27 + count
        for segment in lacing:
            packet += data[body : body + segment]
            body += segment
            if segment < 255:
                packets.append(packet)
                packet = b""
        positions.append(position)
        kinds.append(kind)
        at = end
    return packets, positions, kinds


def test_every_packet_is_carried_over() -> None:
    packets, positions, kinds = read_ogg(voice_note(webm(*(block(packet) for packet in PACKETS))))
    assert packets[0] == HEAD
    assert packets[1].startswith(b"OpusTags")
    assert packets[2:] == PACKETS
    assert positions[:2] == [0, 0]
    assert positions[-1] == len(PACKETS) * 960
    assert positions == sorted(positions)
    assert kinds == [2, 0, *[0] * (len(kinds) - 3), 4]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (0b00000_000, 0, 480),  # SILK, 10 ms, one frame
        (0b00011_001, 0, 5760),  # SILK, 60 ms, two frames
        (0b01100_000, 0, 480),  # hybrid, 10 ms
        (0b01111_000, 0, 960),  # hybrid, 20 ms
        (0b10000_000, 0, 120),  # CELT, 2.5 ms
        (0b11111_011, 3, 2880),  # CELT, 20 ms, three frames
    ],
)
def test_how_long_a_packet_lasts(first: int, second: int, wanted: int) -> None:
    assert samples(bytes([first, second])) == wanted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"RIFF....WAVE",
        webm(),
        webm(block(PACKETS[0]), head=b"A_VORBIS"),
        webm(block(PACKETS[0], flags=0x86)),
        webm(element("a3", b"\x81")),
        webm(block(PACKETS[0]))[:-20],
    ],
    ids=["nothing", "one byte", "no WebM", "no sound", "another codec", "laced", "half a block", "cut off"],
)
def test_what_is_no_recording_is_refused_or_cut(data: bytes) -> None:
    try:
        read_ogg(voice_note(data))
    except ValueError as error:
        assert "recording" in str(error)


async def test_a_recording_put_on_a_phone_becomes_ogg() -> None:
    async with running_bench() as bench:
        url = f"{bench.url}/sim/media?voice=1"
        recording = webm(*(block(packet) for packet in PACKETS))
        async with bench.http.post(url, data=recording, headers={"Content-Type": "audio/webm;codecs=opus"}) as answer:
            medium = await answer.json()
        assert (answer.status, medium["mime_type"]) == (201, "audio/ogg; codecs=opus")
        item = await bench.item(await bench.user(), type="audio", media_id=medium["id"], voice=True)
        assert item["audio"]["mime_type"] == "audio/ogg; codecs=opus"
        async with bench.http.post(url, data=b"noise", headers={"Content-Type": "audio/webm"}) as answer:
            assert (answer.status, "recording" in (await answer.json())["error"]) == (422, True)
