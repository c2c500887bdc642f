"""Who has a user: this worker only while that is certain, another by the group's last assignment, else nobody."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from faust.types.tuples import TP

from app.owners import Owners, OwnerUnknown

CHANGELOG = "house-sessions-changelog"
KEY = b"106:5511999990000"
PARTITION = DefaultPartitioner()(KEY, list(range(8)), list(range(8)))
MINE, OTHER = "http://one:8000", "http://two:8000"


def group(owner: str | None = MINE, **more: Any) -> Any:
    """A Faust app of the worker MINE, in a group where `owner` has the user's partition."""
    place = TP(CHANGELOG, PARTITION)
    assigned = {place} if owner == MINE else set()
    app: dict[str, Any] = {
        "rebalancing": False,
        "rebalancing_count": 1,
        "tables": SimpleNamespace(actives_ready=True),
        "consumer": SimpleNamespace(lease=SimpleNamespace(fresh=True), assignment=lambda: assigned),
        "assignor": SimpleNamespace(is_active=lambda tp: tp in assigned),
        "router": SimpleNamespace(tables_metadata=lambda: {owner: {CHANGELOG: [PARTITION]}} if owner else {}),
        "conf": SimpleNamespace(canonical_url=MINE),
    }
    return SimpleNamespace(**{**app, **more})


@pytest.mark.parametrize(("owner", "named"), [(MINE, None), (OTHER, OTHER)])
def test_the_worker_of_the_partition_is_named(owner: str, named: str | None) -> None:
    assert Owners(group(owner), CHANGELOG, 8).owner(KEY) == named


@pytest.mark.parametrize("owner", [MINE, OTHER, None])
def test_a_worker_has_the_users_of_its_own_partitions_only(owner: str | None) -> None:
    assert Owners(group(owner), CHANGELOG, 8).has(KEY) is (owner == MINE)


@pytest.mark.parametrize("more", [{"rebalancing": True}, {"tables": SimpleNamespace(actives_ready=False)}])
def test_while_users_are_handed_out_a_worker_does_not_say_that_it_has_one(more: dict[str, Any]) -> None:
    with pytest.raises(OwnerUnknown):
        Owners(group(MINE, **more), CHANGELOG, 8).has(KEY)


def test_the_other_workers_are_those_with_users() -> None:
    known = {MINE: {CHANGELOG: [0]}, OTHER: {CHANGELOG: [1, 2]}, "http://idle:8000": {CHANGELOG: []}}
    app = group(router=SimpleNamespace(tables_metadata=lambda: known))
    assert Owners(app, CHANGELOG, 8).others() == [OTHER]


@pytest.mark.parametrize(
    "app",
    [
        group(rebalancing=True),
        group(rebalancing_count=0),
        group(tables=SimpleNamespace(actives_ready=False)),
        group(consumer=SimpleNamespace(lease=SimpleNamespace(fresh=False))),
        group(consumer=SimpleNamespace(lease=SimpleNamespace(fresh=True), assignment=set)),
        group(assignor=SimpleNamespace(is_active=lambda tp: False)),
        group(None),
    ],
    ids=["rebalance", "no assignment yet", "recovery", "stale lease", "taken away", "not active", "nobody has it"],
)
def test_whoever_is_not_certain_names_nobody(app: Any) -> None:
    with pytest.raises(OwnerUnknown):
        Owners(app, CHANGELOG, 8).owner(KEY)
