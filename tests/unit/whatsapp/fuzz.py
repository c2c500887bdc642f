"""`make fuzz`: many mutated bodies through the webhook's door, the router's reading and its judgement.

In: how many, and a seed. Out: what became of them; a broken law ends it with the body and the seed to repeat it.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from random import Random

from tests.unit.whatsapp.laws import Laws
from tests.unit.whatsapp.mutations import mutated_bytes, mutated_json


def fuzz(bodies: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Check the laws on so many bodies; returns what became of them, and the reasons of the quarantine."""
    return asyncio.run(_fuzz(bodies, seed))


async def _fuzz(bodies: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    random, laws = Random(seed), Laws()
    for number in range(bodies):
        raw = mutated_bytes(random) if number % 3 == 2 else mutated_json(random)
        try:
            await laws.check(raw)
        except Exception:
            print(f"body {number} of seed {seed} breaks a law:\n{raw!r}", file=sys.stderr)
            raise
    return laws.counts, laws.reasons


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable()  # a line per item in quarantine would drown the outcome
    began = time.monotonic()
    counts, reasons = fuzz(options.bodies, options.seed)
    print(f"{counts['bodies']} bodies in {time.monotonic() - began:.0f} s, seed {options.seed}: no law broken")
    for name, count in sorted(counts.items()):
        print(f"  {count:8} {name}")
    print("reasons of the quarantine:")
    for name, count in reasons.most_common():
        print(f"  {count:8} {name}")


if __name__ == "__main__":
    main()
