"""The form of an agent in a real browser: opening hours with and without JavaScript."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from app.core.hours import read_hours
from tests.browser.pages import looked_at, open_page
from tests.web.admin_page_support import Browser as Behind
from tests.web.admin_page_support import admin_page
from tests.web.admin_support import TOKEN

pytestmark = [pytest.mark.browser]


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Behind]:
    async with admin_page(tmp_path) as behind:
        yield behind


async def new_agent(browser: Browser, behind: Behind, *, script: bool = True) -> Page:
    """The form for a new agent, with its names and topics written."""
    page = await open_page(browser, str(behind.admin.client.make_url("/admin")), java_script_enabled=script)
    await page.get_by_label("Admin token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Register an agent").click()
    await page.get_by_label("Name").fill("Sales")
    for label, topic in (("In topic", "sales-in"), ("Out topic", "sales-out"), ("Error topic", "sales-error")):
        await page.get_by_label(label).fill(topic)
    return page


async def test_opening_hours_are_written_without_javascript(browser: Browser, behind: Behind) -> None:
    page = await new_agent(browser, behind, script=False)
    await expect(page.get_by_label("Time zone")).to_be_hidden()
    await page.get_by_label("By the hours below").check()
    await page.get_by_label("Time zone").fill("Atlantis")
    await page.get_by_label("Monday, from").first.fill("09:00")
    await page.get_by_label("Monday, until").first.fill("18:00")
    await page.get_by_label("Holidays").fill("2026-12-25 Christmas")
    await page.get_by_label("Closed message").fill("We are asleep.")
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("zone: must be the name of a time zone")).to_be_visible()
    await looked_at(page, "admin-form-hours")
    await page.get_by_label("Time zone").fill("Europe/Lisbon")
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("status").first).to_have_text("The agent is registered.")
    hours = {"zone": "Europe/Lisbon", "days": {"monday": ["09:00-18:00"]}, "holidays": {"2026-12-25": "Christmas"}}
    assert behind.store.agents[1].hours == read_hours(hours)
    assert behind.store.agents[1].closed_message == "We are asleep."


async def test_javascript_copies_a_day_and_knows_the_zone(browser: Browser, behind: Behind) -> None:
    page = await new_agent(browser, behind)
    await page.get_by_label("By the hours below").check()
    await expect(page.get_by_label("Time zone")).not_to_have_value("")
    await page.get_by_label("Time zone").fill("Europe/Lisbon")
    monday = page.get_by_role("group", name="Monday")
    await monday.get_by_role("button", name="More").click()
    for number, (opens, closes) in enumerate((("09:00", "10:00"), ("11:00", "12:00"), ("13:00", "00:00"))):
        await page.get_by_label("Monday, from").nth(number).fill(opens)
        await page.get_by_label("Monday, until").nth(number).fill(closes)
    await monday.get_by_role("button", name="Copy to Tuesday–Friday").click()
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("status").first).to_have_text("The agent is registered.")
    day = ["09:00-10:00", "11:00-12:00", "13:00-24:00"]
    week = {name: day for name in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    assert behind.store.agents[1].hours == read_hours({"zone": "Europe/Lisbon", "days": week})
    assert page.problems == []  # type: ignore[attr-defined]


async def test_an_agents_own_words_are_written_and_what_is_wrong_stands_at_its_field(
    browser: Browser, behind: Behind
) -> None:
    page = await new_agent(browser, behind)
    farewell = page.get_by_role("textbox", name="Farewell")
    await expect(farewell).to_be_hidden()
    await page.get_by_text("Its own words").click()
    await farewell.fill("Bye, {name}!")
    await page.get_by_role("textbox", name="On its deactivation").fill("{agent} has gone.")
    await page.get_by_role("button", name="Register").click()
    await expect(farewell).to_have_attribute("aria-invalid", "true")
    await expect(farewell).to_have_accessible_description(re.compile("has a field we cannot fill in .'name'"))
    await expect(page.get_by_role("textbox", name="On its deactivation")).to_have_value("{agent} has gone.")
    await looked_at(page, "admin-form-words")
    await farewell.fill("Bye, {user}!")
    await page.get_by_role("checkbox", name="When it opens: Say nothing instead").check()
    await page.get_by_role("button", name="Register").click()
    await expect(page.get_by_role("status").first).to_have_text("The agent is registered.")
    own = {"farewell": "Bye, {user}!", "gone": "{agent} has gone.", "opens": ""}
    assert dict(behind.store.agents[1].texts) == own
    assert page.problems == []  # type: ignore[attr-defined]


async def test_a_deactivated_agent_is_brought_back(browser: Browser, behind: Behind) -> None:
    page = await new_agent(browser, behind)
    await page.get_by_role("button", name="Register").click()
    await page.get_by_role("link", name="Edit Sales").click()
    await page.get_by_role("button", name="Deactivate this agent").click()
    await page.get_by_text("Out of the menu: 1").click()
    await looked_at(page, "admin-out-of-menu")
    await page.get_by_role("link", name="Bring back Sales").click()
    await looked_at(page, "admin-form-back")
    await page.get_by_role("button", name="Save and bring back").click()
    await expect(page.get_by_role("status").first).to_have_text("The agent is back in the menu.")
    await expect(page.get_by_role("link", name="Edit Sales")).to_be_visible()
    assert page.problems == []  # type: ignore[attr-defined]
