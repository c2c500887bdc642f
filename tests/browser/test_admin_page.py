"""The admin page in a real browser: log in, see what flows, find a user by name, move them, see it and who did it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.pages import looked_at, open_page, shot
from tests.system.system import AGENTS, System, until

pytestmark = [pytest.mark.browser, pytest.mark.kafka]


async def test_a_team_lead_moves_a_user(browser: Browser) -> None:
    async with System() as system:
        programs = {name: await system.program(name) for name in AGENTS}
        phone = await system.phone("Ana")
        other = await system.phone("Mariana")
        await other.write("hi")
        await other.receives_text("Choose")
        await phone.write("hi")
        await phone.receives_text("Choose")
        await phone.write("Sales")
        await programs["Sales"].reads("initial", phone.address)
        await phone.write("are you there?")
        await programs["Sales"].reads("text", phone.address)
        page = await open_page(browser, f"http://127.0.0.1:{system.ports.broker}/admin")
        await shot(page, "admin-login")
        await page.get_by_label("Admin token").fill("guessed")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("That is no admin token.")
        await page.get_by_label("Admin token").fill(system.stack.credentials.admin_tokens[0])
        await page.keyboard.press("Enter")
        await expect(cell(page, "Sales", "users")).to_have_text("1")
        await expect(cell(page, "Help Desk", "users")).to_have_text("0")
        # No reload: the script fetches the numbers.
        await expect(cell(page, "Sales", "in")).to_have_text(re.compile(r"0\.\d"))
        async with reader_of(system, "Sales"):
            await expect(cell(page, "Sales", "unread")).to_have_text(re.compile(r"[1-9]"), timeout=60_000)
        await page.get_by_role("searchbox").fill("an")
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_role("list", name="Users with that name")).to_contain_text("Mariana")
        await looked_at(page, "admin-found")
        await page.get_by_role("link", name="Ana", exact=True).click()
        await expect(page.get_by_role("article")).to_contain_text("Sales")
        await looked_at(page, "admin-agents")
        await page.get_by_label("Move to").select_option("Help Desk")
        await page.get_by_label("Note to that agent").fill("speaks Portuguese")
        await page.get_by_role("button", name="Move").click()
        await expect(page.get_by_text("The user is moved.")).to_be_visible()
        await expect(page.get_by_role("article").locator("dd").filter(has_text="Help Desk")).to_be_visible()
        await programs["Help Desk"].reads("initial", phone.address)
        await expect(cell(page, "Help Desk", "users")).to_have_text("1")
        await expect(cell(page, "Sales", "users")).to_have_text("0")
        await page.get_by_role("button", name="End the conversation").click()
        await expect(page.get_by_text("The conversation is ended.")).to_be_visible()
        await expect(page.get_by_role("article")).to_contain_text("the menu")

        async def written_down() -> bool:
            await page.goto(f"http://127.0.0.1:{system.ports.broker}/admin/")
            said = await page.get_by_role("region", name="Last changes").inner_text()
            return "moved a user from Sales to Help Desk" in said and "with Help Desk" in said

        await until(written_down, 30, "both orders among the last changes")
        await looked_at(page, "admin-changes")
        await page.get_by_role("link", name="Register an agent").click()
        await page.get_by_label("Name").fill("12")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_label("In topic")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_text("must not be a number")).to_be_visible()
        await looked_at(page, "admin-form")
        assert page.problems == []  # type: ignore[attr-defined]


def cell(page: Page, agent: str, column: str) -> Locator:
    """A number of an agent."""
    return page.get_by_role("row", name=agent).locator(f"[data-cell$=':{column}'] span")


@asynccontextmanager
async def reader_of(system: System, agent: str) -> AsyncIterator[None]:
    """A program that has read nothing of an agent's in topic yet, under a group's name nobody knows."""
    topic = system.agents[agent]["read_topic"]
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=system.stack.kafka.bootstrap, group_id="whoever", enable_auto_commit=False
    )
    await consumer.start()
    try:
        await consumer.commit(dict.fromkeys(consumer.assignment(), 0))
        yield
    finally:
        await consumer.stop()
