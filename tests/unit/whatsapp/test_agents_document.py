"""docs/agents.md on what users send: every type and field is named, and every example is a record agents get."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.core.codes import OWN
from app.core.media import LARGEST, is_ours
from app.core.rules import Rules
from app.whatsapp.content import MODELS, REPLIES
from app.whatsapp.context import Context, Referral
from tests.unit.whatsapp.shapes import TOLD, told

TEXT = (Path(__file__).parents[3] / "docs" / "agents.md").read_text()
SECTION = TEXT.split("### What users send")[1].split("\n## ")[0]
EXAMPLES: list[dict[str, Any]] = [json.loads(line) for line in SECTION.split("```")[1].splitlines()[1:]]
ROWS = [
    line.split("|")
    for line in SECTION.splitlines()
    if line.startswith("| `") and line != "| `type` | `text` | `content` |"
]
TYPES = {name: content for _, names, _, content, _ in ROWS for name in re.findall(r"`(\w+)`", names)}
RECORDS = [told(name) for name in TOLD]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['type']}-{example['text'][:10]}")
def test_every_example_is_what_an_agent_reads(example: dict[str, Any]) -> None:
    content = dict(example.get("content", {}))
    if example["type"] in LARGEST:
        # The router adds them (tests/unit/test_media_work.py).
        media, url = content.pop("media"), content.pop("url")
        assert is_ours(media) and url == f"{Rules().media_url}/media/{media}"
    told_so = {**example, "content": content} if content else example
    assert [record for record in RECORDS if record | told_so == record] != []


def test_every_type_is_described() -> None:
    assert {*MODELS, *REPLIES, "interactive"} == set(TYPES)


def test_every_type_has_an_example() -> None:
    assert {*MODELS, *REPLIES} - {example["type"] for example in EXAMPLES} == {"request_welcome"}


@pytest.mark.parametrize("kind", sorted({*MODELS, *REPLIES}))
def test_every_field_of_a_content_is_named(kind: str) -> None:
    fields = set((MODELS | REPLIES)[kind].model_fields) - {"errors"}
    assert {field for field in fields if f"`{field}`" not in TYPES[kind]} == set()


def test_every_field_of_context_and_referral_is_named() -> None:
    fields = {*Context.model_fields, *Referral.model_fields, "from"} - {"sender", "from_parent_user_id"}
    assert {field for field in fields if f"`{field}`" not in SECTION} == set()


def test_every_code_of_our_own_is_described() -> None:
    errors = TEXT.split("## What goes wrong")[1]
    assert {code for code in OWN if f"| `{code}` |" not in errors} == set()
