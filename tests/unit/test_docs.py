"""What the documents name is there: settings with their defaults, commands, files, targets, topics.

`python -m tests.unit.test_docs` writes the README's table of settings anew.
"""

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.__main__ import _parser
from app.core.rules import Texts
from app.settings import PREFIX, Settings
from app.topics import Topics

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_VARIABLES = [
    *DOCUMENTS,
    ROOT / ".env.example",
    ROOT / "docker-compose.yaml",
    ROOT / "Dockerfile",
    ROOT / "Makefile",
]
TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)
PLACES = ("app/", "agents/", "tables/", "web/", "tests/", "docs/", "docker/", ".ci/")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def variables() -> dict[str, FieldInfo]:
    """Every environment variable that is a setting."""
    fields = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items() if name != "texts"}
    return fields | {f"{PREFIX}TEXT_{name.upper()}": field for name, field in Texts.model_fields.items()}


def settings_table() -> str:
    """The README's table of settings."""
    rows = [f"| `{name}` | {_shown(field.default)} | {field.description} |" for name, field in variables().items()]
    return "\n".join(["| variable | default | what |", "|---|---|---|", *rows, ""])


def _shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, list):
        default = ",".join(map(str, default))
    if isinstance(default, bool):
        default = str(default).lower()
    return f"`{default}`" if str(default) else "(empty)"


def _commands() -> dict[str, argparse.ArgumentParser]:
    [subcommands] = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(subcommands.choices)


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_table_of_settings_is_that_of_the_code() -> None:
    found = TABLE.search(README.read_text())
    assert found, "README.md has lost its marks <!-- settings --> and <!-- /settings -->"
    assert found.group() == settings_table(), "run `make settings`"


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in variables().items() if not field.description] == []


@pytest.mark.parametrize("file", WITH_VARIABLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_is_a_setting(file: Path) -> None:
    named = set(re.findall(r"\bBROKER_[A-Z0-9_]+\b", file.read_text()))
    assert {name for name in named if not name.startswith("BROKER_TEST_")} - set(variables()) == set()


@each_document
def test_every_command_exists(document: Path) -> None:
    commands = _commands()
    for name, argument in re.findall(r"python -m app ([a-z-]+)(?: ([a-z]+))?`", document.read_text()):
        assert name in commands, f"{document.name}: python -m app {name}"
        if argument:
            commands[name].parse_args([argument])


@each_document
def test_every_file_exists(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    named = {name for name in re.findall(r"`([\w./-]+)`", text) if name.startswith(PLACES)}
    named |= {
        name for name in re.findall(r"`([\w.-]+\.(?:yaml|toml|md|txt)|Dockerfile|Procfile|\.env\.example)`", text)
    }
    linked = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    assert [link for link in sorted(linked) if not (document.parent / link).exists()] == []


@each_document
def test_every_named_test_exists(document: Path) -> None:
    for name in re.findall(r"`(test_\w+)`", document.read_text()):
        assert any(f"def {name}(" in file.read_text() for file in (ROOT / "tests").rglob("test_*.py")), name


@each_document
def test_every_target_exists(document: Path) -> None:
    # Commands only: at the beginning of a line or of a piece of code, perhaps after variables.
    for words in re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )*make ([a-z-]+(?: [a-z-]+)*)", document.read_text(), re.MULTILINE):
        assert set(words.split()) <= _targets(), f"{document.name}: make {words}"


def test_the_bot_in_the_readme_is_the_one_that_runs_and_short() -> None:
    source = (ROOT / "agents" / "echo_bot.py").read_text()
    assert f"```python\n{source}```\n" in README.read_text()
    assert len(source.splitlines()) <= 15


def test_every_topic_is_described() -> None:
    text = (ROOT / "docs" / "topics.md").read_text()
    assert [spec.name for spec in Topics(Settings()).own() if f"| `{spec.name}` |" not in text] == []


def test_every_process_is_described() -> None:
    text = README.read_text()
    assert [name for name in _commands() if f"`python -m app {name}" not in text and name != "demo"] == []


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: settings_table(), README.read_text()))
