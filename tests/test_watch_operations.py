"""Watches and alerts as people work them: made from few words, tried on the past, kept, paused, judged, silenced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.app import App
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor
from bot.observatory.observatory import Observatory
from bot.operations.silences import MOST_AT_ONCE
from bot.telemetry.signals import Floats, LogLine
from bot.watch.alerts import AlertState, AlertStore
from bot.watch.desk import AlertDesk
from bot.watch.finding import Finding, Subject
from bot.watch.keeping import MOST
from bot.watch.replaying import Replayed, Replays
from bot.watch.scans import Scans
from bot.watch.station import BUILT_IN
from bot.watch.watches import Aim, Progress, Watch, WatchKind, WatchState, WatchStore
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import START, MakeApp, MovedClock, invoke
from tests.observatory.fakes import DOWN, Answers, FakeLogs, line, watching
from tests.watch.made import SCAN, alert, found

NOW = START.timestamp()
HERE = {"service": "checkout", "metric": "latency"}


def now_and_then(times: Floats) -> Floats:
    """A quarter of a second; two hours of 3 s on each of two days."""
    slow = [(times > NOW - days * 86_400) & (times < NOW - days * 86_400 + 7_200) for days in (2, 4)]
    values: Floats = np.where(slow[0] | slow[1], 3.0, 0.25)
    return values


LATENCY: Answers = {"http_request_duration_seconds_bucket": line(now_and_then)}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


Furnished = Callable[..., Any]


@pytest.fixture
async def furnished(make_app: MakeApp, clock: MovedClock) -> Furnished:
    """`await furnished(answers)`: an app that watches telemetry which answers so."""

    async def make(answers: Answers | None = None, **more: Any) -> App:
        app: App = await make_app()
        observatory = watching(LATENCY if answers is None else answers, **more)
        watches, alerts = WatchRepository(app.database, app.keys), AlertRepository(app.database, app.keys)
        put = app.resources.put
        put(Observatory, observatory)
        put(WatchStore, watches)
        put(AlertStore, alerts)
        put(AlertDesk, AlertDesk(alerts, watches, clock))
        put(Replays, Scans(observatory, clock))
        return app

    return make


@pytest.fixture
async def app(furnished: Furnished) -> App:
    made: App = await furnished()
    return made


async def run(app: App, name: str, /, who: str = "sre", **values: Any) -> Any:
    outcome = await invoke(app, who, name, **values)
    assert isinstance(outcome, Done), outcome
    return outcome.output


async def refused(app: App, name: str, /, who: str = "sre", **values: Any) -> str:
    outcome = await invoke(app, who, name, **values)
    assert not isinstance(outcome, Done)
    return str(outcome)


async def listening(app: App) -> str:
    """Alertmanager's watch, as the station makes it."""
    aim = Aim(WatchKind.OUTSIDE, "Alertmanager", query="https://alerts.example.com")
    name = "What Alertmanager says"
    made = Watch("outside:C1", name, aim, "C1", BUILT_IN, START, workspace="T1")
    return (await app.resources.get(WatchStore).add(made)).id


def disk_full(**fields: Any) -> Finding:
    """Of no service, and of no environment that is known."""
    return replace(found("", "DiskFull", watch="outside:C1", **fields), subject=Subject("", "", "DiskFull", "a"))


async def watch(app: App, /, **values: Any) -> str:
    (made,) = (await run(app, "watches.create", **{**HERE, **values}))["watches"]
    return str(made["id"])


async def kept(app: App, name: str) -> Watch:
    found = await app.resources.get(WatchStore).get(name)
    assert found is not None
    return found


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
    assert "That is of the metrics alone: the other scans cannot be replayed." in of_all["findings"]
    asked_for = await run(app, "watches.test", kind="scan", metric="metrics", window="last 2 hours")
    assert not any("alone" in each for each in asked_for["findings"])


async def test_what_could_not_be_replayed_is_said(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def half(*_: object) -> Replayed:
        return Replayed((), trouble="cpu could not be read")

    monkeypatch.setattr(Scans, "replay", half)
    tried = await run(app, "watches.test", **HERE, above=2)
    assert tried["findings"] == ["Cpu could not be read"]
    made = await run(app, "watches.create", **HERE, above=2)
    assert made["findings"][1] == "In the last 7 days it would never have spoken, as far as that could be read."


async def test_a_burning_budget_cannot_be_replayed_and_says_so(app: App) -> None:
    assert "cannot be replayed" in await refused(app, "watches.test", service="checkout", kind="burn")


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
    assert rows[name][1:4] == ["active", "15:30", "1"]
    only = await run(app, "watches.list", service="cart")
    assert [each["service"] for each in only["watches"]] == ["cart"]
    assert (await run(app, "watches.list", who="devops", mine=True))["watches"] == []
    shown = await run(app, "watches.show", watch=name)
    assert shown["grid"]["rows"][0][3] == "checkout is slow"
    assert "prometheus is away" in shown["findings"]


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
        "It never looks: it listens and speaks in C1.",
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


async def test_only_what_learns_is_tuned(app: App) -> None:
    learns, limited = await watch(app), await watch(app, above=2)
    before = await kept(app, learns)
    assert await app.resources.get(WatchStore).swap(before, before.changed(tuned=1.5))
    tuned = await run(app, "watches.tune", watch=learns, sensitivity="high")
    assert (tuned["watches"][0]["sensitivity"], tuned["watches"][0]["tuned"]) == ("high", 0.0)
    assert "goes by a limit" in await refused(app, "watches.tune", watch=limited, sensitivity="high")
    budgets = replace(SCAN, aim=replace(SCAN.aim, metric="slo"))
    await app.resources.get(WatchStore).add(budgets)
    assert "Change the `slos`" in await refused(app, "watches.tune", watch=budgets.id, sensitivity="high")
    assert "Tune" not in [each["label"] for each in (await run(app, "watches.show", watch=budgets.id))["steps"]]


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


# ---------------------------------------------------------------- alerts


async def raise_some(app: App) -> None:
    alerts = app.resources.get(AlertStore)
    for each in (
        alert(-60, severity="low"),
        alert(-30, found("cart", "error_rate", START - timedelta(minutes=30)), severity="critical", title="cart fails"),
        alert(-90, state=AlertState.RESOLVED, resolved_at=START - timedelta(minutes=80)),
        alert(-10, channel="D7"),
    ):
        await alerts.swap(None, each)


async def test_what_fires_is_listed_the_worst_first(app: App) -> None:
    await raise_some(app)
    listed = await run(app, "alerts.list")
    assert [each["id"] for each in listed["alerts"]] == ["alt--30", "alt--60"]
    assert listed["summary"] == "2 alerts fire now: cart fails."
    assert [each["id"] for each in (await run(app, "alerts.list", service="checkout"))["alerts"]] == ["alt--60"]
    assert (await run(app, "alerts.list", severity="high"))["summary"] == "No high alerts fire now."
    of_cart = await run(app, "alerts.list", service="cart", severity="critical")
    assert of_cart["summary"] == "1 critical alert of cart fires now: cart fails."
    over = await run(app, "alerts.list", state="resolved")
    assert over["summary"] == "1 alert is over: checkout is slow."
    assert (await run(app, "alerts.list", window="today"))["summary"].startswith("3 alerts fired: ")
    assert len((await run(app, "alerts.list", window="today"))["alerts"]) == 3
    assert [each["id"] for each in (await run(app, "alerts.list", state="resolved"))["alerts"]] == ["alt--90"]
    assert (await run(app, "alerts.list", environment="staging"))["alerts"] == []


async def test_an_alert_is_shown_with_what_was_found_and_what_became_of_it(app: App) -> None:
    await raise_some(app)
    await run(app, "alerts.acknowledge", alert="alt--60")
    shown = await run(app, "alerts.show", alert="alt--60")
    assert shown["summary"] == "checkout is slow."
    assert "p95 is 1.9 s" in shown["findings"][0]
    assert [row[1] for row in shown["grid"]["rows"]][-1] == "somebody looked after it"
    assert shown["chart"]["kind"] == "lines"
    assert {step["label"] for step in shown["steps"]} == {"Explain", "Silence", "Useful", "Noise"}
    assert "there is no alert 'alt--10'" in await refused(app, "alerts.show", alert="alt--10")


async def test_where_an_alert_names_no_environment_that_is_known_none_is_asked_for(app: App) -> None:
    alerts = app.resources.get(AlertStore)
    await alerts.swap(None, alert(-5, disk_full(), environment="", source="Alertmanager"))
    assert (await run(app, "alerts.show", alert="alt--5"))["where"] == "Alertmanager"
    of_checkout = replace(disk_full(), subject=Subject("checkout", "eu-west", "DiskFull"))
    await alerts.swap(None, alert(-4, of_checkout, environment="eu-west"))
    shown = await run(app, "alerts.show", alert="alt--4")
    assert shown["where"] == "checkout in eu-west"
    (explain,) = [each for each in shown["steps"] if each["label"] == "Explain"]
    assert "environment" not in explain["values"]
    assert (await run(app, explain["operation"], **explain["values"]))["summary"]


async def test_an_alert_is_seen_and_unseen_and_over(app: App) -> None:
    await raise_some(app)
    seen = await run(app, "alerts.acknowledge", alert="alt--30")
    assert seen["summary"] == "You look after it: cart fails."
    again = await run(app, "alerts.acknowledge", who="devops", alert="alt--30")
    assert again["summary"] == "Somebody looks after it: cart fails."
    unseen = await run(app, "alerts.unacknowledge", alert="alt--30")
    assert unseen["alerts"][0]["acknowledged_by"] == ""
    over = await run(app, "alerts.resolve", alert="alt--30")
    assert over["alerts"][0]["state"] == "resolved"
    assert "is over" in await refused(app, "alerts.acknowledge", alert="alt--30")


async def test_noise_moves_the_watch_and_it_is_said(app: App) -> None:
    name = await watch(app)
    await app.resources.get(AlertStore).swap(None, alert(-5, found(watch=name)))
    judged = await run(app, "alerts.judge", alert="alt--5", verdict="noise")
    assert judged["summary"] == "You find it noise: checkout is slow."
    assert len(judged["findings"]) == 1
    assert (await kept(app, name)).tuned > 0


async def test_a_silence_tells_what_it_hides_before_and_after(app: App) -> None:
    await raise_some(app)
    before = await run(app, "alerts.silence", service="checkout", preview=True)
    assert before["summary"] == "Alerts about checkout would be silent until 17:30."
    assert before["findings"][0] == "Hidden now: 1"
    assert (await run(app, "alerts.silences"))["summary"] == "Nothing is silenced."
    values = before["steps"][0]["values"]
    after = await run(app, "alerts.silence", **values)
    assert after["summary"] == "Alerts about checkout are silent until 17:30."
    (one,) = (await run(app, "alerts.silences"))["silences"]
    assert one["what"] == "checkout"
    listed = await run(app, "alerts.list", service="checkout")
    assert listed["alerts"][0]["silence"] == one["id"]
    ended = await run(app, "alerts.unsilence", silence=one["id"])
    assert ended["summary"] == "Alerts about checkout are told again."
    assert (await run(app, "alerts.list", service="checkout"))["alerts"][0]["silence"] == ""


async def test_an_alert_is_silenced_with_all_services_that_it_is_about(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), found("cart", "error_rate")))
    made = await run(app, "alerts.silence", alert="alt--5", until="tomorrow 9am", reason="known")
    assert {each["what"] for each in made["silences"]} == {"checkout in production", "cart in production"}
    assert len({each["id"] for each in made["silences"]}) == 2
    assert "what is to be silent" in await refused(app, "alerts.silence")


async def test_what_names_no_service_is_silenced_without_hiding_all_others(app: App) -> None:
    await raise_some(app)
    await listening(app)
    await app.resources.get(AlertStore).swap(None, alert(-5, disk_full(), environment=""))
    made = await run(app, "alerts.silence", alert="alt--5")
    assert made["summary"] == "Alerts about DiskFull found by “What Alertmanager says” are silent until 17:30."
    hidden = {each["id"]: bool(each["silence"]) for each in (await run(app, "alerts.list"))["alerts"]}
    assert hidden == {"alt--5": True, "alt--30": False, "alt--60": False}
    again = await run(app, "alerts.silence", signal="DiskFull", preview=True)
    assert (again["summary"].split(" would")[0], again["findings"][0]) == ("Alerts about DiskFull", "Hidden now: 1")


async def test_a_silence_goes_by_the_words_that_people_have(app: App) -> None:
    name = await watch(app)
    await app.resources.get(AlertStore).swap(None, alert(-5, found(watch=name)))
    for values, about in (
        ({"signal": "Response time"}, "latency"),
        ({"signal": "latency", "service": "checkout"}, "latency of checkout"),
        ({"watch": "checkout latency"}, f"everything found by “{(await kept(app, name)).name}”"),
    ):
        made = await run(app, "alerts.silence", **values, preview=True)
        assert made["summary"] == f"Alerts about {about} would be silent until 17:30."
        assert made["findings"][0] == "Hidden now: 1"
    assert "Did you mean latency" in await refused(app, "alerts.silence", signal="latencies")
    assert "there is no signal 'qqq'" in await refused(app, "alerts.silence", signal="qqq")
    assert "no watches are called 'moods'" in await refused(app, "alerts.silence", watch="moods")


async def test_an_alert_about_too_much_is_silenced_by_something_of_it(app: App) -> None:
    many = [found(f"service-{each}") for each in range(MOST_AT_ONCE)]
    alerts = app.resources.get(AlertStore)
    await alerts.swap(None, alert(-5, *many))
    assert len((await run(app, "alerts.silence", alert="alt--5"))["silences"]) == MOST_AT_ONCE
    assert (await run(app, "alerts.show", alert="alt--5"))["alerts"][0]["silence"]
    await alerts.swap(None, alert(-4, *many, found()))
    assert f"the watch ({SCAN.id})" in await refused(app, "alerts.silence", alert="alt--4")
    narrow = await run(app, "alerts.silence", alert="alt--4", service="checkout")
    assert [each["what"] for each in narrow["silences"]] == ["checkout in production"]
    gone = replace(alert(-3), findings=(), state=AlertState.RESOLVED)
    await alerts.swap(None, gone)
    assert "It has become part of another" in await refused(app, "alerts.silence", alert="alt--3")


async def test_to_silence_for_long_or_everywhere_needs_a_permission_of_its_own(app: App) -> None:
    of_checkout = {"service": "checkout", "who": "qa-engineer"}
    assert (await run(app, "alerts.silence", **of_checkout, until="7 days"))["silences"]
    for values, deed in (({"until": "8 days"}, "for more than 7 days"), ({"everywhere": True}, "everywhere")):
        said = await refused(app, "alerts.silence", **of_checkout, **values)
        assert f"may not silence alerts {deed}: the permission 'alerts:admin' is missing" in said
        assert (await run(app, "alerts.silence", service="checkout", **values))["silences"]
    nowhere = await app.door.invoke(Actor("qa-engineer"), "alerts.silence", {"service": "cart"}, origin=Origin("cli"))
    assert "may not silence alerts everywhere" in str(nowhere)


async def test_what_is_silent_in_a_direct_message_is_nobody_elses_business(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-10, channel="D7", title="a secret"))
    private = Origin("slack", channel="D7", workspace="T1")

    async def there(name: str, **values: Any) -> Any:
        outcome = await app.door.invoke(Actor("qa-engineer"), name, values, origin=private)
        assert isinstance(outcome, Done), outcome
        return outcome.output

    before = await run(app, "alerts.silence", service="checkout", everywhere=True, preview=True)
    assert before["findings"][0] == "Hidden now: none"
    assert "a secret" not in str(before)
    (made,) = (await there("alerts.silence", service="checkout", reason="a secret"))["silences"]
    assert (await run(app, "alerts.silences"))["silences"] == []
    assert "there is no silence" in await refused(app, "alerts.unsilence", silence=made["id"])
    assert len((await there("alerts.silences"))["silences"]) == 1
    for _ in range(2):
        assert (await there("alerts.unsilence", silence=made["id"]))["summary"].endswith("are told again.")


async def test_a_digest_counts_what_was(app: App) -> None:
    assert (await run(app, "alerts.digest"))["total"] == 0
    await raise_some(app)
    told = await run(app, "alerts.digest", period="weekly")
    assert told["total"] == 3
    assert len(told["grid"]["rows"]) == 3
    assert {each["label"]: each["value"] for each in told["chart"]["amounts"]} == {"checkout": 2.0, "cart": 1.0}
