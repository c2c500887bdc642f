"""Tells a WebP that moves from one that stands still.

In: the first bytes of a file. Out: whether it is an animated WebP. The file itself is not checked: what is no WebP, or
ends too early, does not move.
"""

HEAD_BYTES = 21
"""Up to the flags of the extended header."""
ANIMATION = 0x02
"""The flag of a file that has a chunk ANIM and frames; a decoder believes the flag alone (RFC 9649, 2.7)."""


def is_animated(head: bytes) -> bool:
    """Whether a file that begins like this is an animated WebP: its extended header `VP8X` has the animation flag."""
    is_extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return is_extended and len(head) >= HEAD_BYTES and bool(head[HEAD_BYTES - 1] & ANIMATION)
