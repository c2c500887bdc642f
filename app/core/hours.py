"""When an agent is open: spans of each weekday by the clock of one place, and holidays.

In: a JSON object, or `Hours` and a moment (seconds UTC). Out: `Hours`, whether it is open, when it opens next. The
clock on that place's wall decides: an hour it skips in spring never comes, one it shows twice in autumn counts twice.
Pure: must never ask for the time itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
SPANS_MAX, HOLIDAYS_MAX, HOLIDAY_NAME_MAX = 12, 400, 60
DAY = 24 * 60
HORIZON_DAYS = 400
"""How far `opens_next` looks: a year of holidays and a little more."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one minute of the day until just before another; past `DAY` it goes on after midnight."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours; a span belongs to the day it begins on, also for holidays."""

    zone: str
    days: tuple[tuple[Span, ...], ...]
    """Seven, from Monday."""
    holidays: tuple[tuple[date, str], ...] = ()
    """Days without any span, each with its name or an empty one."""

    def to_dict(self) -> dict[str, Any]:
        """The hours as JSON; the opposite of `read_hours`."""
        return {
            "zone": self.zone,
            "days": {WEEKDAYS[day]: [_words(span) for span in spans] for day, spans in enumerate(self.days) if spans},
            "holidays": {day.isoformat(): name for day, name in self.holidays},
        }

    def spans(self, day: date) -> tuple[Span, ...]:
        """What begins on a day."""
        return () if any(day == holiday for holiday, _ in self.holidays) else self.days[day.weekday()]


def read_hours(data: object) -> Hours:
    """The hours of `{"zone", "days": {"monday": ["09:00-18:00"]}, "holidays": {"2026-12-25": "Christmas"}}`.

    Raises ValueError that says what is wrong where.
    """
    if not isinstance(data, Mapping):
        raise ValueError("must be an object with zone, days and, when there are any, holidays")
    if unknown := sorted(map(str, data.keys() - {"zone", "days", "holidays"})):
        raise ValueError(f"has {unknown[0]!r}, which is none of zone, days and holidays")
    days, holidays = data.get("days"), data.get("holidays", {})
    if not isinstance(days, Mapping):
        raise ValueError('days: must be an object such as {"monday": ["09:00-18:00"]}')
    if unknown := sorted(map(str, days.keys() - set(WEEKDAYS))):
        raise ValueError(f"days: {unknown[0]!r} is no weekday: use {', '.join(WEEKDAYS)}")
    if not isinstance(holidays, Mapping) or len(holidays) > HOLIDAYS_MAX:
        raise ValueError(
            f'holidays: must be an object of at most {HOLIDAYS_MAX}, such as {{"2026-12-25": "Christmas"}}'
        )
    return Hours(
        zone=_zone(data.get("zone")),
        days=tuple(_spans(name, days.get(name, [])) for name in WEEKDAYS),
        holidays=tuple(sorted(_holiday(day, name) for day, name in holidays.items())),
    )


def open_at(hours: Hours, at: float) -> bool:
    """Whether it is open at a moment, in seconds UTC."""
    local = datetime.fromtimestamp(at, ZoneInfo(hours.zone))
    minute = local.hour * 60 + local.minute
    today = local.date()
    return any(span.opens <= minute < span.closes for span in hours.spans(today)) or any(
        minute < span.closes - DAY for span in hours.spans(today - timedelta(days=1))
    )


def opens_next(hours: Hours, at: float) -> float | None:
    """From when on it is open, in seconds UTC: `at` itself when it is; None when it stays closed for 400 days."""
    return at if open_at(hours, at) else _opens_after(hours, int(at // 60))


@lru_cache(maxsize=1024)
def _opens_after(hours: Hours, minute: int) -> float | None:
    """The first opening after a minute (of those since 1970, UTC); many users ask in the same one."""
    at = minute * 60.0
    first = datetime.fromtimestamp(at, ZoneInfo(hours.zone)).date()
    for number in range(HORIZON_DAYS if any(hours.days) else 0):
        for moment in _openings(hours, first + timedelta(days=number)):
            if moment > at and open_at(hours, moment):
                return moment
    return None


def _openings(hours: Hours, day: date) -> Iterator[float]:
    """Moments of a day at which it may open, in their order."""
    zone = ZoneInfo(hours.zone)
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    if begin.utcoffset() == end.utcoffset():
        yield from sorted(begin.timestamp() + span.opens * 60 for span in hours.spans(day))
    else:
        # The clock is put forward or back: what it skips or shows again is found minute by minute.
        yield from (float(moment) for moment in range(int(begin.timestamp()), int(end.timestamp()), 60))


def _zone(name: object) -> str:
    if isinstance(name, str) and name:
        try:
            datetime(2000, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(name))
        except (KeyError, ValueError, OSError):
            pass  # said below, in the same words for each way in which a name can be none
        else:
            return name
    raise ValueError("zone: must be the name of a time zone, such as America/Sao_Paulo")


def _spans(weekday: str, spans: object) -> tuple[Span, ...]:
    if not isinstance(spans, list) or len(spans) > SPANS_MAX:
        raise ValueError(f'days: {weekday} must be a list of at most {SPANS_MAX} spans such as "09:00-18:00"')
    return tuple(sorted((_span(weekday, span) for span in spans), key=lambda span: (span.opens, span.closes)))


def _span(weekday: str, words: object) -> Span:
    found = SPAN.fullmatch(words) if isinstance(words, str) else None
    if found is None:
        raise ValueError(f'days: {weekday} holds {words!r}: write spans such as "09:00-18:00"')
    hours, minutes, until_hours, until_minutes = map(int, found.groups())
    opens, closes = hours * 60 + minutes, until_hours * 60 + until_minutes
    if opens == closes or closes > DAY:
        raise ValueError(
            f'days: {weekday} holds {words!r}: a day ends at 24:00, and one without a break is "00:00-24:00"'
        )
    return Span(opens, closes if closes > opens else closes + DAY)


def _holiday(day: object, name: object) -> tuple[date, str]:
    try:
        found = date.fromisoformat(str(day))
    except ValueError:
        found = None
    # Python reads 20261225 and 2026-W52-5 as well: the same day twice, of which one would be lost when it is stored.
    if found is None or found.isoformat() != day:
        raise ValueError(f"holidays: {day!r} is no date such as 2026-12-25")
    if not isinstance(name, str) or len(name) > HOLIDAY_NAME_MAX or not name.isprintable():
        raise ValueError(
            f"holidays: the name of {day} must be a text of at most {HOLIDAY_NAME_MAX} characters, in one line"
        )
    return found, name


def _words(span: Span) -> str:
    closes = span.closes if span.closes <= DAY else span.closes - DAY
    return f"{span.opens // 60:02d}:{span.opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"
