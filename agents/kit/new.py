"""`make new-agent NAME=open-hours`: a bot of one's own to begin with.

In: a name. Out: `agents/open_hours_bot.py`, made of the echo bot, and the command that registers it. It must never
write over a file.
"""

import re
import sys
from pathlib import Path

AGENTS = Path(__file__).parents[1]
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME_MAX = 24
"""Characters of a row in the menu."""


def write_bot(name: str, folder: Path = AGENTS) -> Path:
    """Write a bot's file; raises ValueError for a name that cannot be used, FileExistsError when the file is there."""
    if not NAME.fullmatch(name) or len(name) > NAME_MAX:
        raise ValueError(
            f"NAME={name} cannot be used: at most {NAME_MAX} small letters, digits and single hyphens between them,"
            " beginning with a letter, such as NAME=open-hours"
        )
    path = folder / f"{name.replace('-', '_')}_bot.py"
    source = (AGENTS / "echo_bot.py").read_text().replace('Bot("echo")', f'Bot("{name}")')
    with path.open("x") as file:
        file.write(source)
    return path


def registration(name: str) -> str:
    """The command that registers a bot, for a shell in which $TOKEN is one of BROKER_ADMIN_TOKENS."""
    title = name.replace("-", " ").title()
    return (
        'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/api/v1/agent/create \\\n'
        f'  -d \'{{"name": "{title}", "read_topic": "{name}-in", "write_topic": "{name}-out",'
        f' "error_topic": "{name}-error"}}\''
    )


def main(name: str) -> int:
    """Write the bot and say what to do next; returns the exit code."""
    try:
        path = write_bot(name)
    except FileExistsError as error:
        print(f"{error.filename} is there already: nothing was written", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {path}: change what it answers, then register it once and start it:\n")
    # By its path: the python of a shell may be another one, without what the kit needs.
    print(f"{registration(name)}\n{sys.executable} -m agents.{path.stem}")
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
