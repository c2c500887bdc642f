"""Meta's error codes as its table of advice has them (whatsapp-cloud-api, 7.3 and 7.4), and what the sender must do.

Written from the reference, not from app/core/codes.py: the tests compare the two. Each row: codes, class, how a
message ends that always gets this code, how often it is posted (None: until its life of 900 s is over), and when the
first tries come, in seconds after the first, with every wait half as random as it may be.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What is expected of one code."""

    code: int
    kind: str
    verdict: str
    tries: int | None
    times: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.code}-{self.kind}"


HELD = ("late", 18, (0, 6, 17, 38, 79, 140, 201))
"""The account is at fault: held, late in the end; probed after 5, 10, 20, 40, 60, 60 … seconds, and one more to see
whether there is another message to be the probe."""
ONCE = ("refused", 1, (0,))
USUAL = ("refused", 4, (0, 0.5, 1.5, 3.5))
MINUTES = ("late", None, (0, 75, 165))
SECONDS = ("late", None, (0, 2, 5, 10))

ADVICE: tuple[tuple[str, tuple[str, int | None, tuple[float, ...]], tuple[int | range, ...]], ...] = (
    ("account", HELD, (0, 3, 10, 131005, range(200, 300), 33, 104, 190, 368)),
    ("account", HELD, (131031, 131037, 131042, 131044, 131045, range(133000, 133017), 134011)),
    ("account", ONCE, (131030,)),  # of one recipient only
    ("account", ONCE, (131048, 131063, 131064, 134102)),  # of templates; this message is a text
    ("retry", USUAL, (2, 131016, 139102, 139103)),
    ("retry", ("refused", 3, (0, 0.5, 1.5)), (1,)),
    ("retry", ("refused", 4, (0, 0.5, 1.5, 3.5)), (131000,)),
    ("retry", ("refused", 4, (0, 65, 135, 215)), (131057,)),
    ("retry", ("late", 2, (0, 615)), (134101,)),
    ("throttle", MINUTES, (4, 17, 80007, 613, 131208)),
    ("throttle", SECONDS, (130429,)),
    ("throttle", ("late", 6, (0, 1, 5, 21, 85, 341)), (131056,)),
    ("throttle", ("late", 3, (0, 375, 765)), (132069,)),
    ("user", ONCE, (130403, 130472, 130497, 131026, 131049, 131050, 132015, 132016)),
    ("permanent", ONCE, (131020, 131021, 131041, 131047, 131052, 131059, 131060, 137000)),
    ("permanent", ONCE, (range(131201, 131208), range(131209, 131216))),
    ("payload", ONCE, (100, 130501, 131008, 131009, 131051, 131053, 131055, 131062, 132000, 132001, 132005, 132007)),
    ("payload", ONCE, (132008, 132012, 132018, 132068, 134100, range(138000, 138019), range(139000, 139005))),
    ("payload", ONCE, (139100, 139101, range(147001, 147006))),
    ("payload", ("refused", 2, (0, 0.5)), (135000,)),
    ("permanent", ("refused", 3, (0, 0.5, 1.5)), (999999,)),  # in no table
)


def rows() -> Iterator[Row]:
    """One row for each code."""
    for kind, (verdict, tries, times), codes in ADVICE:
        for part in codes:
            for code in part if isinstance(part, range) else (part,):
                yield Row(code, kind, verdict, tries, tuple(times))
