"""Puts the admin API into a Faust app.

In: the app, the settings, the register's store, a way to create topics, a way to say that the register changed. Out:
the app's web server answers below `/api/v1` and `/admin`. Must never be installed in the process that Meta reaches.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from app.core.register import Agent, Register
from app.settings import Settings
from app.topics import Topics
from web.admin import views
from web.admin.counts import Counts
from web.admin.door import Door
from web.admin.gate import PREFIX, check_admin_settings, make_gate
from web.admin.lookups import Lookups
from web.admin.office import Office, Store
from web.admin.orders import Orders
from web.admin.page import PATIENCE_SECONDS, AdminPage
from web.admin.people import People
from web.chat.throttle import Throttle

ROUTES: tuple[tuple[str, type[views.AdminView]], ...] = (
    ("/agent/create", views.CreateView),
    ("/agent/update", views.UpdateView),
    ("/agent/delete/{agent_id}", views.DeleteView),
    ("/agent", views.ListView),
    ("/agent/", views.ListView),
    ("/agent/by-name/{name}", views.SearchView),
    ("/agent/{agent_id}", views.FindView),
    ("/audit", views.AuditView),
    ("/audit/orders", views.OrdersView),
    ("/openapi.json", views.DocumentView),
)

SESSIONS: tuple[tuple[str, type[views.AdminView]], ...] = (
    ("/session/{user}", views.SessionView),
    ("/session/{user}/move", views.MoveView),
    ("/session", views.SessionsView),
    ("/stats", views.StatsView),
)

PEOPLE: tuple[tuple[str, type[views.AdminView]], ...] = (("/users", views.UsersView),)
NUMBERS: tuple[tuple[str, type[views.AdminView]], ...] = (("/agents/numbers", views.NumbersView),)


def install_admin(
    faust_app: Any,
    settings: Settings,
    store: Store,
    create_topics: Callable[[Agent], Awaitable[None]],
    notify: Callable[[], None],
) -> Office:
    """Add the routes and their gate; call before the app starts. `notify` is called after each change.

    Raises SettingsError when nobody could use the API for want of a token.
    """
    check_admin_settings(settings)
    office = Office(store, create_topics, notify, Topics(settings).reserved)
    for path, view in ROUTES:
        bound = type(view.__name__, (view,), {"office": office, "__doc__": view.__doc__})
        faust_app.page(PREFIX + path, name=f"admin{path}")(bound)
    faust_app.web.web_app.middlewares.append(make_gate(settings.admin_tokens))
    return office


def install_sessions(faust_app: Any, lookups: Lookups, counts: Counts, orders: Orders) -> None:
    """Add look-ups and orders about sessions, behind the gate of `install_admin`; call before the app starts."""
    for path, view in SESSIONS:
        attributes = {"lookups": lookups, "counts": counts, "orders": orders, "__doc__": view.__doc__}
        faust_app.page(PREFIX + path, name=f"admin{path}")(type(view.__name__, (view,), attributes))


def install_numbers(faust_app: Any, numbers: Callable[[], dict[str, Any]]) -> None:
    """Add what was measured of every agent, behind the gate of `install_admin`; call before the app starts."""
    for path, view in NUMBERS:
        attributes = {"numbers": staticmethod(numbers), "__doc__": view.__doc__}
        faust_app.page(PREFIX + path, name=f"admin{path}")(type(view.__name__, (view,), attributes))


def install_people(faust_app: Any, people: People) -> None:
    """Add the search for users' names, behind the gate of `install_admin`; call before the app starts."""
    for path, view in PEOPLE:
        attributes = {"people": people, "__doc__": view.__doc__}
        faust_app.page(PREFIX + path, name=f"admin{path}")(type(view.__name__, (view,), attributes))


def install_page(
    faust_app: Any,
    settings: Settings,
    office: Office,
    lookups: Lookups,
    counts: Counts,
    orders: Orders,
    register: Callable[[], Register],
    numbers: Callable[[], dict[str, Any]],
    people: People,
    *,
    clock: Callable[[], float] = time.time,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Add the admin page and its door; call before the app starts."""
    server = faust_app.web.web_app
    door = Door(settings.admin_tokens, clock)
    throttle = Throttle(clock)
    AdminPage(
        door, throttle, office, lookups, counts, orders, register, numbers, people, settings.texts, clock, patience
    ).add_to(server.router)
    server.middlewares.append(door.guard)
    server.on_response_prepare.append(door.protect)
