"""The admin API on a real PostgreSQL keeps to its document, whatever it is called with."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import GenerationMode, checks

from app.core.numbers import numbers
from app.core.register import Agent
from app.core.rules import Rules
from app.core.state import Session, State, Window
from app.embedded.ports import free_port
from app.embedded.postgres import Postgres
from app.faust_app import make_app
from app.settings import Settings
from app.stores.register import RegisterStore
from tests.unit.histories import DESK, REGISTER
from tests.web.admin_page_support import Crowd
from tests.web.admin_support import TOKEN
from tests.web.lookups_support import ANA, STATE, Mirror
from web.admin.counts import Counts
from web.admin.document import openapi
from web.admin.gate import PREFIX
from web.admin.install import install_admin, install_numbers, install_people, install_sessions
from web.admin.lookups import Lookups
from web.admin.orders import Orders
from web.admin.passing import Passing
from web.admin.people import People

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = 25
"""Calls of each kind and operation."""
SCHEMA = schemathesis.openapi.from_dict(openapi())
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations()}
CHECKS: list[Any] = [
    checks.not_a_server_error,
    *(
        check
        for check in checks.CHECKS.get_all()
        if check.__name__
        in (
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
        )
    ),
]
TRIED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="document-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Postgres(free_port(), Path(name) / "postgres")


@pytest.fixture(scope="module")
def worker() -> Crowd:
    """The worker with Ana, who is with Sales."""
    return Crowd({ANA.key.encode(): STATE})


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def url(postgres: Postgres, worker: Crowd, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where the admin API answers; it makes no topics."""
    await postgres.start()
    store = RegisterStore(SecretStr(postgres.dsn))
    app = make_app(Settings(data_dir=tmp_path_factory.mktemp("data"), admin_tokens=[SecretStr(TOKEN)]), "broker", 8000)

    async def create_topics(agent: Agent) -> None:
        pass

    install_admin(app, Settings(admin_tokens=[SecretStr(TOKEN)]), store, create_topics, lambda: None)
    passing = Passing(worker, lambda *_: None, "106", lambda: pytest.fail("nobody else is asked"))
    lookups = Lookups(passing, worker.load, lambda: REGISTER, Rules())
    orders = Orders(passing, worker.load, lambda: REGISTER, worker, "control")
    install_sessions(app, lookups, Counts(Mirror(), lambda: REGISTER), orders)
    install_people(app, People(worker, worker, lambda: REGISTER, Rules(), passing))
    measured = numbers({}, REGISTER.active[0].topics, 0.0)
    shown = [{"id": agent.id, "name": agent.name, **measured} for agent in REGISTER.active]
    install_numbers(app, lambda: {"at": None, "problem": "nothing has been measured yet", "agents": shown})
    app.web.init_server()
    async with TestServer(app.web.web_app) as server:
        yield str(server.make_url(PREFIX))
    await store.close()
    await postgres.stop()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", OPERATIONS)
async def test_no_call_is_answered_outside_the_document(url: str, label: str, mode: GenerationMode) -> None:
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    @TRIED
    def call(case: Any) -> None:
        response = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(response, checks=CHECKS)

    await asyncio.to_thread(call)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", ["POST /session/{user}/move", "DELETE /session/{user}"])
async def test_orders_about_somebody_known_keep_to_the_document(
    url: str, worker: Crowd, label: str, mode: GenerationMode
) -> None:
    """Calls made up for the document name nobody there is: here they name Ana, and in a move often an agent."""
    answered: Counter[int] = Counter()
    written = len(worker.written)

    @given(
        case=OPERATIONS[label].as_strategy(generation_mode=mode),
        user=st.sampled_from([ANA.key, "5511999990000", "+55 11 99999-0000"]),
        agent=st.sampled_from([DESK.id, str(DESK.id), DESK.name, None]),
    )
    @TRIED
    def call(case: Any, user: str, agent: int | str | None) -> None:
        case.path_parameters = {"user": user}
        if agent is not None and isinstance(case.body, dict):
            case.body["agent"] = agent
        response = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(response, checks=CHECKS)
        answered[response.status_code] += 1

    await asyncio.to_thread(call)
    assert answered[202] > 0, answered
    assert len(worker.written) - written == answered[202], "what is accepted, and nothing else, was written"


@pytest.mark.parametrize(
    "state",
    [STATE, replace(STATE, session=None), State(session=Session(since=1.0, agent=99)), State(window=Window(user=ANA))],
    ids=["with an agent", "no session", "a gone agent and no window", "never wrote"],
)
async def test_what_is_shown_of_somebody_known_keeps_to_the_document(url: str, worker: Crowd, state: State) -> None:
    worker.states[ANA.key.encode()] = state
    try:
        for label, path, query in (
            ("GET /session/{user}", {"user": ANA.key}, {}),
            ("GET /users", {}, {"name": "a"}),
            ("GET /stats", {}, {}),
        ):
            case = OPERATIONS[label].Case(path_parameters=path, query=query)
            response = await asyncio.to_thread(case.call, base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
            case.validate_response(response, checks=CHECKS)
            assert response.status_code == 200
            assert response.json()["data"] or (label == "GET /users" and not state.window)
    finally:
        worker.states[ANA.key.encode()] = STATE


@pytest.mark.parametrize("label", OPERATIONS)
async def test_without_a_token_every_call_is_401(url: str, label: str) -> None:
    operation = OPERATIONS[label]
    values = {"agent_id": "1", "name": "a", "user": "1"}
    case = operation.Case(path_parameters={name: value for name, value in values.items() if f"{{{name}}}" in label})
    for token in ("", "Bearer guessed"):
        response = await asyncio.to_thread(case.call, base_url=url, headers={"Authorization": token})
        assert response.status_code == 401
        case.validate_response(response, checks=CHECKS)
