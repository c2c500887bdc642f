"""What a simulator is told once, at birth: whose numbers it plays, its secrets, where webhooks go.

Settings come in, a frozen value goes out. Nothing here changes while the simulator runs; what a test
may change at run time lives in `switches`. Secrets never appear in a repr.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from web.simulator.switches import Switches
from web.simulator.templates import KNOWN_TEMPLATES, Template
from web.simulator.wamids import new_wamid


@dataclass(frozen=True, kw_only=True)
class Number:
    """A business number: Meta's id of it, and the number itself as digits."""

    id: str
    display: str

    def public(self) -> dict[str, str]:
        """The number as the control API and the phones page are told it."""
        return {"phone_number_id": self.id, "number": self.display}


@dataclass(frozen=True, kw_only=True)
class SimulatorConfig:
    """The business numbers of one account and their surroundings; all durations in seconds."""

    webhook_url: str
    access_token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    """The first one signs; the others exist so that a receiver can rotate."""
    phone_number_id: str
    display_phone_number: str
    more_numbers: tuple[Number, ...] = ()
    """Further business numbers of the same account; what names no number means the one above."""
    account_id: str = "100200300400500"
    business_name: str = "Business"
    starting_phones: tuple[str, ...] = ()
    """Names of the users that exist at birth and after each reset."""
    templates: tuple[Template, ...] = KNOWN_TEMPLATES
    switches: Switches = field(default_factory=Switches)
    retry_first_seconds: float = 0.2
    retry_cap_seconds: float = 5.0
    max_retry_seconds: float = 7 * 24 * 3600.0
    """After this a webhook is dropped and said so in the log; Meta's own limit is seven days."""
    webhook_timeout_seconds: float = 10.0
    webhook_connections: int = 200
    journal_limit: int = 50_000
    """Entries kept per log and transcript; older ones are forgotten so that load runs fit in memory."""
    media_limit_bytes: int = 512 * 1024 * 1024
    """Bytes of media kept in memory; beyond it the oldest are forgotten."""
    link_timeout_seconds: float = 10.0
    """How long the fetch of a medium behind a link may take."""
    clock: Callable[[], float] = time.time
    new_wamid: Callable[[str], str] = new_wamid

    def __post_init__(self) -> None:
        if not self.app_secrets or not all(self.app_secrets):
            raise ValueError("simulator: app_secrets is empty, webhooks cannot be signed; set BROKER_APP_SECRETS")
        if not self.access_token:
            raise ValueError("simulator: access_token is empty; set BROKER_ACCESS_TOKEN")
        ids = [number.id for number in self.numbers]
        if len(set(ids)) < len(ids):
            raise ValueError(f"simulator: a phone_number_id is there twice in {', '.join(ids)}; give each its own")

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every business number, the default first."""
        first = Number(id=self.phone_number_id, display=self.display_phone_number.lstrip("+"))
        return (first, *self.more_numbers)

    def number(self, phone_number_id: str | None) -> Number:
        """The business number with an id, the first one without; raises ValueError for one that is not played."""
        if phone_number_id is None:
            return self.numbers[0]
        for number in self.numbers:
            if number.id == phone_number_id:
                return number
        played = ", ".join(number.id for number in self.numbers)
        raise ValueError(f"phone_number_id: {phone_number_id!r} is not played here; use one of {played}")
