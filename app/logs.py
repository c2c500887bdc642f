"""One readable log line per event: time, level, where, what.

In: the level from the settings. Out: the root logger set up once per process. It never prints a secret: those are
SecretStr up to the point of use.
"""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up_logs(level: str) -> None:
    """Write to standard error; ours at the given level, the engines' only from WARNING on.

    Faust and aiokafka are taken off DEBUG by name: even unprinted it costs 15–40 % of the time per event.
    """
    logging.basicConfig(level=logging.INFO, format=FORMAT, stream=sys.stderr, force=True)
    # Services of Faust log under the module of their class: "app" and "agents" hold Faust's words, "broker" ours.
    logging.getLogger("broker").setLevel(level.upper())
    for name in ("aiokafka", "faust", "mode", "app", "agents", "web", "asyncio", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
