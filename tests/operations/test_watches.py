"""Watches as people work them: made from few words, tried on the past, kept, paused, tuned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.app import App
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor
from bot.telemetry.signals import Floats, LogLine
from bot.watch.alerts import AlertStore
from bot.watch.keeping import MOST
from bot.watch.replaying import Replayed
from bot.watch.scans import Scans
from bot.watch.station import BUILT_IN
from bot.watch.sweeping import Moment
from bot.watch.watches import EVERYWHERE, Progress, WatchKind, WatchState, WatchStore
from storage.repositories import WatchRepository
from tests.conftest import START, MovedClock, invoke
from tests.observatory.fakes import DOWN, FakeLogs, line, lines
from tests.operations.working import (
    HERE,
    Furnished,
    kept,
    listening,
    refused,
    run,
    watch,
)
from tests.watch.made import SCAN, alert, found

# ---------------------------------------------------------------- making one


@pytest.mark.parametrize(
    ("values", "aim", "words"),
    [
        ({}, {"kind": WatchKind.ANOMALY}, "anything unusual in p95 latency of checkout in production"),
        (
            {"above": 2, "lasting": "5 minutes"},
            {"kind": WatchKind.THRESHOLD, "above": 2.0, "for_seconds": 300.0},
            "p95 latency of checkout in production above 2 s for 5 min",
        ),
        (
            {"metric": "error rate", "above": 2, "below": 0.1},
            {"kind": WatchKind.THRESHOLD, "above": 0.02, "below": 0.001},
            "error rate of checkout in production above 2 % or below 0.1 %",
        ),
        (
            {"metric": "cost", "change": 50},
            {"kind": WatchKind.CHANGE, "change": 0.5},
            "cost of checkout in production 50 % off the day before",
        ),
        (
            {"metric": "response time", "above": 2},
            {"metric": "latency"},
            "p95 latency of checkout in production above 2 s",
        ),
        (
            {"quantile": 0.999, "above": 0.8},
            {"kind": WatchKind.THRESHOLD, "quantile": 0.999},
            "p99.9 latency of checkout in production above 800 ms",
        ),
        (
            {"metric": "", "kind": "absence"},
            {"kind": WatchKind.ABSENCE, "for_seconds": 300.0, "metric": "throughput"},
            "no throughput of checkout in production for 5 min",
        ),
        (
            {"metric": "", "kind": "burn"},
            {"kind": WatchKind.BURN, "metric": ""},
            "the error budget of checkout in production burning too fast",
        ),
        (
            {"metric": "", "query": "up", "below": 1},
            {"kind": WatchKind.THRESHOLD, "below": 1.0, "metric": ""},
            "up of checkout in production below 1",
        ),
    ],
)
async def test_what_makes_it_speak_is_guessed_from_what_is_said(
    app: App, values: dict[str, Any], aim: dict[str, Any], words: str
) -> None:
    made = await run(app, "watches.create", **{**HERE, **values})
    found = await kept(app, made["watches"][0]["id"])
    assert {name: getattr(found.aim, name) for name in aim} == aim
    assert made["watches"][0]["watches"] == words
    assert made["summary"] == f"I watch {words} now, and speak here."
    assert (found.channel, found.workspace, found.created_by, found.name) == ("C1", "T1", "sre", words)


async def test_a_pattern_is_looked_for_in_logs(furnished: Furnished) -> None:
    held = [LogLine(START - timedelta(minutes=each), "OOM killed", {"service": "redis-cache"}) for each in (1, 2)]
    app = await furnished({}, logs=FakeLogs(held))
    made = await run(app, "watches.create", service="redis", pattern="OOM")
    assert made["summary"] == "I watch log lines of redis-cache in production with 'OOM' now, and speak here."
    assert made["findings"][0] == "There were 2 such lines in the last 15 min."


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"service": "chekout"}, "Did you mean checkout?"),
        ({"metric": "latencies"}, "Did you mean latency,"),
        ({"metric": ""}, "it is not said what is to be watched"),
        ({"metric": "error_rate", "above": 120}, "error rate is never 120 %"),
        ({"above": 1, "below": 2}, "everything is above 1 or below 2"),
        ({"metric": "cpu", "quantile": 0.9}, "CPU has no quantiles"),
        ({"kind": "threshold"}, "it is not said what is too much"),
        ({"kind": "change"}, "it is not said by how much"),
        ({"kind": "pattern"}, "it is not said what the lines must contain"),
        ({"kind": "pattern", "query": 'count_over_time({a="b"}[5m])'}, "counts, and is to find lines"),
        ({"query": "sum by (("}, "sum by (("),
        ({"lasting": "2 days"}, "longer than a day"),
        ({"lasting": "a while"}, "is no length of time"),
        ({"channel": "somewhere"}, "is no channel that I know"),
        ({"channel": "D0SOMEONE"}, "D0SOMEONE is a direct message of somebody else"),
        ({"channel": "<#D0SOMEONE|them>"}, "is a direct message of somebody else"),
        ({"every": 5}, "every"),
        ({"kind": "scan", "metric": "moods"}, "there is no scan 'moods'"),
    ],
)
async def test_what_could_never_speak_is_refused_with_what_helps(app: App, values: dict[str, Any], said: str) -> None:
    assert said in await refused(app, "watches.create", **{**HERE, **values})
    assert await app.resources.get(WatchStore).find() == []


async def test_it_is_said_what_it_is_now_and_what_it_would_have_said(app: App) -> None:
    calm = await run(app, "watches.create", **HERE, above=2)
    assert calm["findings"] == ["It is 250 ms now.", "In the last 7 days it would have spoken 2 times."]
    loud = await run(app, "watches.create", **HERE, above=0.1)
    assert loud["findings"][0] == "It is 250 ms now, which is too much already: it will speak soon."
    low = await run(app, "watches.create", **HERE, below=0.5)
    assert low["findings"][0] == "It is 250 ms now, which is too little already: it will speak soon."


async def test_a_source_that_is_down_keeps_nobody_from_making_a_watch(furnished: Furnished) -> None:
    app = await furnished({"http_request_duration_seconds_bucket": DOWN})
    made = await run(app, "watches.create", **HERE, above=2)
    assert made["new"]
    assert made["findings"][0] == "What it is now could not be asked: it is down."
    assert "Test it" in made["findings"][1]


async def test_what_is_not_measured_is_said(furnished: Furnished) -> None:
    app = await furnished({})
    made = await run(app, "watches.create", **HERE, above=2)
    assert made["findings"][0].startswith("Nothing is measured now: ")
    made = await run(app, "watches.create", service="checkout", kind="absence")
    assert made["findings"][0].endswith("so it will speak soon.")


async def test_the_same_in_one_place_is_one_watch(app: App) -> None:
    first = await run(app, "watches.create", **HERE, above=2)
    again = await run(app, "watches.create", who="devops", **HERE, above=2.0, name="another name")
    assert (again["new"], again["watches"][0]["id"]) == (False, first["watches"][0]["id"])
    assert again["summary"].endswith("is watched here already.")
    other = await run(app, "watches.create", **HERE, above=2, channel="<#C9|other>")
    assert other["new"]
    assert other["summary"].endswith("speak in C9.")


async def test_one_that_was_deleted_is_made_anew(app: App) -> None:
    name = await watch(app, above=2)
    await run(app, "watches.delete", watch=name)
    again = await run(app, "watches.create", who="devops", **HERE, above=2, every=30)
    assert again["new"]
    anew = await kept(app, name)
    assert (anew.state, anew.every, anew.created_by) == (WatchState.ACTIVE, 30.0, "devops")


async def test_there_are_only_so_many(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST == 200
    monkeypatch.setattr("bot.watch.keeping.MOST", 2)
    await watch(app, above=1)
    await watch(app, above=2)
    assert "there are 2 watches, and 2 is the most" in await refused(app, "watches.create", **HERE, above=3)
    assert (await run(app, "watches.create", **HERE, above=2))["new"] is False


async def test_everything_is_watched_by_one_line(furnished: Furnished) -> None:
    app = await furnished({}, logs=FakeLogs())
    made = await run(app, "watches.create", kind="scan")
    assert made["summary"] == "I watch everything in production now, and speak here."
    assert [each["watches"] for each in made["watches"]] == [
        "the metrics of everything in production",
        "all error budgets in production",
        "the logs of everything in production",
    ]
    again = await run(app, "watches.create", kind="scan", environment="prod")
    assert again["summary"] == "Everything in production is watched here already."
    only = await run(app, "watches.create", kind="scan", metric="metrics", environment="staging")
    assert [each["environment"] for each in only["watches"]] == ["staging"]


async def test_who_may_not_does_not(app: App) -> None:
    outcome = await invoke(app, "guest", "watches.create", **HERE)
    assert "is a guest of this workspace" in str(outcome)


async def test_a_watch_needs_no_second_person_in_production_nor_during_a_freeze(app: App) -> None:
    (created,) = [each for each in app.registry if each.name == "watches.create"]
    assert created.about_gate


# ---------------------------------------------------------------- trying one


async def test_a_replay_shows_when_it_would_have_spoken(app: App) -> None:
    tried = await run(app, "watches.test", **HERE, above=2, lasting="10 minutes")
    assert tried["summary"].endswith("above 2 s for 10 min: it would have spoken 2 times.")
    starts = [each["start"] for each in tried["alerts"]]
    wanted = [START - timedelta(days=days) for days in (4, 2)]
    assert [start[:13] for start in starts] == [f"{each:%Y-%m-%dT%H}" for each in wanted]
    chart = tried["chart"]
    assert (chart["thresholds"][0]["value"], len(chart["stretches"])) == (2.0, 2)
    assert max(chart["curves"][0]["values"]) == 3.0
    assert len(tried["grid"]["rows"]) == 2
    (step,) = tried["steps"]
    assert (step["operation"], step["form"], step["values"]["lasting"]) == ("watches.create", True, "10 minutes")
    assert await app.resources.get(WatchStore).find() == []


async def test_one_that_there_is_is_tried_by_its_name(app: App) -> None:
    name = await watch(app, above=2)
    for said in (name, "checkout latency"):
        tried = await run(app, "watches.test", watch=said, window="last 3 days")
        assert len(tried["alerts"]) == 1
    assert "longer than 7 days" in await refused(app, "watches.test", watch=name, window="last 30 days")


async def test_of_everything_it_is_said_what_is_replayed(app: App) -> None:
    of_all = await run(app, "watches.test", kind="scan", window="last 2 hours")
    assert of_all["summary"] == "Everything in production: it would never have spoken."
    assert of_all["findings"] == [
        "Metrics: all of it was replayed.",
        (
            "Error budgets could not be replayed "
            "(no request was counted for the objectives of all services in production)."
        ),
        "Not replayed, as there is nothing to read: Logs, Traces.",
    ]
    asked_for = await run(app, "watches.test", kind="scan", metric="metrics", window="last 2 hours")
    assert asked_for["findings"] == []


async def test_what_could_not_be_replayed_is_said(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def half(*_: object) -> Replayed:
        return Replayed((), trouble="cpu could not be read")

    monkeypatch.setattr(Scans, "replay", half)
    tried = await run(app, "watches.test", **HERE, above=2)
    assert tried["findings"] == ["Cpu could not be read"]
    made = await run(app, "watches.create", **HERE, above=2)
    assert made["findings"][1] == "In the last 7 days it would never have spoken, as far as that could be read."


def failing(times: Floats) -> Floats:
    """An hour of failures, a day ago."""
    return np.where(np.abs(times - (START - timedelta(days=1)).timestamp()) < 1_800, 300.0, 0.0)


async def test_a_burning_budget_is_replayed_and_drawn_with_its_limits(furnished: Furnished) -> None:
    counted = lines(line(failing, service="checkout", count="part"), line(1_000.0, service="checkout", count="all"))
    app = await furnished({"increase(http_requests_total": counted})
    tried = await run(app, "watches.test", service="checkout", kind="burn", window="last 3 days")
    assert tried["summary"] == "The error budget of checkout in production burning too fast: it would have spoken once."
    assert tried["alerts"][0]["start"][:13] == f"{START - timedelta(days=1, minutes=30):%Y-%m-%dT%H}"
    chart = tried["chart"]
    assert [each["label"] for each in chart["thresholds"]] == ["14.4 over 1 h", "6 over 6 h", "1 over 3 d"]
    assert len(chart["curves"]) == 3
    assert "http_requests_total" in tried["query"]
    assert tried["findings"] == []


async def test_a_time_that_was_read_from_end_to_end_is_all_of_it(furnished: Furnished) -> None:
    app = await furnished({"increase(http_requests_total": line(1_000.0, service="checkout", count="all")})
    values = {"kind": "scan", "metric": "slo", "environment": "production"}
    for window, every in (("last hour", 300), ("last 7 days", 86_400)):
        tried = await run(app, "watches.test", **values, window=window, every=every)
        assert (tried["summary"], tried["findings"]) == (
            "All error budgets in production: it would never have spoken.",
            [],
        )


async def test_where_nothing_could_be_looked_at_it_is_said_of_each(furnished: Furnished) -> None:
    """Prometheus is down, and the time is shorter than from one look at logs to the next."""
    app = await furnished({"": DOWN}, logs=FakeLogs())
    tried = await run(app, "watches.test", kind="scan", window="last 2 minutes")
    assert tried["summary"] == "Everything in production: nothing could be replayed."
    assert tried["findings"] == [
        "Metrics could not be replayed (it is down).",
        "Error budgets: no look was due in so short a time.",
        "Logs: no look was due in so short a time.",
        "Not replayed, as there is nothing to read: Traces.",
    ]
    alone = await run(app, "watches.test", kind="scan", metric="logs", window="last 2 minutes")
    assert alone["summary"].endswith("nothing could be replayed.")
    assert alone["findings"] == ["No look was due in so short a time."]


async def test_where_there_is_no_time_for_all_it_is_said_of_which_part_it_is(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object) -> Replayed:
        return Replayed((Moment(START, ()),), since=START - timedelta(hours=26))

    monkeypatch.setattr(Scans, "replay", late)
    tried = await run(app, "watches.test", kind="scan", metric="logs")
    assert tried["summary"].endswith("it would never have spoken in the last 26 h.")
    assert tried["findings"] == ["There was no time to read all of it: this is of the last 26 h."]
    of_all = await run(app, "watches.test", kind="scan")
    assert of_all["findings"][0] == "Metrics: the last 26 h were replayed; there was no time for more."


# ---------------------------------------------------------------- keeping them


async def test_the_list_says_how_far_each_is_and_how_often_it_spoke(app: App) -> None:
    name = await watch(app, above=2)
    await watch(app, service="cart")
    far = Progress(name, START, looked_at=START, trouble="prometheus is away")
    store = WatchRepository(app.database, app.keys)
    assert await store.commit(None, far, [], [alert(0, found(watch=name))])
    listed = await run(app, "watches.list")
    assert listed["summary"] == "Watches: 2; 1 of them spoke in the last 7 days."
    assert listed["findings"] == [f"{(await kept(app, name)).name}: prometheus is away"]
    rows = {row[-1]: row for row in listed["grid"]["rows"]}
    assert rows[name][1:5] == ["active", "1", "15:30", "here"]
    only = await run(app, "watches.list", service="cart")
    assert [each["service"] for each in only["watches"]] == ["cart"]
    assert (await run(app, "watches.list", who="devops", mine=True))["watches"] == []
    shown = await run(app, "watches.show", watch=name)
    assert shown["grid"]["rows"][0][0] == "checkout is slow"
    assert "prometheus is away" in shown["findings"]


async def test_no_watch_has_looked_before_it_was_made(app: App) -> None:
    name = await watch(app)
    due = Progress(name, START - timedelta(minutes=3), looked_at=START - timedelta(minutes=3))
    assert await WatchRepository(app.database, app.keys).commit(None, due, [], [])
    (seen,) = (await run(app, "watches.list"))["watches"]
    assert seen["looked_at"] == (await kept(app, name)).created_at.isoformat().replace("+00:00", "Z")


async def test_without_watches_it_is_said_how_to_begin(app: App) -> None:
    assert "watch everything in production" in (await run(app, "watches.list"))["summary"]


async def test_a_direct_message_is_nobody_elses_business(app: App) -> None:
    private = Origin("slack", channel="D7", workspace="T1")
    outcome = await app.door.invoke(Actor("sre"), "watches.create", HERE, origin=private)
    assert isinstance(outcome, Done)
    assert len((await run(app, "watches.list"))["watches"]) == 1
    assert (await run(app, "watches.list", who="devops"))["watches"] == []
    name = outcome.output["watches"][0]["id"]  # type: ignore[index,call-overload]
    assert "no watches are called" in str(await invoke(app, "devops", "watches.show", watch=name))


async def test_a_watch_rests_for_a_while_and_goes_on(app: App, clock: MovedClock) -> None:
    name = await watch(app, above=2)
    paused = await run(app, "watches.pause", watch=name, until="for 2 hours")
    assert paused["summary"].endswith("rests until 17:30.")
    assert paused["watches"][0]["state"] == "paused"
    clock.move(hours=3)
    assert (await run(app, "watches.show", watch=name))["watches"][0]["state"] == "active"
    await run(app, "watches.pause", watch=name)
    assert (await run(app, "watches.resume", watch=name))["watches"][0]["state"] == "active"
    assert "is no time ahead" in await refused(app, "watches.pause", watch=name, until="yesterday")


async def test_what_a_deleted_watch_found_is_over_and_it_can_come_back(app: App) -> None:
    name = await watch(app, above=2)
    alerts = app.resources.get(AlertStore)
    await alerts.swap(None, alert(1, found(watch=name), group=name))
    gone = await run(app, "watches.delete", watch=name)
    assert [each["label"] for each in gone["steps"]] == ["Resume"]
    over = await alerts.get("alt-1")
    assert over is not None
    assert over.open == ()
    assert "is deleted" in await refused(app, "watches.pause", watch=name)
    assert (await run(app, "watches.resume", watch=name))["watches"][0]["state"] == "active"


async def test_only_who_made_a_watch_changes_it_or_who_may_change_all(app: App) -> None:
    (made,) = (await run(app, "watches.create", who="qa-engineer", **HERE, above=2))["watches"]
    name = made["id"]
    for each in ("pause", "resume", "delete"):
        said = await refused(app, f"watches.{each}", who="manager", watch=name)
        assert f"may not {each} {made['name']!r}, which somebody else made" in said
        assert "'watches:admin' is missing" in said
        assert "These may: Administrator, DevOps engineer, Site reliability engineer." in said
        assert (await run(app, f"watches.{each}", who="qa-engineer", watch=name))["watches"]
    assert (await kept(app, name)).state is WatchState.DELETED
    assert (await run(app, "watches.resume", who="devops", watch=name))["watches"][0]["state"] == "active"
    await app.resources.get(WatchStore).add(replace(SCAN, created_by=BUILT_IN))
    assert "'watches:admin' is missing" in await refused(app, "watches.delete", who="manager", watch=SCAN.id)
    tuning = {"watch": SCAN.id, "sensitivity": "low"}
    assert "'watches:admin' is missing" in await refused(app, "watches.tune", who="manager", **tuning)
    assert (await run(app, "watches.tune", **tuning))["watches"][0]["sensitivity"] == "low"


async def test_what_another_system_says_is_told_as_it_comes_and_never_looked_for(app: App) -> None:
    name = await listening(app)
    shown = await run(app, "watches.show", watch=name)
    assert shown["summary"] == "What Alertmanager says (outside:C1) is told."
    assert shown["findings"] == [
        "It tells what Alertmanager says.",
        "It never looks: it listens and speaks here.",
    ]
    assert (shown["query"], shown["watches"][0]["state"]) == ("", "active")
    assert [each["label"] for each in shown["steps"]] == ["Pause", "Delete"]
    assert "only listens" in await refused(app, "watches.test", watch=name)
    assert "Change the rule in Alertmanager." in await refused(app, "watches.tune", watch=name, sensitivity="low")
    paused = await run(app, "watches.pause", watch=name, until="2h")
    assert paused["summary"] == "What Alertmanager says rests until 17:30."
    assert [each["label"] for each in paused["steps"]] == ["Resume", "Delete"]
    gone = await run(app, "watches.delete", watch=name)
    assert gone["summary"] == "What Alertmanager says is not told any more."


async def test_what_several_could_be_is_asked(app: App) -> None:
    await watch(app, above=2)
    await watch(app, above=3)
    assert "2 watches are called 'checkout'" in await refused(app, "watches.pause", watch="checkout")
    assert "no watches are called 'cart'" in await refused(app, "watches.pause", watch="cart")


async def test_a_name_that_is_part_of_another_one_is_itself(app: App) -> None:
    name = await watch(app, above=2, name="payments")
    night = await watch(app, above=3, name="payments night")
    for said, meant in (("payments", name), (" Payments ", name), ("payments night", night), ("night", night)):
        assert (await run(app, "watches.show", watch=said))["watches"][0]["id"] == meant
    capital = await watch(app, above=4, name="Payments")
    assert (await run(app, "watches.show", watch="Payments"))["watches"][0]["id"] == capital
    await watch(app, above=5, name="payments")
    assert "2 watches are called 'payments'" in await refused(app, "watches.show", watch="payments")


async def test_only_what_learns_is_tuned(app: App) -> None:
    learns, limited = await watch(app), await watch(app, above=2)
    before = await kept(app, learns)
    quieter = before.taught({EVERYWHERE: 1.5, ("cart", "cpu"): 0.5})
    assert await app.resources.get(WatchStore).swap(before, quieter)
    tuned = await run(app, "watches.tune", watch=learns, sensitivity="high")
    assert (tuned["watches"][0]["sensitivity"], tuned["watches"][0]["quieter"]) == ("high", [])
    assert "goes by a limit" in await refused(app, "watches.tune", watch=limited, sensitivity="high")
    budgets = replace(SCAN, aim=replace(SCAN.aim, metric="slo"))
    await app.resources.get(WatchStore).add(budgets)
    assert "Change the `slos`" in await refused(app, "watches.tune", watch=budgets.id, sensitivity="high")
    assert "Tune" not in [each["label"] for each in (await run(app, "watches.show", watch=budgets.id))["steps"]]


async def test_a_replay_goes_by_what_feedback_taught(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.watch.watches.QUIETEST", 1_000.0)  # no feedback makes it as quiet as that
    name = await watch(app)
    assert (await run(app, "watches.test", watch=name))["alerts"]
    before = await kept(app, name)
    assert await app.resources.get(WatchStore).swap(before, before.taught({EVERYWHERE: 1_000.0}))
    assert (await run(app, "watches.test", watch=name))["alerts"] == []


async def test_two_who_change_it_at_once_do_not_undo_each_other(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await watch(app)
    store = app.resources.get(WatchStore)
    swap, others = type(store).swap, iter([True])

    async def late(self: Any, before: Any, after: Any) -> bool:
        if next(others, False):
            assert await swap(self, before, before.changed(tuned=2.0))
        return await swap(self, before, after)

    monkeypatch.setattr(type(store), "swap", late)
    await run(app, "watches.pause", watch=name)
    after = await kept(app, name)
    assert (after.state, after.tuned, after.version) == (WatchState.PAUSED, 2.0, 3)
