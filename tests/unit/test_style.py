"""The house's style, as far as a machine can see it: short files, each saying what it is; no drawers of odds."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("app", "agents", "tables", "web")
ROOMS = (*CODE, "tests")
KINDS = {".py", ".js", ".css", ".html", ".j2"}
LINES_MAX = 350
MEDIAN_MAX = 120
WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "misc", "common", "tools", "stuff", "lib"}
DOCSTRING_LINES_MAX = 40

FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in KINDS)
MODULES = [path for path in FILES if path.suffix == ".py"]


def shown(path: Path) -> str:
    """The path inside the repository."""
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text().splitlines())


def is_code(path: Path) -> bool:
    """Whether a file is of the program and not of its tests."""
    return path.relative_to(ROOT).parts[0] in CODE


def test_no_file_is_long() -> None:
    assert len(FILES) > 100
    assert {shown(path): lines(path) for path in FILES if lines(path) > LINES_MAX} == {}


@pytest.mark.parametrize("room", ["code", "tests"])
def test_files_are_short_as_a_rule(room: str) -> None:
    sizes = [lines(path) for path in FILES if is_code(path) is (room == "code") and lines(path) > 1]
    # A test module follows the module it tests, with every case beside it.
    assert median(sizes) <= MEDIAN_MAX * (1 if room == "code" else 1.5)


@pytest.mark.parametrize("path", [path for path in MODULES if path.read_text().strip()], ids=shown)
def test_a_module_opens_by_saying_what_it_is(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said, "the module has no docstring"
    assert len(said) >= 20
    assert len(said.splitlines()) <= DOCSTRING_LINES_MAX


@pytest.mark.parametrize("path", [path for path in MODULES if is_code(path)], ids=shown)
def test_what_is_public_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text())
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_every_module_has_a_meaning() -> None:
    assert [shown(path) for path in FILES if path.stem.lower().strip("_") in WITHOUT_MEANING] == []
    assert [shown(path) for path in FILES if path.parent.name in WITHOUT_MEANING] == []


def test_nothing_is_left_over() -> None:
    marks = tuple("".join(parts) for parts in (("TO", "DO"), ("FIX", "ME"), ("breakpoint", "(")))
    left = [
        f"{shown(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if any(mark in line for mark in marks)
    ]
    assert left == []
