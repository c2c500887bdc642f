"""Imports point inward, as DESIGN.md says; each driver has its room; the environment is read in one place.

The rules are tables: a room, and what it may import of ours. What is not listed is not allowed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("app", "agents", "tables", "web")
MODULES = sorted(path for room in OURS for path in (ROOT / room).rglob("*.py"))

COMPOSITION = ("app.processes", "app.__main__")
"""Only these put everything together."""

ALLOWED = {
    "app.core": ("app.core",),
    "app.whatsapp": ("app.whatsapp", "app.core"),
    "app.stores": ("app.stores", "app.core"),
    "app.embedded": ("app.embedded", "app.settings"),
    "app": ("app",),  # the rest of app: settings, topics, Faust apps, readers
    "tables": ("tables", "app"),
    "agents": ("agents", "tables", "app"),
    "agents.kit": ("agents.kit",),  # a bot's program needs nothing of the broker
    "agents.echo_bot": ("agents.kit",),
    "agents.handover_bot": ("agents.kit",),
    "web.simulator": ("web.simulator", "app.settings"),
    "web": ("web", "tables", "app"),
}

DRIVERS = {
    "aiohttp",
    "aiokafka",
    "aiopg",
    "asyncpg",
    "faust",
    "jinja2",
    "mode",
    "motor",
    "prometheus_client",
    "psycopg2",
    "pydantic_settings",
    "pymongo",
    "redis",
    "rocksdict",
    "uvloop",
}
IMPURE = DRIVERS | {"asyncio", "logging", "os", "pathlib", "random", "socket", "subprocess", "time", "uuid"}
"""What app/core does without: it neither waits nor looks at a clock."""

ROOMS_OF_DRIVERS = {
    "motor": ("app.stores", "app.embedded"),
    "pymongo": ("app.stores", "app.embedded"),
    "aiopg": ("app.stores", "app.embedded"),
    "psycopg2": ("app.stores", "app.embedded"),
    "redis": ("app.stores", "app.embedded"),
    "pydantic_settings": ("app.settings",),
}
ONE_FILE = {"motor": 1, "aiopg": 1, "psycopg2": 1}
"""Drivers that one file of app/stores alone may know."""

MAY_READ_ENVIRONMENT = ("app.settings", "app.embedded", "agents.kit")
"""The kit: it serves programs that have no settings of ours."""


def name_of(path: Path) -> str:
    """The module's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_in(module: str, rooms: tuple[str, ...]) -> bool:
    """Whether a module is one of the rooms or stands inside one."""
    return any(module == room or module.startswith(room + ".") for room in rooms)


def is_module(name: str) -> bool:
    """Whether a name of ours is a module or package."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file it does."""
    package = name_of(path) if path.stem == "__init__" else name_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if base.partition(".")[0] in OURS and is_module(inner) else base


def room_of(module: str) -> str:
    """The room whose rule a module follows: the longest name that fits."""
    return max((room for room in ALLOWED if is_in(module, (room,))), key=len)


def is_ours(module: str) -> bool:
    """Whether a module is of this repository."""
    return module.partition(".")[0] in OURS


@pytest.mark.parametrize("path", [p for p in MODULES if not is_in(name_of(p), COMPOSITION)], ids=name_of)
def test_imports_point_inward(path: Path) -> None:
    module = name_of(path)
    allowed = ALLOWED[room_of(module)]
    wrong = {found for found in imports(path) if is_ours(found) and not is_in(found, allowed)}
    assert not wrong, f"{module} may import only {', '.join(allowed)}"
    # Nobody but the entry point knows the composition.
    assert not {found for found in imports(path) if is_in(found, COMPOSITION)}


@pytest.mark.parametrize("path", [p for p in MODULES if is_in(name_of(p), ("app.core",))], ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    wrong = {found for found in imports(path) if found.partition(".")[0] in IMPURE}
    assert not wrong, "app/core neither waits, nor looks at a clock, nor knows a driver"


def test_each_driver_has_its_room() -> None:
    wrong = [
        (name_of(path), found)
        for path in MODULES
        for found in imports(path)
        if found.partition(".")[0] in ROOMS_OF_DRIVERS
        and not is_in(name_of(path), ROOMS_OF_DRIVERS[found.partition(".")[0]])
    ]
    assert wrong == []


@pytest.mark.parametrize("driver", ONE_FILE)
def test_a_driver_is_known_to_one_file(driver: str) -> None:
    stores = [path for path in MODULES if is_in(name_of(path), ("app.stores",))]
    knowing = {name_of(path) for path in stores if any(name.partition(".")[0] == driver for name in imports(path))}
    assert len(knowing) == ONE_FILE[driver], knowing


def test_only_the_composition_knows_which_store_of_files_there_is() -> None:
    knowing = {name_of(path) for path in MODULES if "app.stores.media_directory" in set(imports(path))}
    assert knowing == {"app.processes.stores"}


def reads_environment(path: Path) -> bool:
    """Whether a file touches os.environ or os.getenv."""
    tree = ast.parse(path.read_text())
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    return bool(named & {"environ", "environb", "getenv", "getenvb", "putenv"})


def test_the_environment_is_read_in_one_place() -> None:
    reading = {name_of(path) for path in MODULES if reads_environment(path)}
    assert not {module for module in reading if not is_in(module, MAY_READ_ENVIRONMENT)}


def test_the_rules_see_what_is_there() -> None:
    assert len(MODULES) > 60
    assert "app.core.signposts" in set(imports(ROOT / "agents" / "router.py"))
    assert "app.wire" in set(imports(ROOT / "agents" / "router.py")), "`from app import wire` names a module"
    assert "app.processes.running" in set(imports(ROOT / "app" / "__main__.py")), "imports inside functions count"
    assert reads_environment(ROOT / "app" / "settings.py")
    assert [
        room_of(name)
        for name in ("app.core.menu", "app.lanes", "agents.kit.bot", "web.chat.hub", "web.simulator.world")
    ] == [
        "app.core",
        "app",
        "agents.kit",
        "web",
        "web.simulator",
    ]
