"""`python -m tests.faults.bench`: runs families of faults and prints one table.

In: families, strikes per family, seed, which Kafka. Out: the table and the details; exit code 1 when a promise broke.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run; returns the exit code."""
    options = _parser().parse_args()
    os.environ["BROKER_TEST_KAFKA"] = options.kafka
    logs = Path(os.environ.setdefault("BROKER_TEST_LOG", tempfile.mkstemp(prefix="faults-", suffix=".log")[1]))
    print(f"seed {options.seed}; the processes' logs are in {logs}", flush=True)
    logging.basicConfig(level=logging.ERROR)
    # Agents and readers complain loudly about a Kafka that was taken away on purpose.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # Which Kafka is decided when the system's module is imported.
    from tests.faults.bench.run import run_all

    return asyncio.run(run_all(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bench", description=__doc__)
    parser.add_argument("--family", default="all", help="names separated by commas, or all")
    parser.add_argument("--strikes", type=int, default=30, help="faults per family")
    parser.add_argument("--per-run", type=int, default=30, help="faults that one system lives through")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=0.0, help="soak: strike for so long instead of a number")
    parser.add_argument("--kafka", choices=("embedded", "apache"), default="embedded")
    return parser


if __name__ == "__main__":
    sys.exit(main())
