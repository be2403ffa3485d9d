from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.signals import Window
from bot.watch.alerts import Alert, AlertState, Judgement, Verdict
from bot.watch.digests import Count, Digest, digest
from bot.watch.watches import WatchState
from tests.watch.scenes import SHOP, START, Room, finding, minute, watch

DAY = Window(START - timedelta(hours=12), START + timedelta(hours=12))
WEEK = Window(START - timedelta(days=3), START + timedelta(days=4))
SCAN, LOGS = watch("scan"), watch("logs")


def told(*alerts: Alert, window: Window = DAY) -> Digest:
    return digest(alerts, [SCAN, LOGS], window)


def alert(name: str, at: float = 0.0, service: str = "checkout", **fields: object) -> Alert:
    room = Room(replace(SHOP, graph={}))
    room.look(at, finding(service, "error_rate", at))
    return replace(room.one(), id=name, **fields)  # type: ignore[arg-type]


def over(name: str, at: float, after: float, service: str = "checkout", **fields: object) -> Alert:
    return alert(name, at, service, state=AlertState.RESOLVED, resolved_at=minute(at + after), **fields)


def judged(*verdicts: Verdict) -> tuple[Judgement, ...]:
    return tuple(Judgement(f"p{number}", verdict, START) for number, verdict in enumerate(verdicts))


def test_a_day_in_numbers() -> None:
    found = told(
        alert("a", 10, severity="critical", acknowledged_by="ada", acknowledged_at=minute(14)),
        over("b", 70, 30, severity="high", acknowledged_by="ada", acknowledged_at=minute(72)),
        over("c", 75, 10, severity="high", held_back=True),
        over("d", 80, 20, service="search", severity="low", silence="sil-1"),
    )
    assert found.summary == "4 alerts in 1 d, 1 of them critical; 1 still fires; 1 was told only here."
    assert found.by_severity == (Count("critical", 1), Count("high", 2), Count("low", 1))
    assert found.by_service == (Count("checkout", 3), Count("search", 1))
    assert found.by_watch == (Count("scan", 4),)
    assert [each.id for each in found.alerts] == ["a", "c", "b", "d"], "what somebody looks at comes later"
    assert [each.id for each in found.firing] == ["a"]
    assert [each.id for each in found.held_back] == ["c"]
    assert (found.acknowledged, found.to_acknowledge) == (2, timedelta(minutes=3))
    assert found.to_resolve == timedelta(minutes=20)
    assert found.silenced == 1
    assert found.quiet == (LOGS,)


def test_nothing_is_said_plainly() -> None:
    assert told().summary == "No new alerts in 1 d, from 2 watches."
    assert digest([], [], DAY).summary == "Nothing is watched here."
    assert digest([], [watch(state=WatchState.PAUSED)], DAY).summary == "Nothing is watched here."
    assert told().to_acknowledge is None


def test_what_fires_since_before_is_named_and_not_counted() -> None:
    found = told(alert("a", -60 * 24))
    assert (found.alerts, [each.id for each in found.firing]) == ((), ["a"])
    assert found.summary == "No new alerts in 1 d, from 2 watches; 1 still fires."


def test_what_came_back_counts_when_it_did() -> None:
    old = alert("a", -60 * 24, reopened=1, reopenings=(minute(5),))
    found = told(old)
    assert [each.id for each in found.alerts] == ["a"]
    assert sum(count for _, _, count in found.chart) == 1


def test_what_joined_another_is_counted_with_that() -> None:
    assert told(over("a", 5, 1, findings=())).alerts == ()


def test_the_noisiest_are_those_that_people_call_noise() -> None:
    found = told(
        alert("a", judgements=judged("noise", "noise", "useful")),
        replace(alert("b"), findings=(finding(watch="logs"),), judgements=judged("noise")),
        replace(alert("c"), findings=(finding(watch="logs"),)),
    )
    assert [(each.watch, each.alerts, each.noise, each.useful) for each in found.noisiest] == [
        ("logs", 2, 1, 0),
        ("scan", 1, 2, 1),
    ]
    assert told(alert("a")).noisiest == ()


def test_a_day_is_drawn_by_hours_and_a_week_by_days() -> None:
    found = told(alert("a", severity="high"))
    assert len(found.chart) == 24 * 4
    assert [each for each in found.chart if each[2]] == [(START.timestamp(), "high", 1)]
    assert len(told(window=WEEK).chart) == 7 * 4


@given(st.lists(st.tuples(st.integers(-2_000, 2_000), st.booleans(), st.booleans()), max_size=20))
def test_numbers_add_up(drawn: list[tuple[int, bool, bool]]) -> None:
    alerts = [
        replace(alert(f"a{number}"), opened_at=minute(at), held_back=held, silence="s" if hidden else "")
        for number, (at, held, hidden) in enumerate(drawn)
    ]
    found = told(*alerts)
    inside = [each for each in alerts if each.opened_at in DAY]
    assert len(found.alerts) == len(inside) == sum(each.count for each in found.by_severity)
    assert sum(count for _, _, count in found.chart) == len(inside)
    assert len(found.held_back) == sum(each.held_back for each in inside)
