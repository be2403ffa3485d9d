"""Alerts as people work them: listed, shown, acknowledged, judged, told in digests."""

from __future__ import annotations

from dataclasses import replace

from bot.app import App
from bot.watch.alerts import AlertStore
from bot.watch.finding import Subject
from bot.watch.watches import WatchStore
from tests.operations.working import (
    disk_full,
    kept,
    raise_some,
    refused,
    run,
    watch,
)
from tests.watch.made import SCAN, alert, found


async def test_what_fires_is_listed_the_worst_first(app: App) -> None:
    await raise_some(app)
    listed = await run(app, "alerts.list")
    assert [each["id"] for each in listed["alerts"]] == ["alt--30", "alt--60"]
    assert listed["summary"] == "2 alerts fire now: cart fails; checkout is slow."
    assert [row[:2] for row in listed["grid"]["rows"]] == [["cart fails", "critical"], ["checkout is slow", "low"]]
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


async def test_several_are_named_by_what_their_messages_begin_with(app: App) -> None:
    for place in range(5):
        await app.resources.get(AlertStore).swap(None, alert(-place, title=f"number {place} is slow; also cart"))
    named = "number 0 is slow; number 1 is slow; number 2 is slow"
    listed = await run(app, "alerts.list")
    assert listed["summary"] == f"5 alerts fire now: {named} and 2 more."
    assert listed["grid"]["rows"][0][0] == "number 0 is slow"


async def test_of_a_time_that_is_over_it_is_said_what_fires_now(app: App) -> None:
    await raise_some(app)
    seen = await run(app, "alerts.list", window="yesterday")
    assert seen["summary"] == "No alerts fired."
    assert seen["findings"] == ["2 fire now: cart fails; checkout is slow."]
    assert seen["steps"][0]["values"] == {"alert": "alt--30"}
    assert (await run(app, "alerts.list", window="yesterday", service="cart"))["findings"] == [
        "1 fires now: cart fails."
    ]
    assert (await run(app, "alerts.list", window="today"))["findings"] == [], "it reaches until now"


async def test_what_fired_all_through_a_time_fired_then(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-4_320, title="cart fails"))
    seen = await run(app, "alerts.list", window="yesterday")
    assert (seen["summary"], seen["findings"]) == ("1 alert fired: cart fails.", [])


async def test_an_alert_is_shown_with_what_was_found_and_what_became_of_it(app: App) -> None:
    await raise_some(app)
    await run(app, "alerts.acknowledge", alert="alt--60")
    shown = await run(app, "alerts.show", alert="alt--60")
    assert shown["summary"] == "Firing since 14:30; SRE on call is on it. checkout is slow."
    assert "p95 is 1.9 s" in shown["findings"][0]
    assert [row[1] for row in shown["grid"]["rows"]][-1] == "somebody looked after it"
    assert shown["chart"]["kind"] == "lines"
    assert {step["label"] for step in shown["steps"]} == {"Explain", "Silence", "Useful", "Noise"}
    assert "there is no alert 'alt--10'" in await refused(app, "alerts.show", alert="alt--10")
    await run(app, "alerts.unacknowledge", alert="alt--60")
    again = await run(app, "alerts.show", alert="alt--60")
    assert again["summary"].startswith("Firing since 14:30; nobody is on it.")
    await run(app, "alerts.resolve", alert="alt--60")
    ended = await run(app, "alerts.show", alert="alt--60")
    assert ended["summary"] == "Over since 15:30; it lasted 1 h. checkout is slow."


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
    (effect,) = judged["findings"]
    quieter = "this must be about 3 times as unusual as at first before I speak up"
    assert effect == f"From now on, {quieter} (watch “{(await kept(app, name)).name}”)."
    assert (await kept(app, name)).tuned > 0
    back = judged["steps"][0]
    assert back["label"] == "Take it back"
    undone = await run(app, back["operation"], **back["values"])
    assert undone["summary"] == "You say nothing of it any more: checkout is slow."
    assert undone["findings"][0].startswith("From now on, I speak of this as soon as at first")
    assert "Take it back" not in [each["label"] for each in undone["steps"]]
    assert (await kept(app, name)).tuned == 0
    shown = await run(app, "alerts.show", alert="alt--5")
    assert not [row for row in shown["grid"]["rows"] if "none" in row[1]]


async def test_a_watch_of_much_shows_where_feedback_made_it_quieter(app: App) -> None:
    store, alerts = app.resources.get(WatchStore), app.resources.get(AlertStore)
    await store.add(SCAN)
    await alerts.swap(None, alert(-5, found()))
    await run(app, "alerts.judge", alert="alt--5", verdict="noise")
    shown = await run(app, "watches.show", watch=SCAN.id)
    assert "By feedback, latency of checkout must be about 3 times as unusual as at first." in shown["findings"]
    now = await kept(app, SCAN.id)
    many = {(f"service-{number}", "latency"): 1.0 for number in range(6)}
    assert await store.swap(now, now.taught({**many, **now.learned}))
    shown = await run(app, "watches.show", watch=SCAN.id)
    assert "And 3 more places where it is quieter by feedback." in shown["findings"]
    assert len(shown["watches"][0]["quieter"]) == 7
    await run(app, "watches.tune", watch=SCAN.id, sensitivity="low")
    assert (await kept(app, SCAN.id)).tunings == ()


async def test_a_digest_counts_what_was(app: App) -> None:
    assert (await run(app, "alerts.digest"))["total"] == 0
    await raise_some(app)
    told = await run(app, "alerts.digest", period="weekly")
    assert told["total"] == 3
    assert len(told["grid"]["rows"]) == 3
    assert {each["label"]: each["value"] for each in told["chart"]["amounts"]} == {"checkout": 2.0, "cart": 1.0}


async def test_an_alert_that_joined_another_is_shown_and_judged_as_that(app: App) -> None:
    await raise_some(app)
    joined = alert(-20, state="resolved", title="part of another alert: cart fails", part_of="alt--30")
    assert await app.resources.get(AlertStore).swap(None, replace(joined, findings=()))
    assert (await run(app, "alerts.show", alert="alt--20"))["alerts"][0]["id"] == "alt--30"
    judged = await run(app, "alerts.judge", alert="alt--20", verdict="noise")
    assert judged["summary"] == "You find it noise: cart fails."
    assert judged["steps"][0]["values"]["alert"] == "alt--30"
    undone = await run(app, "alerts.judge", alert="alt--20", verdict="none")
    assert undone["summary"] == "You say nothing of it any more: cart fails."
