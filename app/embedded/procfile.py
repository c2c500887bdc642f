"""A Procfile: one named command per line.

In: text such as `broker: python -m app broker`. Out: names and argument lists in the order of the file. Must never hand
a line to a shell: what a shell would interpret is refused.
"""

import re
import shlex
import sys

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")
SHELL_WORDS = re.compile(r"[|&;<>$`]")


class ProcfileError(ValueError):
    """A Procfile that cannot be used; the text names the line."""


def parse_procfile(text: str, python: str = sys.executable) -> dict[str, list[str]]:
    """Commands by name, with `python` in the place of a leading `python`; raises ProcfileError."""
    commands: dict[str, list[str]] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = LINE.match(line)
        if found is None:
            raise ProcfileError(f"line {number} of the Procfile is not `name: command`: {line!r}")
        name, command = found.groups()
        if name in commands:
            raise ProcfileError(f"line {number} of the Procfile names {name!r} a second time: rename one")
        if SHELL_WORDS.search(command):
            raise ProcfileError(f"line {number} of the Procfile needs a shell, which is not there: {line!r}")
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ProcfileError(f"line {number} of the Procfile: {error}: {line!r}") from error
        commands[name] = [python, *words[1:]] if words[0] in ("python", "python3") else words
    if not commands:
        raise ProcfileError("the Procfile names no process: write lines such as `broker: python -m app broker`")
    return commands
