"""The simulator: a fake WhatsApp with Graph API, signed webhooks and phones in the browser.

In come Graph calls of the broker, taps of the phones page and orders of the test bench; out go webhooks
to one address. It knows Meta's contract and nothing of the broker: it must never import broker code.
"""

from web.simulator.app import create_app
from web.simulator.config import SimulatorConfig
from web.simulator.switches import InjectedError, Switches
from web.simulator.templates import Template

__all__ = ["InjectedError", "SimulatorConfig", "Switches", "Template", "create_app"]
