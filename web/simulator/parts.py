"""The parts of a running simulator, made once and handed to every view.

A configuration comes in; out goes one `Parts` in the application. Views find it under `PARTS`.
"""

from dataclasses import dataclass

from aiohttp import ClientSession, web

from web.simulator.config import SimulatorConfig
from web.simulator.delivery import Delivery
from web.simulator.faults import Faults
from web.simulator.limits import Limits
from web.simulator.links import Links
from web.simulator.statuses import Statuses
from web.simulator.world import World


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything a view may need."""

    config: SimulatorConfig
    world: World
    faults: Faults
    delivery: Delivery
    statuses: Statuses
    limits: Limits

    async def reset(self) -> None:
        """Return to the state of birth: switches at rest, nothing on its way, starting phones only."""
        await self.stop()
        self.faults.replace(self.config.switches)
        self.limits = Limits()
        self.world.reset()

    async def stop(self) -> None:
        """Drop all statuses and webhooks on their way."""
        await self.statuses.stop()
        await self.delivery.stop()


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


def build_parts(config: SimulatorConfig, http: ClientSession) -> Parts:
    """Wire the parts together."""
    world = World(config)
    faults = Faults(config.switches)
    delivery = Delivery(config, world, faults, http)
    links = Links(world.media, http, config.clock, config.link_timeout_seconds)
    statuses = Statuses(world, faults, delivery, links)
    return Parts(config=config, world=world, faults=faults, delivery=delivery, statuses=statuses, limits=Limits())
