"""`python -m tests.faults.bench`: runs families of faults and prints one table.

In: families, strikes per family, seed, which Kafka. Out: the table and the details; exit code 1 when a promise broke.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile


def main() -> int:
    """Run; returns the exit code."""
    options = _parser().parse_args()
    os.environ["BROKER_TEST_KAFKA"] = options.kafka
    if options.table:
        from tests.faults.bench.report import table
        from tests.faults.bench.run import read_results

        print(table([result for path in options.table for result in read_results(path)]))
        return 0
    logs = os.environ.setdefault("BROKER_TEST_LOG", tempfile.mkstemp(prefix="faults-", suffix=".log")[1])
    options.results = options.results or tempfile.mkstemp(prefix="faults-", suffix=".jsonl")[1]
    if not options.part:
        print(f"seed {options.seed}; the processes' logs are in {logs}*, the results in {options.results}", flush=True)
    logging.basicConfig(level=logging.ERROR)
    if options.part:
        # Beside the log of the run's processes, how far it has come.
        progress = logging.FileHandler(f"{logs}.progress")
        progress.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger("bench").setLevel(logging.INFO)
        logging.getLogger("bench").addHandler(progress)
        logging.getLogger("bench").propagate = False
    # Agents and readers complain loudly about a Kafka that was taken away on purpose.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # Which Kafka is decided when the system's module is imported.
    from tests.faults.bench.run import run_all

    return asyncio.run(run_all(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.bench", description=__doc__)
    parser.add_argument("--family", default="all", help="names separated by commas, or all")
    parser.add_argument(
        "--strikes", type=int, default=30, help="faults per family; 0: a handful, each way to strike once"
    )
    parser.add_argument("--per-run", type=int, default=30, help="faults that one system lives through")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=0.0, help="soak: strike for so long instead of a number")
    parser.add_argument("--kafka", choices=("embedded", "apache", "apache3"), default="embedded")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time, each with a system of its own")
    parser.add_argument("--results", default="", help="file to add one line of JSON per run to")
    parser.add_argument("--table", nargs="+", default=[], metavar="FILE", help="only print the table of such files")
    parser.add_argument("--part", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
