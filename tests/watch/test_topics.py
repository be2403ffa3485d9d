"""What a thread under an alert's message is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from bot.agent.topics import Topic, Topics
from bot.door.outcomes import Origin
from bot.watch.alerts import AlertCard, AlertState
from bot.watch.desk import AlertDesk
from bot.watch.finding import Family
from bot.watch.topics import AlertTopics, explained
from tests.conftest import START
from tests.handlers.alerting import Shelf
from tests.watch.made import alert, found

HERE = Origin("mention", channel="C1", thread="18.0", workspace="T1")
NOW = START + timedelta(hours=3)


async def about(shelf: Shelf, origin: Origin = HERE) -> Topic:
    topics = Topics()
    topics.add(AlertTopics(shelf, AlertDesk(shelf, cast("Any", None), lambda: NOW), lambda: NOW))
    return await topics.of(origin)


async def shelf_with_a_card() -> Shelf:
    shelf = Shelf()
    await shelf.add(AlertCard("alt-1", "C1", "18.0"))
    return shelf


async def test_it_is_about_the_alert_of_its_message_and_what_one_would_ask_of_that() -> None:
    shelf = await shelf_with_a_card()
    shelf.put(alert(1, found("checkout", at=START)))
    topic = await about(shelf)
    assert topic.values == {"alert": "alt-1"}
    window = "window=2026-03-18T15:20:00Z/2026-03-18T18:30:00Z"
    assert topic.asked == f"metrics.explain {window} service=checkout metric=latency environment=production"
    assert "alt-1" in topic.fact
    assert "slow" not in topic.fact, "what an alert is called may come from a log"


async def test_what_has_become_part_of_another_is_that_one() -> None:
    shelf = await shelf_with_a_card()
    shelf.put(replace(alert(1), findings=(), state=AlertState.RESOLVED, part_of="alt-2"))
    shelf.put(alert(2))
    assert (await about(shelf)).values == {"alert": "alt-2"}


async def test_other_threads_are_about_nothing() -> None:
    shelf = await shelf_with_a_card()
    assert await about(shelf) == Topic(), "the alert is gone"
    shelf.put(alert(1))
    for origin in (
        replace(HERE, thread="19.0"),
        replace(HERE, thread=None),
        replace(HERE, channel="C2"),
        replace(HERE, workspace="T2"),
        Origin("terminal"),
    ):
        assert await about(shelf, origin) == Topic(), origin
    assert (await about(shelf)).values


def test_what_is_no_metric_is_explained_without_one() -> None:
    lines = found("checkout", "logs", family=Family.PATTERN)
    assert "metric" not in explained(alert(1, lines), NOW)
    assert explained(alert(1, lines, found("checkout", "error_rate")), NOW)["metric"] == "error_rate"
    assert "service" not in explained(alert(1, found("", "DiskFull", family=Family.OUTSIDE)), NOW)
