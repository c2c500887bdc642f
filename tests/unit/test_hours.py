"""Opening hours: what is read, and when it is open by the clock of the place."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.hours import WEEKDAYS, Hours, open_at, opens_next, read_hours

BERLIN = "Europe/Berlin"
WORK = {day: ["09:00-12:00", "13:00-18:00"] for day in WEEKDAYS[:5]}


def hours(days: dict[str, list[str]], holidays: dict[str, str] | None = None, zone: str = BERLIN) -> Hours:
    """Hours as the admin API reads them."""
    return read_hours({"zone": zone, "days": days, "holidays": holidays or {}})


def moment(words: str, fold: int = 0, zone: str = BERLIN) -> float:
    """Seconds UTC of what a clock on the wall shows."""
    return datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-25 08:59:59", False),
        ("2026-11-25 09:00", True),
        ("2026-11-25 11:59:59", True),
        ("2026-11-25 12:00", False),
        ("2026-11-25 13:00", True),
        ("2026-11-25 18:00", False),
        ("2026-11-28 10:00", False),
    ],
)
def test_open_within_a_span_of_the_day(at: str, expected: bool) -> None:
    assert open_at(hours(WORK), moment(at)) is expected


def test_a_span_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    bar = hours({"friday": ["22:00-03:00"]}, {"2026-12-04": "Closed"})
    assert open_at(bar, moment("2026-11-28 02:59")) and not open_at(bar, moment("2026-11-28 03:00"))
    assert not open_at(bar, moment("2026-11-27 02:00"))
    assert not open_at(bar, moment("2026-12-05 02:00"))


def test_next_opening_goes_over_break_weekend_and_holiday() -> None:
    work = hours(WORK, {"2026-11-30": "Saint Andrew"})
    assert opens_next(work, moment("2026-11-27 12:30")) == moment("2026-11-27 13:00")
    assert opens_next(work, moment("2026-11-27 18:00")) == moment("2026-12-01 09:00")
    assert opens_next(work, moment("2026-11-27 10:00")) == moment("2026-11-27 10:00")
    assert opens_next(hours({}), moment("2026-11-27 10:00")) is None


def test_an_hour_the_clock_skips_never_comes() -> None:
    night = hours({"sunday": ["02:30-03:30"]})
    assert opens_next(night, moment("2026-03-29 01:59")) == moment("2026-03-29 03:00")
    assert not open_at(night, moment("2026-03-29 03:30"))


def test_an_hour_the_clock_shows_twice_counts_twice() -> None:
    night = hours({"sunday": ["01:30-02:30"]})
    assert open_at(night, moment("2026-10-25 02:15")) and open_at(night, moment("2026-10-25 02:15", fold=1))
    assert opens_next(night, moment("2026-10-25 02:40")) == moment("2026-10-25 02:00", fold=1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "must be an object"),
        ({"zone": BERLIN, "days": {}, "open": 1}, "'open', which is none of"),
        ({"zone": "Mars/Base", "days": {}}, "zone: must be the name"),
        ({"zone": "Europe", "days": {}}, "zone: must be the name"),
        ({"zone": "../etc/passwd", "days": {}}, "zone: must be the name"),
        ({"zone": "a\x00b", "days": {}}, "zone: must be the name"),
        ({"days": {}}, "zone: must be the name"),
        ({"zone": BERLIN}, "days: must be an object"),
        ({"zone": BERLIN, "days": {"Monday": []}}, "'Monday' is no weekday"),
        ({"zone": BERLIN, "days": {"monday": "09:00-10:00"}}, "monday must be a list"),
        ({"zone": BERLIN, "days": {"monday": ["9-10"]}}, "write spans such as"),
        ({"zone": BERLIN, "days": {"monday": [7]}}, "write spans such as"),
        ({"zone": BERLIN, "days": {"monday": ["09:00-09:00"]}}, "a day ends at 24:00"),
        ({"zone": BERLIN, "days": {"monday": ["09:00-24:30"]}}, "a day ends at 24:00"),
        ({"zone": BERLIN, "days": {}, "holidays": ["2026-12-25"]}, "holidays: must be an object"),
        ({"zone": BERLIN, "days": {}, "holidays": {"2026-02-30": ""}}, "is no date"),
        ({"zone": BERLIN, "days": {}, "holidays": {"2026-12-25": "", "20261225": ""}}, "'20261225' is no date"),
        ({"zone": BERLIN, "days": {}, "holidays": {"2026-12-25": None}}, "must be a text"),
        ({"zone": BERLIN, "days": {}, "holidays": {"2026-12-25": "\0"}}, "must be a text"),
    ],
)
def test_what_is_wrong_is_said(data: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_hours(data)


def _span(minutes: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in minutes)


minutes_of_day = st.integers(0, 24 * 60 - 1)
spans = st.tuples(minutes_of_day, minutes_of_day).filter(lambda span: span[0] != span[1]).map(_span)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(spans, max_size=3))
zones = st.sampled_from([BERLIN, "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
moments = st.integers(1_700_000_000 // 60, 1_800_000_000 // 60).map(lambda minute: minute * 60.0)


@given(weeks, zones)
def test_what_is_written_is_read_back(days: dict[str, list[str]], zone: str) -> None:
    read = hours(days, {"2026-12-25": "Christmas"}, zone)
    assert read_hours(read.to_dict()) == read


@given(weeks, zones, moments)
def test_it_opens_next_at_the_first_open_minute(days: dict[str, list[str]], zone: str, at: float) -> None:
    week = hours(days, zone=zone)
    found = opens_next(week, at)
    by_minute = next((at + 60.0 * n for n in range(3 * 24 * 60) if open_at(week, at + 60.0 * n)), None)
    if by_minute is not None:
        assert found == by_minute
    else:
        assert found is None or found > at + 3 * 24 * 3600 - 60
