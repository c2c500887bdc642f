"""The admin page in a real browser: log in, register an agent, find a user, move them, see the number change."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.pages import looked_at, open_page, shot
from tests.system.system import AGENTS, System

pytestmark = [pytest.mark.browser, pytest.mark.kafka]


async def test_a_team_lead_moves_a_user(browser: Browser) -> None:
    async with System() as system:
        programs = {name: await system.program(name) for name in AGENTS}
        phone = await system.phone("Ana")
        await phone.write("hi")
        await phone.receives_text("Choose")
        await phone.write("Sales")
        await programs["Sales"].reads("initial", phone.address)
        page = await open_page(browser, f"http://127.0.0.1:{system.ports.broker}/admin")
        await shot(page, "admin-login")
        await page.get_by_label("Admin token").fill("guessed")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("That is no admin token.")
        await page.get_by_label("Admin token").fill(system.stack.credentials.admin_tokens[0])
        await page.keyboard.press("Enter")
        await expect(users_of(page, "Sales")).to_have_text("1")
        await expect(users_of(page, "Help Desk")).to_have_text("0")
        await page.get_by_role("searchbox").fill(phone.address)
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_role("article")).to_contain_text("Ana")
        await looked_at(page, "admin-agents")
        await page.get_by_label("Move to").select_option("Help Desk")
        await page.get_by_label("Note to that agent").fill("speaks Portuguese")
        await page.get_by_role("button", name="Move").click()
        await programs["Help Desk"].reads("initial", phone.address)
        await expect(page.get_by_role("status").first).to_contain_text("The move is ordered")
        # No reload: the script fetches the numbers.
        await expect(users_of(page, "Help Desk")).to_have_text("1")
        await expect(users_of(page, "Sales")).to_have_text("0")
        await page.get_by_role("link", name="Register an agent").click()
        await page.get_by_label("Name").fill("12")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_label("In topic")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_text("must not be a number")).to_be_visible()
        await looked_at(page, "admin-form")
        assert page.problems == []  # type: ignore[attr-defined]


def users_of(page: Page, agent: str) -> Locator:
    """The number of an agent's users."""
    return page.get_by_role("row", name=agent).locator("[data-cell$=':users'] span")
