"""What is kept is bounded, worked out once, and never older than the last event."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox.platform.prometheus.storage import Matcher
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.kept import Kept
from integrations.sandbox.platform.world.store import KEPT_BYTES

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=60))
def test_it_holds_what_was_asked_for_last_and_no_more_than_it_may(asked: list[tuple[int, int]]) -> None:
    """Things that weigh as much as they are long."""
    kept: Kept[str] = Kept(12, len)
    for number, more in asked:
        key = ("production", number, more)
        text = "x" * (number + more)
        assert kept.of(key, text.strip) == text
        assert kept.held <= 12
        assert (kept.found(key) is not None) == (number + more <= 12)
    last = dict.fromkeys(("production", *each) for each in reversed(asked))
    recent = [key for key in last if kept.found(key) is not None]
    assert kept.held == sum(key[1] + key[2] for key in recent)


def test_an_event_is_forgotten_in_its_environment_from_its_day_on() -> None:
    kept: Kept[str] = Kept(100)
    for environment in ("production", "staging"):
        for day in range(5):
            kept.of((environment, day, ""), lambda: "known")
    kept.forget("production", 3)
    gone = [(env, day) for env in ("production", "staging") for day in range(5) if kept.found((env, day, "")) is None]
    assert gone == [("production", 3), ("production", 4)]
    assert kept.held == 8


def test_what_was_being_worked_out_as_an_event_came_is_told_and_not_kept() -> None:
    kept: Kept[str] = Kept(100)

    def work() -> str:
        kept.forget("production", 3)
        return "old"

    assert kept.of(("production", 4, ""), work) == "old"
    assert kept.of(("production", 4, ""), lambda: "new") == "new"
    assert kept.of(("production", 4, ""), lambda: "newer") == "new"


def test_what_many_want_at_once_is_worked_out_once() -> None:
    kept: Kept[int] = Kept(100)
    ready, worked = Barrier(4), []

    def ask(_: int) -> int:
        ready.wait()
        return kept.of(("production", 1, ""), lambda: worked.append(1) or len(worked))  # type: ignore[func-returns-value]

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert list(pool.map(ask, range(4))) == [1] * 4


def test_something_may_be_made_of_what_is_kept_beside_it() -> None:
    kept: Kept[str] = Kept(100)
    assert kept.of(("production", 1, "whole"), lambda: 2 * kept.of(("production", 1, "part"), lambda: "x")) == "xx"


def test_a_month_of_everything_is_not_held() -> None:
    world = World(born=NOW)
    for service in world.services:
        matchers = [Matcher("__name__", "=", "http_request_duration_seconds_bucket"), Matcher("service", "=", service)]
        for _ in world.select(matchers, NOW_MS - 10 * 86_400_000, NOW_MS):
            pass
    sheets = world._store.sheets
    assert 0 < sheets.held <= KEPT_BYTES
