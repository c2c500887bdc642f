"""A WebP that moves is told from one that stands still by its first bytes."""

import pytest

from app.core.webp import HEAD_BYTES, is_animated


def extended(flags: int) -> bytes:
    """A WebP with an extended header that has these flags."""
    return b"RIFF\x10\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes([flags]) + b"\x00" * 9 + b"ANIM"


@pytest.mark.parametrize("flags", [0x02, 0x12, 0xFF])
def test_the_animation_flag_says_that_it_moves(flags: int) -> None:
    assert is_animated(extended(flags))
    assert is_animated(extended(flags)[:HEAD_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        *(extended(flags) for flags in (0x00, 0x10, 0xFD)),
        b"RIFF\x10\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\x02\x02",
        b"RIFF\x10\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x02\x02\x02",
        b"RIFF\x10\x00\x00\x00WAVEVP8X\x0a\x00\x00\x00\x02\x02\x02",
        b"\x89PNG" + extended(0x02)[4:],
        b"",
        *(extended(0x02)[:length] for length in range(HEAD_BYTES)),
    ],
    ids=str,
)
def test_everything_else_stands_still(head: bytes) -> None:
    assert not is_animated(head)
