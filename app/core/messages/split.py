"""A long text in pieces a reader can follow.

In: a text and a limit in characters (code points). Out: pieces within the limit, in order. It breaks between
paragraphs, else between lines, else between words, else between grapheme clusters, and never inside one: an emoji of
several code points or a letter with its accents stays whole. White space at a break is dropped, nothing else.
"""

from functools import lru_cache

import regex

CLUSTER = regex.compile(r"\X")
NEW_LINES = frozenset({"\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"})
KEEPING_TOGETHER = frozenset("\u00a0\u2007\u202f")
"""Spaces that are written in order not to be broken at."""


class SplitError(ValueError):
    """A text that cannot be split without tearing a grapheme cluster; the message says where."""


def clusters(text: str) -> list[str]:
    """The grapheme clusters of a text: what a reader takes for one sign (Unicode, UAX 29)."""
    return list(CLUSTER.findall(text))


@lru_cache(maxsize=8)  # a text is split when it is checked, and again when it is sent
def split_text(text: str, limit: int) -> tuple[str, ...]:
    """The pieces of a text, none blank and none longer than `limit`; raises SplitError when a cluster alone is."""
    if len(text) <= limit:
        return (text,)
    pieces = []
    rest = clusters(text)
    while rest:
        taken = _taken(rest, limit)
        if taken == 0:
            raise SplitError(f"holds one sign of {len(rest[0])} characters, which cannot be split")
        piece, rest = rest[:taken], rest[taken:]
        pieces.append("".join(_without_end(piece) if rest else piece))
        rest = _without_start(rest, after_line=_is_new_line(piece[-1]))
    return tuple(piece for piece in pieces if piece.strip())


def _taken(rest: list[str], limit: int) -> int:
    """How many clusters the next piece takes: up to the best break, or all."""
    fitting, size = 0, 0
    for cluster in rest:
        size += len(cluster)
        if size > limit:
            break
        fitting += 1
    if fitting == len(rest):
        return fitting
    breaks = _breaks(rest[: fitting + 1], fitting)
    # A break too early would leave most of a message empty, and messages cost money.
    late = [found for found in (breaks["paragraph"], breaks["line"]) if found > fitting // 2]
    return late[0] if late else breaks["word"] or fitting


def _breaks(piece: list[str], most: int) -> dict[str, int]:
    """Of each kind of break the last place: the number of clusters before it, 0 where there is none."""
    found = {"paragraph": 0, "line": 0, "word": 0}
    after_line = False
    for number, cluster in enumerate(piece, start=1):
        place = min(number, most)  # white space that does not fit any more is dropped: it ends the piece all the same
        if _is_new_line(cluster):
            found["line"] = found["word"] = place
            if after_line:
                found["paragraph"] = place
            after_line = True
        elif _is_space(cluster):
            if not after_line:  # the indentation of a line belongs to it
                found["word"] = place
        else:
            after_line = False
    return found


def _is_new_line(cluster: str) -> bool:
    return cluster in NEW_LINES


def _is_space(cluster: str) -> bool:
    return cluster.isspace() and cluster not in KEEPING_TOGETHER


def _without_end(piece: list[str]) -> list[str]:
    end = len(piece)
    while end and piece[end - 1].isspace():
        end -= 1
    return piece[:end]


def _without_start(rest: list[str], *, after_line: bool) -> list[str]:
    """What follows a break; the indentation of a line is kept."""
    start = 0
    for number, cluster in enumerate(rest, start=1):
        if not cluster.isspace():
            break
        after_line = after_line or _is_new_line(cluster)
        if _is_new_line(cluster) or not after_line:
            start = number
    return rest[start:]
