"""Silences as people work them: what one hides, who made it, how it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.app import App
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor
from bot.operations.silencing import MOST_AT_ONCE
from bot.watch.alerts import Alert, AlertState, AlertStore
from bot.watch.finding import Subject
from storage.repositories import AlertRepository
from tests.conftest import START, MovedClock
from tests.operations.working import (
    disk_full,
    kept,
    listening,
    raise_some,
    refused,
    run,
    watch,
)
from tests.watch.made import SCAN, alert, found


def place(channel: str) -> Origin:
    return Origin("slack", channel=channel, workspace="T1")


async def at(app: App, channel: str, name: str, **values: Any) -> Any:
    outcome = await app.door.invoke(Actor("sre"), name, values, origin=place(channel))
    assert isinstance(outcome, Done), outcome
    return outcome.output


async def test_a_silence_tells_what_it_hides_before_and_after(app: App) -> None:
    await raise_some(app)
    before = await run(app, "alerts.silence_preview", service="checkout")
    assert before["summary"] == "Alerts about checkout would be silent here until 17:30."
    assert before["findings"][0] == "Hidden now: 1"
    assert (await run(app, "alerts.silences"))["summary"] == "Nothing is silenced."
    after = await run(app, "alerts.silence", service="checkout")
    assert after["summary"] == "Alerts about checkout are silent here until 17:30."
    assert after["findings"] == before["findings"]
    (one,) = (await run(app, "alerts.silences"))["silences"]
    assert one["what"] == "checkout"
    listed = await run(app, "alerts.list", service="checkout")
    assert listed["alerts"][0]["silence"] == one["id"]
    ended = await run(app, "alerts.unsilence", silence=one["id"])
    assert ended["summary"] == "Alerts about checkout are told again here."
    assert (await run(app, "alerts.list", service="checkout"))["alerts"][0]["silence"] == ""


async def test_what_several_silences_hide_together_is_told_once(app: App) -> None:
    alerts, both = app.resources.get(AlertStore), (found("checkout"), found("checkout", "error_rate"))
    await alerts.swap(None, alert(-5, *both))
    await alerts.swap(None, alert(-4, found("checkout"), title="only slow"))
    await alerts.swap(None, alert(-90, *both, state=AlertState.RESOLVED, resolved_at=START))
    told = ["Hidden now: 2", "only slow", "checkout is slow", "In the last 7 days it would have hidden 3"]
    assert (await run(app, "alerts.silence_preview", alert="alt--5"))["findings"] == told
    assert (await run(app, "alerts.silence", alert="alt--5"))["findings"] == told
    assert all(each["silence"] for each in (await run(app, "alerts.list"))["alerts"])


async def test_what_is_hidden_because_the_rest_of_it_was_already_is_told(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), found("cart")))
    assert (await run(app, "alerts.silence", service="checkout"))["findings"][0] == "Hidden now: none"
    made = await run(app, "alerts.silence", service="cart")
    assert made["findings"] == ["Hidden now: 1", "checkout is slow", "In the last 7 days it would have hidden 1"]


async def test_an_alert_that_no_silence_changes_is_not_touched(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts, read = app.resources.get(AlertStore), AlertRepository.get
    many = [found(f"service-{each}") for each in range(12)]
    for each in range(30):
        await alerts.swap(None, alert(-each, *(many if each == 5 else [found()])))
    asked: list[str] = []

    async def counted(self: AlertRepository, alert_id: str) -> Alert | None:
        asked.append(alert_id)
        return await read(self, alert_id)

    monkeypatch.setattr(AlertRepository, "get", counted)
    made = await run(app, "alerts.silence", alert="alt--5")
    assert (len(made["silences"]), asked) == (12, ["alt--5"] * 2), "to know what it is about, and to hide it"


async def test_an_alert_is_silenced_with_what_was_found_and_no_more(app: App) -> None:
    both = (found("checkout"), found("checkout", "error_rate"), found("cart", "latency"))
    await app.resources.get(AlertStore).swap(None, alert(-5, *both))
    await app.resources.get(AlertStore).swap(None, alert(-4, found("cart", "error_rate")))
    made = await run(app, "alerts.silence", alert="alt--5")
    pairs = "latency and error rate of checkout in production, and latency of cart in production"
    assert made["summary"] == f"Alerts about {pairs} are silent here until 17:30."
    hidden = {each["id"]: bool(each["silence"]) for each in (await run(app, "alerts.list"))["alerts"]}
    assert hidden == {"alt--5": True, "alt--4": False}, "other signals of the same service are heard"
    wide = await run(app, "alerts.silence", alert="alt--5", service="cart")
    assert [each["what"] for each in wide["silences"]] == ["cart in production"]
    hidden = {each["id"]: bool(each["silence"]) for each in (await run(app, "alerts.list"))["alerts"]}
    assert hidden == {"alt--5": True, "alt--4": True}, "the whole service, where it is named"


async def test_what_is_told_though_a_part_of_it_is_silent_is_said_with_what_it_is_told_for(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("cart"), found("checkout", "error_rate")))
    would = await run(app, "alerts.silence_preview", service="cart")
    assert would["findings"][:2] == ["Hidden now: none", "Still told, for error rate of checkout: checkout is slow"]
    made = await run(app, "alerts.silence", service="cart")
    assert made["findings"][:2] == would["findings"][:2]
    whole = await run(app, "alerts.silence_preview", service="checkout")
    assert whole["findings"][:2] == ["Hidden now: 1", "checkout is slow"]


async def test_an_alert_is_silenced_with_all_services_that_it_is_about(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), found("cart", "error_rate")))
    made = await run(app, "alerts.silence", alert="alt--5", until="tomorrow 9am", reason="known")
    what = ["latency of checkout in production", "error rate of cart in production"]
    assert [each["what"] for each in made["silences"]] == what
    assert len({each["id"] for each in made["silences"]}) == 2
    assert "what is to be silent" in await refused(app, "alerts.silence")
    (back,) = [each for each in made["steps"] if each["label"] == "Take it back"]
    undone = await run(app, back["operation"], **back["values"])
    assert undone["summary"] == f"Alerts about {', and '.join(what)} are told again here."
    assert (await run(app, "alerts.silences"))["silences"] == []


async def test_all_that_was_silenced_at_once_is_taken_back_by_one_button(app: App) -> None:
    many = [found(f"service-{each}") for each in range(MOST_AT_ONCE)]
    await app.resources.get(AlertStore).swap(None, alert(-5, *many))
    (back, _) = (await run(app, "alerts.silence", alert="alt--5"))["steps"]
    assert len((await run(app, back["operation"], **back["values"]))["silences"]) == MOST_AT_ONCE
    assert (await run(app, "alerts.silences"))["silences"] == []
    assert (await run(app, "alerts.show", alert="alt--5"))["alerts"][0]["silence"] == ""


async def test_of_an_alert_only_a_service_that_it_is_about_is_silenced(app: App) -> None:
    staging = replace(found("cart"), subject=Subject("cart", "staging", "latency"))
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), staging))
    said = await refused(app, "alerts.silence", alert="alt--5", service="search")
    assert "alt--5 is not about 'search'" in said
    assert "It is about checkout, cart." in said
    (made,) = (await run(app, "alerts.silence", alert="alt--5", service="cart"))["silences"]
    assert made["what"] == "cart in staging", "and not in the environment of the others"


async def test_everything_is_silent_in_this_channel_where_it_is_wished(app: App) -> None:
    await raise_some(app)
    assert "say that it is everything" in await refused(app, "alerts.silence")
    made = await run(app, "alerts.silence", everything=True)
    assert made["summary"] == "Alerts about everything are silent here until 17:30."
    assert made["findings"][0] == "Hidden now: 2"
    of_all = {each["channel"]: bool(each["silence"]) for each in (await run(app, "alerts.list"))["alerts"]}
    assert of_all == {"C1": True}
    narrow = await run(app, "alerts.silence_preview", everything=True, environment="staging")
    assert narrow["summary"] == "Alerts about everything in staging would be silent here until 17:30."


async def test_a_silence_is_ended_by_what_is_silent(app: App, clock: MovedClock) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), found("cart", "error_rate")))
    await run(app, "alerts.silence", alert="alt--5")
    (cart,) = (await run(app, "alerts.unsilence", silence="Cart alerts"))["silences"]
    assert cart["what"] == "error rate of cart in production"
    clock.move(minutes=1)
    await run(app, "alerts.silence", alert="alt--5", service="cart", until="3 hours")
    said = await refused(app, "alerts.unsilence", silence="alt--5")
    assert "2 silences are about 'alt--5'" in said
    for each in (await run(app, "alerts.silences"))["silences"]:
        assert f"{each['what']} here ({each['id']})" in said
    await run(app, "alerts.unsilence", silence="checkout")
    await run(app, "alerts.unsilence", silence="cart")
    await run(app, "alerts.silence", alert="alt--5")
    both = await run(app, "alerts.unsilence", silence="alt--5")
    assert len(both["silences"]) == 2, "one press made them, one ends them"
    for values, words in (
        ({"signal": "latency", "service": "checkout"}, "response time of checkout"),
        ({"signal": "error_rate"}, "error_rate"),
        ({"watch": await watch(app)}, "checkout latency"),
    ):
        await run(app, "alerts.silence", **values)
        await run(app, "alerts.unsilence", silence=words)
    assert (await run(app, "alerts.silences"))["silences"] == []
    assert "Nothing is silent" in await refused(app, "alerts.unsilence", silence="checkout")


async def test_all_silences_of_this_channel_are_ended_at_once_and_no_others(app: App, clock: MovedClock) -> None:
    assert "Nothing is silent" in await refused(app, "alerts.unsilence", silence="everything")
    await run(app, "alerts.silence", service="checkout")
    clock.move(minutes=1)
    await run(app, "alerts.silence", service="cart", signal="error_rate")
    await run(app, "alerts.silence", service="search", everywhere=True)
    ended = await run(app, "alerts.unsilence", silence="Everything")
    assert ended["summary"] == "Alerts about error rate of cart, and checkout are told again here."
    (left,) = (await run(app, "alerts.silences"))["silences"]
    assert left["what"] == "search"
    said = await refused(app, "alerts.unsilence", silence="everything")
    assert said.count("search") == 1


@pytest.mark.parametrize("said", ["everything here", "All in this channel", "here", "channel"])
async def test_everything_is_ended_however_this_channel_is_called(app: App, clock: MovedClock, said: str) -> None:
    for service in ("checkout", "cart"):
        await run(app, "alerts.silence", service=service)
        clock.move(minutes=1)
    await run(app, "alerts.silence", service="search", everywhere=True)
    assert len((await run(app, "alerts.silences", about=said))["silences"]) == 2
    assert len((await run(app, "alerts.unsilence", silence=said))["silences"]) == 2
    assert [each["what"] for each in (await run(app, "alerts.silences"))["silences"]] == ["search"]


async def test_where_nothing_is_silent_that_is_said_of_the_place_and_not_of_a_person(app: App) -> None:
    said = [(await run(app, "alerts.silences", about=each))["summary"] for each in ("here", "checkout", "")]
    assert said == ["Nothing is silenced here.", "Nobody silenced checkout.", "Nothing is silenced."]


async def test_words_end_what_is_silent_everywhere_where_nothing_of_it_is_silent_here_alone(app: App) -> None:
    await run(app, "alerts.silence", service="search", everywhere=True)
    await run(app, "alerts.silence", service="search")
    for where in ("here", "everywhere"):
        ended = await run(app, "alerts.unsilence", silence="search")
        assert ended["summary"] == f"Alerts about search are told again {where}."


async def test_everything_of_something_is_all_of_this_channel_about_that(app: App, clock: MovedClock) -> None:
    for place, service, where in (
        ("C1", "checkout", "staging"), ("C1", "cart", "staging"), ("C1", "search", "production"),
        ("C2", "cart", "staging"),
    ):  # fmt: skip
        await at(app, place, "alerts.silence", service=service, environment=where)
        clock.move(minutes=1)
    ended = await run(app, "alerts.unsilence", silence="everything in staging")
    assert ended["summary"] == "Alerts about cart in staging, and checkout in staging are told again here."
    left = {(each["channel"], each["what"]) for each in (await run(app, "alerts.silences"))["silences"]}
    assert left == {("C1", "search in production"), ("C2", "cart in staging")}


async def test_where_something_is_silent_is_said_and_words_end_it_only_here(app: App) -> None:
    await run(app, "alerts.silence", service="checkout")
    asked = await at(app, "C2", "alerts.silences", about="checkout")
    assert asked["summary"].startswith("checkout is silenced in C1 by ")
    assert (asked["grid"]["rows"][0][1], asked["silences"][0]["channel"]) == ("C1", "C1")
    (first,) = asked["silences"]
    said = str(await app.door.invoke(Actor("sre"), "alerts.unsilence", {"silence": "checkout"}, origin=place("C2")))
    assert "no silence here is about 'checkout'" in said
    assert f"Say which: checkout in C1 ({first['id']})" in said
    made = await at(app, "C2", "alerts.silence", service="checkout")
    assert made["summary"] == "Alerts about checkout are silent here until 17:30."
    await run(app, "alerts.silence", service="search", everywhere=True)
    both = (await at(app, "C2", "alerts.silences", about="checkout"))["summary"]
    assert both.startswith("checkout is silenced here by ")
    assert "; checkout is silenced in C1 by " in both
    ended = await at(app, "C2", "alerts.unsilence", silence="checkout")
    assert ended["summary"] == "Alerts about checkout are told again here."
    left = await at(app, "C2", "alerts.silences")
    assert {each[1] for each in left["grid"]["rows"]} == {"C1", "everywhere"}
    ids = " ".join(sorted((each["id"] for each in left["silences"]), key=first["id"].__ne__))
    assert (await at(app, "C2", "alerts.unsilence", silence=ids))["summary"] == (
        "Alerts about checkout are told again in C1. Alerts about search are told again everywhere."
    )


async def test_an_alert_is_silent_where_it_is_told_wherever_that_is_wished(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5))
    made = await at(app, "D7", "alerts.silence", alert="alt--5")
    assert made["summary"] == "Alerts about latency of checkout in production are silent in C1 until 17:30."
    ended = await at(app, "D7", "alerts.unsilence", silence="alt--5")
    assert ended["summary"] == "Alerts about latency of checkout in production are told again in C1."


async def test_of_several_silences_none_is_ended_where_there_is_none_of_one_id(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-5, found("checkout"), found("cart")))
    first, last = (each["id"] for each in (await run(app, "alerts.silence", alert="alt--5"))["silences"])
    assert "no silence 'sil-none'" in await refused(app, "alerts.unsilence", silence=f"{first} sil-none {last}")
    assert len((await run(app, "alerts.silences"))["silences"]) == 2
    for _ in range(2):
        assert len((await run(app, "alerts.unsilence", silence=f"{first} {last}"))["silences"]) == 2


async def test_what_was_silenced_twice_in_the_same_words_is_ended_by_them(app: App, clock: MovedClock) -> None:
    for _ in range(2):
        await run(app, "alerts.silence", service="checkout")
        clock.move(minutes=1)
    said = await refused(app, "alerts.unsilence", silence="cart")
    assert said.count("checkout") == 1, "what is said once is not said again"
    assert len((await run(app, "alerts.unsilence", silence="checkout"))["silences"]) == 2


async def test_who_silenced_something_is_answered_in_a_sentence(app: App) -> None:
    await run(app, "alerts.silence", service="checkout", reason="payments is deployed")
    asked = await run(app, "alerts.silences", about="checkout")
    assert asked["grid"]["columns"][:3] == ["what", "where", "by"]
    what, where, who, *_ = asked["grid"]["rows"][0]
    assert (what, where) == ("checkout", "here")
    assert asked["summary"] == f"checkout is silenced here by {who} until 17:30: payments is deployed."
    part = await run(app, "alerts.silences", about="checkout latency")
    assert part["summary"] == asked["summary"], "the whole service is hidden, and that with it"
    nobody = await run(app, "alerts.silences", about="payments")
    assert (nobody["summary"], nobody["silences"]) == ("Nobody silenced payments.", [])
    assert (await run(app, "alerts.silences", about="everything"))["summary"] == "Silences: 1."


async def test_a_silence_of_another_workspace_hides_nothing_here_and_is_not_seen(app: App) -> None:
    await raise_some(app)
    elsewhere = Origin("slack", channel="C1", workspace="T2")
    values = {"service": "checkout", "everywhere": True}
    outcome = await app.door.invoke(Actor("sre"), "alerts.silence", values, origin=elsewhere)
    assert isinstance(outcome, Done), outcome
    made: Any = outcome.output
    (view,) = made["silences"]
    assert made["findings"][0] == "Hidden now: none"
    assert (await run(app, "alerts.silences"))["silences"] == []
    assert "there is no silence" in await refused(app, "alerts.unsilence", silence=view["id"])
    assert (await run(app, "alerts.list", service="checkout"))["alerts"][0]["silence"] == ""


async def test_what_names_no_service_is_silenced_without_hiding_all_others(app: App) -> None:
    await raise_some(app)
    await listening(app)
    await app.resources.get(AlertStore).swap(None, alert(-5, disk_full(), environment=""))
    made = await run(app, "alerts.silence", alert="alt--5")
    assert made["summary"] == "Alerts about DiskFull found by “What Alertmanager says” are silent here until 17:30."
    hidden = {each["id"]: bool(each["silence"]) for each in (await run(app, "alerts.list"))["alerts"]}
    assert hidden == {"alt--5": True, "alt--30": False, "alt--60": False}
    again = await run(app, "alerts.silence_preview", signal="DiskFull")
    assert (again["summary"].split(" would")[0], again["findings"][0]) == ("Alerts about DiskFull", "Hidden now: 1")


async def test_a_silence_goes_by_the_words_that_people_have(app: App) -> None:
    name = await watch(app)
    await app.resources.get(AlertStore).swap(None, alert(-5, found(watch=name)))
    for values, about in (
        ({"signal": "Response time"}, "latency"),
        ({"signal": "latency", "service": "checkout"}, "latency of checkout"),
        ({"watch": "checkout latency"}, f"everything found by “{(await kept(app, name)).name}”"),
    ):
        made = await run(app, "alerts.silence_preview", **values)
        assert made["summary"] == f"Alerts about {about} would be silent here until 17:30."
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
        made = await run(app, "alerts.silence", service="checkout", **values)
        assert made["silences"]
        assert ("That is long: 8 d" in made["findings"]) == ("until" in values)
    nowhere = await app.door.invoke(Actor("qa-engineer"), "alerts.silence", {"service": "cart"}, origin=Origin("cli"))
    assert "may not silence alerts everywhere" in str(nowhere)


async def test_what_is_silent_in_a_direct_message_is_nobody_elses_business(app: App) -> None:
    await app.resources.get(AlertStore).swap(None, alert(-10, channel="D7", title="a secret"))
    private = Origin("slack", channel="D7", workspace="T1")

    async def there(name: str, **values: Any) -> Any:
        outcome = await app.door.invoke(Actor("qa-engineer"), name, values, origin=private)
        assert isinstance(outcome, Done), outcome
        return outcome.output

    before = await run(app, "alerts.silence_preview", service="checkout", everywhere=True)
    assert before["findings"][0] == "Hidden now: none"
    assert "a secret" not in str(before)
    (made,) = (await there("alerts.silence", service="checkout", reason="a secret"))["silences"]
    assert (await run(app, "alerts.silences"))["silences"] == []
    assert "there is no silence" in await refused(app, "alerts.unsilence", silence=made["id"])
    assert len((await there("alerts.silences"))["silences"]) == 1
    for _ in range(2):
        assert (await there("alerts.unsilence", silence=made["id"]))["summary"].endswith("are told again here.")


async def test_what_is_planned_hides_nothing_before_its_time(app: App) -> None:
    await raise_some(app)
    when = {"starts": "18:00", "until": "2 hours"}
    asked = await run(app, "alerts.silence_preview", service="checkout", **when)
    assert asked["summary"] == "Alerts about checkout would be silent here from 18:00 until 20:00."
    assert not [each for each in asked["findings"] if each.startswith(("Hidden now", "Still told"))]
    made = await run(app, "alerts.silence", service="checkout", **when, reason="new disks")
    assert made["summary"] == "Alerts about checkout will be silent here from 18:00 until 20:00."
    assert (await run(app, "alerts.list", service="checkout"))["alerts"][0]["silence"] == ""
    listed = await run(app, "alerts.silences")
    assert listed["summary"] == "Silences: 1, 1 of them planned."
    assert listed["grid"]["rows"][0][3] == "from 18:00 until 20:00"
    about = await run(app, "alerts.silences", about="checkout")
    assert "checkout will be silenced here by" in about["summary"]
    assert about["summary"].endswith("from 18:00 until 20:00: new disks.")
    ended = await run(app, "alerts.unsilence", silence="checkout")
    assert ended["summary"] == "Alerts about checkout will not be silent here."
    assert (await run(app, "alerts.silences"))["summary"] == "Nothing is silenced."


async def test_a_plan_is_as_long_as_its_own_time(app: App) -> None:
    of_cart = {"service": "cart", "who": "qa-engineer"}
    await run(app, "alerts.silence", **of_cart, starts="in 20 days", until="6 days")
    long = await refused(app, "alerts.silence", **of_cart, starts="in 2 days", until="8 days")
    assert "for more than 7 days" in long
    assert "no time ahead" in await refused(app, "alerts.silence", **of_cart, starts="yesterday")
    over = {"starts": "2026-03-20 10:00", "until": "2026-03-19 10:00"}
    assert "'2026-03-19 10:00' is not after its start" in await refused(app, "alerts.silence", **of_cart, **over)


@pytest.mark.parametrize(
    ("starts", "until", "begins", "ends"),
    [
        ("tomorrow 22:00", "23:00", "19 22:00", "19 23:00"),
        ("tomorrow 22:00", "tomorrow 23:00", "19 22:00", "19 23:00"),
        ("tomorrow 22:00", "6am", "19 22:00", "20 06:00"),
        ("tomorrow 22:00", "for 2 hours", "19 22:00", "20 00:00"),
        ("tomorrow 9am", "tomorrow 11am", "19 09:00", "19 11:00"),
        ("2026-03-20 10:00", "2026-03-20 12:00", "20 10:00", "20 12:00"),
        ("now", "2 hours", "", "18 17:30"),
        ("2026-03-18 15:29", "2026-03-18 16:00", "", "18 16:00"),
    ],
)
async def test_the_end_is_the_first_that_fits_after_the_start(
    app: App, starts: str, until: str, begins: str, ends: str
) -> None:
    (one,) = (await run(app, "alerts.silence", service="checkout", starts=starts, until=until))["silences"]
    assert (one["starts"] or "")[8:16].replace("T", " ") == begins
    assert one["until"][8:16].replace("T", " ") == ends


async def test_who_ends_a_silence_leaves_what_is_planned(app: App) -> None:
    await raise_some(app)
    await run(app, "alerts.silence", service="checkout")
    await run(app, "alerts.silence", service="checkout", starts="in 3 days")
    ended = await run(app, "alerts.unsilence", silence="checkout")
    assert ended["summary"] == "Alerts about checkout are told again here."
    (plan,) = (await run(app, "alerts.silences"))["silences"]
    await run(app, "alerts.silence", service="cart")
    ended = await run(app, "alerts.unsilence", silence="everything")
    assert [each["what"] for each in ended["silences"]] == ["cart"]
    off = await run(app, "alerts.unsilence", silence=plan["id"])
    assert off["summary"] == "Alerts about checkout will not be silent here."
