"""The forms of the admin page: every field of an agent, with the API's own messages at the field they are about."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.core.hours import WEEKDAYS, read_hours
from tests.web.admin_page_support import FORM, Browser, admin_page
from tests.web.admin_support import SALES

HOURS = {
    "zone": "America/Sao_Paulo",
    "days": {"monday": ["09:00-12:00", "13:00-18:00"], "friday": ["22:00-03:00"], "sunday": ["00:00-24:00"]},
    "holidays": {"2026-12-24": "", "2026-12-25": "Christmas day"},
}
BY_HOURS: list[tuple[str, str]] = [
    *FORM.items(),
    ("opens", "hours"),
    ("zone", "America/Sao_Paulo"),
    *(("monday-from", at) for at in ("09:00", "13:00", "")),
    *(("monday-until", at) for at in ("12:00", "18:00", "")),
    ("friday-from", "22:00"),
    ("friday-until", "03:00"),
    ("sunday-from", "00:00"),
    ("sunday-until", "00:00"),
    ("holidays", "2026-12-25 Christmas day\r\n\r\n2026-12-24\r\n"),
    ("closed_message", "Back\r\nsoon"),
    ("welcome_message", "Welcome!"),
    ("texts.farewell", "Até logo,\r\n{user}!"),
    ("texts.gone", ""),
    ("texts.gone.silent", "on"),
    ("texts.closed", ""),
    ("texts.opens", "Abre {opens}."),
    ("texts.offer_change", ""),
]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with admin_page(tmp_path) as browser:
        yield browser


async def test_an_agent_is_registered_changed_and_deactivated(browser: Browser) -> None:
    await browser.log_in()
    assert "There is no agent yet" in await browser.text()
    response = await browser.post("agent/new", FORM)
    assert response.headers["Location"] == "/admin/?said=created"
    assert "The agent is registered." in await browser.text("?said=created")
    assert 'value="sales-in"' in await browser.text("agent/1")
    response = await browser.save("agent/1", {**FORM, "name": "Sales & more", "position": "7"})
    assert response.headers["Location"] == "/admin/?said=changed"
    assert (browser.store.agents[1].name, browser.store.agents[1].position) == ("Sales & more", 7)
    assert "Sales &amp; more" in await browser.text()
    assert (await browser.post("agent/1/deactivate", {})).headers["Location"] == "/admin/?said=deactivated"
    assert not browser.store.agents[1].active
    assert {change["actor"] for change in browser.store.changes} == {"ana"}


@pytest.mark.parametrize("path", ["agent/new", "agent/1"])
async def test_what_is_wrong_stands_at_its_field(browser: Browser, path: str) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    response = await browser.save(path, {**FORM, "name": "12", "read_topic": "", "position": "first"})
    page = await response.text()
    assert response.status == 422
    for reason in ("must not be a number: users type", "must not be empty", "must be a whole number from 0 to"):
        assert reason in page
    assert page.count('aria-invalid="true"') == 3
    assert 'value="12"' in page and 'value="first"' in page
    assert browser.store.agents[1].name == "Sales"


async def test_a_deactivated_agent_is_brought_back(browser: Browser) -> None:
    await browser.admin.create({**SALES, "description": "Offers"})
    await browser.log_in()
    assert "Out of the menu" not in await browser.text()
    await browser.post("agent/1/deactivate", {})
    page = await browser.text()
    assert "No agent is in the menu." in page and "Out of the menu: 1" in page
    assert 'href="/admin/agent/1">Bring back<span class="unseen"> Sales</span>' in page
    form = await browser.text("agent/1")
    assert "Save and bring back" in form and "/deactivate" not in form and 'value="Offers"' in form

    await browser.admin.create(SALES)
    taken = await browser.save("agent/1", FORM)
    assert taken.status == 409 and "is taken by agent 2 (Sales)" in await taken.text()
    others = {"read_topic": "a", "write_topic": "b", "error_topic": "c"}
    response = await browser.save("agent/1", {**FORM, "name": "Offers", **others})
    assert response.headers["Location"] == "/admin/?said=activated"
    assert browser.store.agents[1].active and browser.store.agents[1].name == "Offers"
    assert "The agent is back in the menu." in await browser.text("?said=activated")


async def test_nobody_saves_over_what_somebody_else_saved_meanwhile(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    mine = fields_of(await browser.text("agent/1"))
    await browser.save("agent/1", {**FORM, "name": "Offers"})
    response = await browser.post("agent/1", [(n, "My sales" if n == "name" else value) for n, value in mine])
    page = await response.text()
    assert response.status == 409 and "somebody else changed this agent since you opened it" in page
    assert browser.store.agents[1].name == "Offers" and 'value="My sales"' in page, "what was written stays"
    assert (await browser.post("agent/1", fields_of(page))).status == 303, "told again, it is stored"
    assert browser.store.agents[1].name == "My sales"


async def test_what_the_broker_itself_changes_keeps_nobody_from_saving(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    mine = fields_of(await browser.text("agent/1"))
    browser.store.agents[1] = replace(browser.store.agents[1], draining=(("sales-old", 1.0),))
    assert (await browser.post("agent/1", mine)).status == 303


async def test_a_taken_name_says_whose_it_is(browser: Browser) -> None:
    await browser.admin.create(SALES)
    await browser.log_in()
    response = await browser.post("agent/new", {**FORM, "read_topic": "a", "write_topic": "b", "error_topic": "c"})
    assert response.status == 409 and "is taken by agent 1 (Sales)" in await response.text()


async def test_opening_hours_and_messages_are_written_and_shown_again(browser: Browser) -> None:
    await browser.log_in()
    assert (await browser.post("agent/new", BY_HOURS)).headers["Location"] == "/admin/?said=created"
    agent = browser.store.agents[1]
    assert agent.hours == read_hours(HOURS)
    assert (agent.closed_message, agent.welcome_message) == ("Back\nsoon", "Welcome!"), "a line's end is one character"
    page = await browser.text("agent/1")
    for shown in ('value="America/Sao_Paulo"', "2026-12-25 Christmas day", "Welcome!", 'value="hours" checked'):
        assert shown in page
    assert 'name="monday-from" value="13:00"' in page and 'name="sunday-until" value="00:00"' in page
    assert page.count('name="monday-from"') == 3, "two, and one to write another"


async def test_what_the_form_shows_is_what_it_stores(browser: Browser) -> None:
    """Opened and saved without a change, an agent stays as it was."""
    spans = [f"{hour:02d}:00-{hour:02d}:30" for hour in range(12)]
    hours = {**HOURS, "days": {**{day: ["09:00-24:00"] for day in WEEKDAYS}, "monday": spans}}
    more = {"hours": hours, "closed_message": "\nClosed & <gone>", "welcome_message": "Hi", "description": "x"}
    more["texts"] = {"farewell": "\nBye from {agent}", "gone": "", "opens": " "}
    await browser.admin.create({**SALES, **more})
    await browser.log_in()
    before = browser.store.agents[1]
    form = fields_of(await browser.text("agent/1"))
    assert (await browser.post("agent/1", form)).status == 303
    assert browser.store.agents[1] == before


async def test_an_agents_own_words_are_written_shown_and_taken_away(browser: Browser) -> None:
    await browser.log_in()
    await browser.post("agent/new", BY_HOURS)
    own = {"farewell": "Até logo,\n{user}!", "gone": "", "opens": "Abre {opens}."}
    assert dict(browser.store.agents[1].texts) == own
    page = await browser.text("agent/1")
    assert "Até logo," in page and 'value="Abre {opens}."' in page and "<details open>" in page
    silent = [tag for tag in re.findall("<input[^>]*type=.checkbox.[^>]*>", page) if " checked" in tag]
    assert len(silent) == 1 and 'name="texts.gone.silent"' in silent[0]
    assert 'placeholder="{agent} is closed now. Leave a message' in page, "what is said else is shown"
    await browser.save("agent/1", FORM)
    assert browser.store.agents[1].texts == ()
    assert "<details>" in await browser.text("agent/1"), "out of the way while there are none"


async def test_always_open_takes_the_hours_away(browser: Browser) -> None:
    await browser.admin.create({**SALES, "hours": HOURS})
    await browser.log_in()
    always = [(name, "always" if name == "opens" else value) for name, value in BY_HOURS]
    await browser.save("agent/1", always)
    assert browser.store.agents[1].hours is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("zone", "Atlantis", "zone: must be the name of a time zone"),
        ("monday-until", "", "days: monday holds &#39;09:00-&#39;"),
        ("friday-until", "22:00", "days: friday holds &#39;22:00-22:00&#39;: a day ends at 24:00"),
        ("holidays", "Christmas", "holidays: &#39;Christmas&#39; is no date such as 2026-12-25"),
        ("holidays", "2026-12-25 A\n2026-12-25 B", "holidays: 2026-12-25 stands twice"),
        ("closed_message", "x" * 1025, "has 1025 characters, 1024 are allowed"),
        ("welcome_message", "x" * 1025, "has 1025 characters, 1024 are allowed"),
        ("texts.farewell", "{nobody}", "has a field we cannot fill in (&#39;nobody&#39;)"),
        ("texts.closed", " ", "must not be empty; leave it out"),
        ("texts.opens", "x" * 61, "has 61 characters, 60 are allowed"),
        ("texts.gone", "Gone", "is written, and is to be left unsaid"),
    ],
)
async def test_wrong_hours_stand_at_their_field_and_store_nothing(
    browser: Browser, field: str, value: str, reason: str
) -> None:
    await browser.log_in()
    form = [(name, value if name == field else kept) for name, kept in BY_HOURS]
    response = await browser.post("agent/new", form)
    page = await response.text()
    assert response.status == 422 and browser.store.agents == {}
    assert page.count(reason) == 1 and 'value="hours" checked' in page
    place = field.partition("-")[0]
    after = page[page.index(f'name="{field}"') :]
    assert reason in after and 'aria-invalid="true"' in page[page.index(f"{place}") :]
    assert 'name="friday-from" value="22:00"' in page, "what was written stays"


def fields_of(page: str) -> list[tuple[str, str]]:
    """What a browser would send of the agent's form as it stands."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[tuple[str, str]] = []
            self.area: str | None = None
            self.begins = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            named = dict(attrs)
            if tag == "input" and (named.get("type") not in ("radio", "checkbox") or "checked" in named):
                self.found.append((named["name"] or "", named.get("value") or ""))
            elif tag == "textarea":
                self.area, self.begins = named["name"] or "", True
                self.found.append((self.area, ""))

        def handle_data(self, data: str) -> None:
            if self.area is not None:
                name, before = self.found.pop()
                self.found.append((name, before + (data.removeprefix("\n") if self.begins else data)))
                self.begins = False

        def handle_endtag(self, tag: str) -> None:
            self.area = None if tag == "textarea" else self.area

    reader = Reader()
    reader.feed(page[: page.index("/deactivate")])
    return [(name, value.replace("\n", "\r\n")) for name, value in reader.found if name]
