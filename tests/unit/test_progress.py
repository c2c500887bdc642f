"""A worker whose records stand still says so; one that waits, or has nothing to do, does not."""

from dataclasses import dataclass

from app.progress import STUCK_SECONDS, Progress


@dataclass
class Works:
    busy: int = 0
    finished: int = 0


async def there() -> str | None:
    return None


async def away() -> str | None:
    return "Kafka does not answer"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_records_that_stand_still_are_reported_after_their_time() -> None:
    works, clock = Works(busy=3), Clock()
    progress = Progress(lambda: works, there, clock)
    assert await progress.check() is None
    clock.now += STUCK_SECONDS - 1
    assert await progress.check() is None
    clock.now += 1
    assert await progress.check() == f"3 records are in the works and none was finished for {STUCK_SECONDS:.0f} s"


async def test_any_record_that_is_finished_is_progress() -> None:
    works, clock = Works(busy=3), Clock()
    progress = Progress(lambda: works, there, clock)
    for _ in range(5):
        clock.now += STUCK_SECONDS
        works.finished += 1
        assert await progress.check() is None


async def test_nothing_to_do_is_no_standstill() -> None:
    works, clock = Works(), Clock()
    progress = Progress(lambda: works, there, clock)
    assert await progress.check() is None
    clock.now += 10 * STUCK_SECONDS
    works.busy = 1
    assert await progress.check() is None, "the time counts from when there was work"


async def test_a_processor_that_has_not_started_is_no_standstill() -> None:
    clock = Clock()
    progress = Progress(lambda: None, there, clock)
    clock.now += 10 * STUCK_SECONDS
    assert await progress.check() is None


async def test_without_kafka_nothing_is_finished_and_nobody_is_to_be_restarted() -> None:
    works, clock = Works(busy=3), Clock()
    progress = Progress(lambda: works, away, clock)
    assert await progress.check() is None
    clock.now += 10 * STUCK_SECONDS
    assert await progress.check() is None
