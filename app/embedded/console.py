"""One readable stream of many processes' lines.

In: lines with the name of who wrote them. Out: the same on one stream, each with a padded name, coloured on a terminal
only. Must never fail because the terminal went away: then it is silent, so that everything can still be stopped.
"""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
DIM = 2


class Console:
    """Writes prefixed lines; `write` is a sink for processes."""

    def __init__(self, names: Iterable[str], stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self.stream = stream or sys.stdout
        known = list(names)
        self.width = max((len(name) for name in known), default=0)
        self.colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(known)}
        # https://no-color.org: any value switches colours off.
        self.colour = self.stream.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self.gone = False

    def write(self, name: str, line: str) -> None:
        """Write a process' line after its name."""
        self.say(f"{self.paint(f'{name:<{self.width}} |', self.colours.get(name, DIM))} {line}")

    def say(self, line: str = "") -> None:
        """Write a line of our own."""
        if self.gone:
            return
        try:
            self.stream.write(line + "\n")
            self.stream.flush()
        except (OSError, ValueError):
            # The terminal was closed, or the pipe's reader left: there is nobody to tell, and stopping must go on.
            self.gone = True

    def paint(self, text: str, code: int) -> str:
        """The text in a colour (an ANSI code) where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text
