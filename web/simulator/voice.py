"""Turns a browser's recording into a voice note as WhatsApp sends it: Opus out of WebM into Ogg, sound untouched.

The bytes of a WebM file with one Opus track come in; the bytes of an Ogg file go out, or a ValueError when it is no
such file. Packets are carried over as they are, never decoded. (RFC 3533, RFC 6716 section 3.1, RFC 7845.)
"""

import struct
from collections.abc import Iterator

VOICE_TYPE = "audio/ogg; codecs=opus"
CODEC_PRIVATE, SIMPLE_BLOCK, BLOCK = 0x63A2, 0xA3, 0xA1
MASTERS = {0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0xA0}
"""Segment, cluster, tracks, track, block group: their children simply follow."""
SERIAL = 0x51AB01CE
FIRST_PAGE, LAST_PAGE = 0x02, 0x04
PACKETS_PER_PAGE = 50
SEGMENTS_PER_PAGE = 255
SAMPLES_PER_MS = 48
POLYNOMIAL = 0x04C11DB7
LACING = 0x06


def voice_note(webm: bytes) -> bytes:
    """Return the Ogg file of a WebM recording; raises ValueError if it holds no Opus sound."""
    head, packets = b"", []
    for name, body in _elements(webm):
        if name == CODEC_PRIVATE and body.startswith(b"OpusHead"):
            head = body
        elif name in (SIMPLE_BLOCK, BLOCK):
            packets.append(_packet(body))
    if not head or not packets:
        raise ValueError("the recording holds no Opus sound; attach an audio file instead")
    return _ogg(head, packets)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        name, at = _number(data, at, keep_marker=True)
        size, after = _number(data, at, keep_marker=False)
        at = after
        if name in MASTERS:
            continue
        yield name, data[at : at + size]
        at += size


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return an EBML number and where it ends."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8 or at + length > len(data):
        raise ValueError("the recording is cut off or no WebM file")
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep_marker else value & ~(1 << (7 * length))), at + length


def _packet(block: bytes) -> bytes:
    _, after = _number(block, 0, keep_marker=False)
    if len(block) < after + 4 or block[after + 2] & LACING:
        raise ValueError("the recording laces its sound, which browsers do not; attach an audio file instead")
    return block[after + 3 :]


def samples(packet: bytes) -> int:
    """Return how many samples of 48 kHz an Opus packet lasts."""
    config, code = packet[0] >> 3, packet[0] & 0x03
    if config < 12:
        frame = (10, 20, 40, 60)[config & 3] * SAMPLES_PER_MS
    elif config < 16:
        frame = (10, 20)[config & 1] * SAMPLES_PER_MS
    else:
        frame = (120, 240, 480, 960)[config & 3]
    count = {0: 1, 1: 2, 2: 2}.get(code) or (packet[1] & 0x3F if len(packet) > 1 else 0)
    return frame * count


def _ogg(head: bytes, packets: list[bytes]) -> bytes:
    vendor = b"simulator"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page([head], 0, 0, FIRST_PAGE), _page([tags], 0, 1, 0)]
    position = 0
    groups = list(_groups(packets))
    for number, group in enumerate(groups):
        position += sum(samples(packet) for packet in group)
        pages.append(_page(group, position, number + 2, LAST_PAGE if number == len(groups) - 1 else 0))
    return b"".join(pages)


def _groups(packets: list[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    segments = 0
    for packet in packets:
        needed = len(packet) // 255 + 1
        if group and (len(group) == PACKETS_PER_PAGE or segments + needed > SEGMENTS_PER_PAGE):
            yield group
            group, segments = [], 0
        group.append(packet)
        segments += needed
    yield group


def _page(packets: list[bytes], position: int, number: int, kind: int) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    header = b"OggS" + struct.pack("<BBqIIIB", 0, kind, position, SERIAL, number, 0, len(lacing)) + lacing
    page = header + b"".join(packets)
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _table() -> tuple[int, ...]:
    entries = []
    for index in range(256):
        value = index << 24
        for _ in range(8):
            value = (value << 1) ^ (POLYNOMIAL if value & 0x80000000 else 0)
        entries.append(value & 0xFFFFFFFF)
    return tuple(entries)


TABLE = _table()


def _checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ TABLE[(value >> 24) ^ byte]
    return value
