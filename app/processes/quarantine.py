"""`python -m app quarantine …`: list, count, show, replay, discard.

In: an action and ids of entries (`3/17`), or a part of the reason. Out: lines on the terminal; 1 when an id is unknown
or an entry cannot be replayed, and then nothing was written.
"""

import argparse
import contextlib
import json
import sys
from datetime import UTC, datetime

from app.quarantine import Entry, Quarantine, ReplayRefused
from app.settings import Settings

SHOWN = 4000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = ("list", "count", "show", "replay", "discard")
    parser.add_argument("action", choices=actions)
    parser.add_argument("ids", nargs="*", metavar="id", help="entries, as `list` names them: partition/offset")
    parser.add_argument("--reason", default="", help="entries whose reason contains this text")
    parser.add_argument("--all", action="store_true", help="every entry; with list and count also those looked after")


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Carry out one action; returns the exit code."""
    quarantine = Quarantine(settings)
    only_looking = options.action in ("list", "count", "show")
    # Who names an entry means it, also when it was looked after before.
    entries = await quarantine.entries(marked=bool(options.ids) or (only_looking and options.all))
    unknown = sorted(set(options.ids) - {entry.id for entry in entries})
    if unknown:
        print(f"no such entry: {', '.join(unknown)} (see `quarantine list`)", file=sys.stderr)
        return 1
    chosen = [
        entry for entry in entries if (not options.ids or entry.id in options.ids) and options.reason in entry.reason
    ]
    match options.action:
        case "list":
            for entry in chosen:
                print(_line(entry))
        case "count":
            _print_counts(chosen)
        case "show":
            for entry in chosen:
                print(_line(entry), _readable(entry), sep="\n")
        case action:
            if not (options.ids or options.reason or options.all):
                print(f"say what to {action}: ids, --reason TEXT or --all", file=sys.stderr)
                return 1
            return await _change(quarantine, action, chosen)
    return 0


async def _change(quarantine: Quarantine, action: str, chosen: list[Entry]) -> int:
    try:
        await (quarantine.replay(chosen) if action == "replay" else quarantine.discard(chosen))
    except ReplayRefused as error:
        print(f"nothing was replayed: {error}", file=sys.stderr)
        return 1
    print(f"{len(chosen)} entries {'replayed' if action == 'replay' else 'discarded'}")
    return 0


def _line(entry: Entry) -> str:
    at = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
    mark = f" [{entry.mark}]" if entry.mark else ""
    return f"{entry.id:8} {at} {entry.source}: {entry.reason}{mark}"


def _print_counts(entries: list[Entry]) -> None:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.reason] = counts.get(entry.reason, 0) + 1
    for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        print(f"{count:6} {reason}")
    print(f"{len(entries):6} in all")


def _readable(entry: Entry) -> str:
    text = entry.value.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
