"""The dice of the simulator: one seeded generator that decides where the switches strike.

Switches come in, single decisions go out. No other module draws random numbers, so that a seed repeats
a run as far as the order of calls repeats.
"""

import random
from collections.abc import Collection
from typing import Literal

from web.simulator.switches import InjectedError, Switches

Target = Literal["messages", "media"]


class Faults:
    """Decides, call by call, which switch strikes."""

    def __init__(self, switches: Switches) -> None:
        self.replace(switches)

    def replace(self, switches: Switches) -> None:
        """Take new switches, reseed the generator and refill the counts of injected errors."""
        self.switches = switches
        self.rng = random.Random(switches.seed)  # noqa: S311 - dice, not secrets
        self._remaining = [error.count for error in switches.errors]

    def strikes(self, rate: float) -> bool:
        """Return whether a fault of this rate strikes now; a rate of 0 draws nothing."""
        return rate > 0 and self.rng.random() < rate

    def pick_error(
        self, number: str | None, recipients: Collection[str], on: Target = "messages"
    ) -> InjectedError | None:
        """Return the injected error that hits a send to one of these names or a media call, and use it up by one.

        `number` is the business number of the call, None where it names none.
        """
        for index, error in enumerate(self.switches.errors):
            remaining = self._remaining[index]
            if error.on != on or remaining == 0 or (error.to is not None and error.to.lstrip("+") not in recipients):
                continue
            if error.phone_number_id not in (None, number):
                continue
            if self.strikes(error.rate):
                if remaining is not None:
                    self._remaining[index] = remaining - 1
                return error
        return None

    def graph_latency(self) -> float:
        """Return the seconds before the next Graph call is taken up."""
        return self._between(self.switches.graph_latency_min_ms, self.switches.graph_latency_max_ms)

    def status_delay(self) -> float:
        """Return the seconds before the next status."""
        return self._between(self.switches.status_delay_min_ms, self.switches.status_delay_max_ms)

    def _between(self, minimum_ms: int, maximum_ms: int) -> float:
        if minimum_ms == maximum_ms:
            return minimum_ms / 1000
        return self.rng.uniform(minimum_ms, maximum_ms) / 1000
