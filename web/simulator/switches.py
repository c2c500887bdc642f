"""The faults a test may turn on while the simulator runs, all in one documented value.

JSON of `/sim/switches` comes in, a frozen checked value goes out. With every switch at its default the
simulator is at rest: prompt, lossless, and in order for each user.
"""

from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from web.simulator.errors import Form

STRICT = ConfigDict(extra="forbid")
Rate = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class InjectedError:
    """An error that some sends get although nothing is wrong with them."""

    code: int
    http_status: Annotated[int, Field(ge=400, le=599)] | None = None
    """Without it, what answers with this code usually have."""
    rate: Rate = 1.0
    count: Annotated[int, Field(ge=1)] | None = None
    """How often it strikes before it is used up; without it, for ever."""
    to: str | None = None
    """Only sends to these digits or this business-scoped id."""
    phone_number_id: str | None = None
    """Only calls for this business number."""
    as_status: bool = False
    """Answer 200 and report the error by a `failed` status instead."""
    form: Form = "full"
    """How the answer is dressed: full, string (`error_data` is one), bare (message alone), html, empty."""
    on: Literal["messages", "media"] = "messages"
    """What it strikes: sends, or calls of the media API (upload, locate, download, delete)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Switches:
    """All switches at rest; rates are probabilities from 0 to 1."""

    graph_latency_min_ms: Milliseconds = 0
    """Each Graph call is taken up only after a time between min and max."""
    graph_latency_max_ms: Milliseconds = 0
    errors: tuple[InjectedError, ...] = field(default_factory=tuple)
    """Tried in order; the first that strikes answers the send."""
    lose_answers: Rate = 0.0
    """The send is accepted, then the connection closes without an answer."""
    stall_rate: Rate = 0.0
    """The send is accepted, then its answer comes `stall_seconds` late."""
    stall_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    token_expired: bool = False
    """Every Graph call, media and downloads too, is refused with 401 and code 190."""
    pair_rate: bool = False
    """Refuse with 131056 beyond 10 messages a minute to one user (burst 45)."""
    throughput_per_second: Annotated[int, Field(ge=0)] = 0
    """Refuse with 130429 beyond this many messages a second, in and out; 0 does not enforce."""
    identity_check: bool = False
    """Webhooks carry `identity_key_hash` and `recipient_identity_key_hash`, as when switched on for the number."""
    media_url_seconds: Annotated[int, Field(ge=0, le=86_400)] = 300
    """How long an address of a medium is good for downloads."""
    media_urls: bool = False
    """Webhooks carry the `url` of media as well, good for as long."""
    fetch_links: bool = True
    """Media sent by link are fetched, and fail with 131053 when that fails; off: every link is believed."""
    edits_as_unsupported: bool = False
    """Edited and deleted messages arrive as `unsupported`, as for numbers not shared with the Business app."""
    duplicates: Rate = 0.0
    """A webhook is posted a second time, byte for byte, about the same moment."""
    reorder: Rate = 0.0
    """An item is held back and swapped with the same user's next one."""
    reorder_hold_ms: Milliseconds = 300
    """How long a held-back item waits for a next one before it goes anyway."""
    batch_items: Annotated[int, Field(ge=1, le=1000)] = 1
    """Collect up to this many items, of any users, into one POST; 1 does not batch."""
    batch_ms: Milliseconds = 100
    """A batch is posted when full or this long after its first item."""
    statuses: bool = True
    """Off: no status is ever sent, not even `failed`."""
    status_delay_min_ms: Milliseconds = 20
    """Time between acceptance, `sent`, `delivered` and `read`, each drawn between min and max."""
    status_delay_max_ms: Milliseconds = 60
    delivered_before_read: bool = True
    """Off: an open phone reports only `read`, as WhatsApp mostly does when the chat is on the screen."""
    seed: int = 0
    """Seed of the one generator behind every rate; set again with each change of the switches."""

    def __post_init__(self) -> None:
        for name in ("graph_latency", "status_delay"):
            if getattr(self, f"{name}_min_ms") > getattr(self, f"{name}_max_ms"):
                raise ValueError(f"{name}_min_ms is greater than {name}_max_ms; raise the maximum too")


_adapter = TypeAdapter(Switches)


def parse_switches(data: object) -> Switches:
    """Return switches from JSON; raises pydantic's ValidationError (a ValueError) naming each bad field."""
    return _adapter.validate_python(data)


def merge_switches(current: Switches, changes: object) -> Switches:
    """Return current switches with the given fields changed; raises ValueError as `parse_switches`."""
    if not isinstance(changes, dict):
        return parse_switches(changes)
    return parse_switches(switches_json(current) | changes)


def switches_json(switches: Switches) -> dict[str, Any]:
    """Return the switches as JSON-ready data."""
    data = asdict(switches)
    data["errors"] = list(data["errors"])
    return data
