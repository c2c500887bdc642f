"""docs/simulator.md names every address, every action and every switch of the simulator, and no others."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

from web.simulator import SimulatorConfig, create_app
from web.simulator.actions import ActionType, UserAction
from web.simulator.switches import InjectedError, Switches
from web.simulator.templates import KNOWN_TEMPLATES

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
NAMED = set(re.findall(r"`([^`]+)`", TEXT))


def test_every_address_is_described() -> None:
    config = SimulatorConfig(
        webhook_url="x", access_token="t", app_secrets=("s",), phone_number_id="1", display_phone_number="2"
    )
    served = set()
    for route in create_app(config).router.routes():
        resource = route.resource
        if resource is not None and resource.canonical.startswith(("/sim", "/media", "/{version}")):
            served.add(f"{route.method} {resource.canonical}")
    named = {name for name in NAMED if re.match(r"(GET|POST|PUT|PATCH|DELETE) /", name)}
    assert {name for name in served if not name.startswith("HEAD ")} == named


def test_every_action_and_its_members_are_described() -> None:
    assert set(get_args(ActionType)) <= NAMED
    assert set(UserAction.model_fields) - {"type"} <= NAMED


def test_every_switch_is_described() -> None:
    assert {field.name for field in fields(Switches)} <= NAMED
    assert {field.name for field in fields(InjectedError)} <= NAMED


def test_every_template_is_named() -> None:
    assert {template.name for template in KNOWN_TEMPLATES} <= NAMED
