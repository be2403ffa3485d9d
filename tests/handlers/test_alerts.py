"""Alerts in a channel: what the message says and offers, and that it is there once, whatever happens to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.agent.events import Picture
from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, operation
from bot.door.registry import Registry
from bot.errors import Unavailable
from bot.resilience import RetryPolicy
from bot.telemetry.charts.desk import picture
from bot.telemetry.charts.shapes import Curve, Lines
from bot.telemetry.signals import Window
from bot.watch.alerts import Alert, AlertCard, AlertState, Beside, Judgement, Lesson, Origin, Silence
from bot.watch.digests import Count, Digest, Noisy
from bot.watch.finding import Family, Finding, Subject
from bot.watch.telling import news
from handlers import buttons
from handlers.alerts import AT_ONCE, PROCESSED, AlertCards, Shown
from handlers.buttons import Form, Run
from handlers.outbox import Outbox
from handlers.pace import Rates
from handlers.present.alert import Shot, digest_message, message, thread
from handlers.present.escaping import date
from handlers.present.message import Rendered
from integrations.sandbox.slack.records import Message
from integrations.sandbox.slack.testing import Playground, words
from tests.handlers.alerting import BEGAN, NOW, Painter, Shelf, alert, finding, resolved
from tests.handlers.judges import judge
from tests.handlers.present.strategies import instants, texts
from tests.handlers.present.test_render import elements
from tests.slack.judged import judge_all

OPS = "C0OPS"


class Given(Input):
    """What an alert's button may send."""

    alert: str = ""
    verdict: str = ""
    title: str = ""
    service: str = ""
    metric: str = ""
    environment: str = ""
    window: str = ""


class Bare(Input):
    """Only the alert."""

    alert: str


class Nothing(Output):
    """Nothing."""


def plugged(name: str) -> Operation[Any, Any]:
    async def function(_: Given, __: Context) -> Nothing:
        """Do what it is called."""
        return Nothing()

    return operation(name, title=name, permission="help:read")(function)


NAMES = ("metrics.explain", "alerts.acknowledge", "alerts.silence", "alerts.judge", "incidents.declare")
ALL = Registry(map(plugged, NAMES))


def shown(of: Alert, registry: Registry = ALL, **given_: Any) -> Rendered:
    rendered = message(of, registry, NOW, **given_)
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return rendered


def labels(rendered: Rendered) -> list[str]:
    return [each["text"]["text"] for each in elements(rendered.blocks)]


# ---------------------------------------------------------------- what it says

subjects = st.builds(Subject, texts, texts, texts, texts)
findings = st.builds(
    Finding,
    subjects,
    st.sampled_from(Family),
    st.sampled_from(("high", "low", "")),
    instants,
    instants,
    texts,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ended=st.none() | instants,
    query=texts,
)
alerts = st.builds(
    Alert,
    st.text("abc-123", min_size=1, max_size=20),
    texts,
    texts,
    st.just(OPS),
    texts,
    st.sampled_from(AlertState),
    st.sampled_from(("critical", "high", "medium", "low")),
    texts,
    st.lists(findings, max_size=9).map(tuple),
    instants,
    instants,
    origins=st.lists(st.builds(Origin, texts, st.floats(0, 1), texts), max_size=4).map(tuple),
    changes=st.lists(texts, max_size=6).map(tuple),
    resolved_at=st.none() | instants,
    reopened=st.integers(0, 9),
    flapping=st.booleans(),
    acknowledged_by=texts,
    silence=st.sampled_from(("", "sil-1")),
    held_back=st.booleans(),
    judgements=st.lists(
        st.builds(Judgement, texts, st.sampled_from(("useful", "noise", "none")), instants), max_size=3
    ).map(tuple),
    source=texts,
    link=texts,
)


@given(alerts, st.sampled_from((None, Shot("F0PICTURE", "A chart"))))
@settings(deadline=None, max_examples=60)
def test_every_alert_has_a_valid_message(any_alert: Alert, shot: Shot | None) -> None:
    shown(any_alert, shot=shot)


def test_the_message_says_what_since_when_from_where_and_what_was_changed() -> None:
    text = shown(alert()).text
    for said in (
        "🟠 *checkout is slow: p95 is 1.9 s, usual is 0.45 s; payments is the likely origin*",
        f"High · since <!date^{int(BEGAN.timestamp())}^",
        "{ago}",
        "production",
        "Likely origin: *payments* (82 %): it was deployed 2 minutes before",
        "or *checkout* (12 %)",
        "• deploy of payments 2.3",
        "• payments",
    ):
        assert said in text, said


def test_texts_from_outside_are_shown_and_obeyed_by_nobody() -> None:
    evil = "<!channel> <https://evil.example|bank> *x* `y`"
    one = alert(title=evil, findings=(finding(words=evil),), changes=(evil,), origins=(Origin(evil, 1, evil),))
    text = shown(replace(one, source=evil, link="javascript:alert(1)")).text
    assert "<!channel>" not in text
    assert "<https://evil" not in text
    assert "<javascript" not in text


def test_all_that_can_be_done_is_offered_and_carries_the_alert() -> None:
    rendered = shown(alert())
    assert labels(rendered) == [
        "Explain",
        "Acknowledge",
        "Silence…",
        "Declare incident",
        "👍 Useful",
        "👎 Noise",
    ]
    explain, acknowledge, silence, declare, useful, noise = (
        buttons.read(each["action_id"], each["value"]) for each in elements(rendered.blocks)
    )
    assert isinstance(explain, Run)
    assert explain.values["service"] == "payments", "the origin is as good as known, and the title would be about it"
    assert explain.values["metric"] == "error_rate"
    assert explain.values["environment"] == "production"
    assert explain.values["window"] == "2026-03-18T13:50:00Z/2026-03-18T14:20:00Z"
    assert acknowledge == Run("alerts.acknowledge", {"alert": "alr-1"})
    assert silence == Form("alerts.silence", {"alert": "alr-1"})
    assert isinstance(declare, Form)
    assert declare.values["service"] == "payments"
    assert useful == Run("alerts.judge", {"alert": "alr-1", "verdict": "useful"})
    assert noise == Run("alerts.judge", {"alert": "alr-1", "verdict": "noise"})


def explained(of: Alert) -> Any:
    explain = next(each for each in elements(shown(of).blocks) if each["text"]["text"] == "Explain")
    act = buttons.read(explain["action_id"], explain["value"])
    assert isinstance(act, Run)
    return act.values


def test_what_the_title_is_about_is_explained_around_its_own_beginning() -> None:
    early, late = NOW - timedelta(hours=9), NOW - timedelta(hours=1)
    loud = replace(finding("frontend", "cpu", size=99.0), since=early)
    logs = replace(finding("payments", "logs"), family=Family.PATTERN, since=early)
    failing = replace(finding("payments", "error_rate"), since=late)
    one = alert(findings=(loud, logs, failing), origins=(Origin("payments", 0.9),))
    asked = explained(one)
    assert (asked["service"], asked["metric"]) == ("payments", "error_rate")
    assert asked["window"] == "2026-03-18T13:10:00Z/2026-03-18T14:20:00Z"
    unsure = explained(replace(one, origins=()))
    assert (unsure["service"], unsure["metric"]) == ("frontend", "cpu")
    assert unsure["window"].startswith("2026-03-18T05:10:00Z/")
    lines = explained(alert(findings=(logs, loud), origins=()))
    assert (lines["service"], lines.get("metric")) == ("payments", None)


def test_one_thing_has_one_number_and_says_as_of_when() -> None:
    over = replace(finding(words="p95 is 3.4 s, usual is 0.45 s", ended=NOW), family=Family.TREND)
    text = shown(alert(findings=(finding(), finding("payments", "error_rate", words="error rate is 4 %"), over))).text
    assert "3.4 s" not in text
    assert f"*What was found*, as of <!date^{int(NOW.timestamp())}^" in text
    assert "*What was found*\n" in shown(resolved(alert(), NOW)).text


@pytest.mark.parametrize("name", NAMES)
def test_a_button_whose_operation_is_not_there_is_not_shown(name: str) -> None:
    rendered = shown(alert(), Registry(plugged(each) for each in NAMES if each != name))
    assert all(json_name(each) != name for each in elements(rendered.blocks))
    assert len(labels(rendered)) == 6 - (2 if name == "alerts.judge" else 1)


def json_name(element: Any) -> str:
    act = buttons.read(element["action_id"], element["value"])
    assert isinstance(act, (Run, Form))
    return act.operation


def test_a_button_sends_only_what_its_operation_takes() -> None:
    async def function(_: Bare, __: Context) -> Nothing:
        """Declare."""
        return Nothing()

    bare = operation("incidents.declare", title="Declare", permission="help:read")(function)
    (element,) = elements(shown(alert(), Registry([bare])).blocks)
    assert buttons.read(element["action_id"], element["value"]) == Form("incidents.declare", {"alert": "alr-1"})


def test_what_is_over_says_so_and_can_only_be_judged() -> None:
    rendered = shown(resolved(alert(), NOW))
    assert "✅" in rendered.text
    assert "*Resolved* · was high" in rendered.text
    assert "lasted 15 min" in rendered.text
    later = replace(resolved(alert(), NOW), resolved_at=NOW + timedelta(minutes=15))
    assert "lasted 15 min" in shown(later).text, "it was over when its last finding was, as its thread says"
    assert labels(rendered) == ["👍 Useful", "👎 Noise"]


def test_who_looks_at_it_is_said_and_not_asked_for_again() -> None:
    rendered = shown(alert(acknowledged_by="U0SRE"))
    assert "👀 <@U0SRE> is on it" in rendered.text
    assert "Acknowledge" not in labels(rendered)


def test_a_silenced_one_says_who_until_when_and_why() -> None:
    until = Silence("sil-1", NOW + timedelta(hours=1), "U0SRE", NOW)
    text = shown(alert(silence="sil-1"), silence=until).text
    assert text.startswith("🔕")
    assert f"silenced by <@U0SRE> until <!date^{int(until.until.timestamp())}^" in text
    why = shown(alert(silence="sil-1"), silence=replace(until, reason="deploying <!here>")).text
    assert re.search(r"UTC>: deploying &lt;!here&gt; *$", why, re.MULTILINE)


def test_what_has_become_part_of_another_says_so_and_has_nothing_to_press() -> None:
    joined = resolved(alert(findings=(), title="part of another alert: payments is slow"), NOW)
    rendered = shown(joined, shot=Shot("F1", "a chart"))
    assert rendered.text.startswith("↪️ *part of another alert: payments is slow")
    assert [each["type"] for each in rendered.blocks] == ["section", "context"]


def test_what_has_become_part_of_another_leads_there() -> None:
    joined = resolved(alert(findings=(), title="part of another alert: payments is slow", part_of="alr-0"), NOW)
    show = Registry([*ALL, plugged("alerts.show")])
    rendered = shown(joined, show)
    (button,) = elements(rendered.blocks)
    assert buttons.read(button["action_id"], button["value"]) == Run("alerts.show", {"alert": "alr-0"})
    assert rendered.blocks[-1]["elements"][0]["text"] == "Alert `alr-1`, part of `alr-0`"
    assert not labels(shown(joined)), "where that operation is not there, it is not offered"


def test_more_findings_than_can_be_read_are_counted() -> None:
    text = shown(alert(findings=tuple(finding(f"service-{number}") for number in range(12)))).text
    assert "service-4" in text
    assert "service-5" not in text
    assert "… 7 more findings" in text


def test_what_another_system_found_leads_there() -> None:
    text = shown(alert(source="Alertmanager", link="https://alerts.example.org/1?a=1&b=2")).text
    assert "<https://alerts.example.org/1?a=1&amp;b=2|Open in Alertmanager>" in text
    assert "From Alertmanager" in shown(alert(source="Alertmanager")).text
    assert "From Alertmanager" in shown(alert(source="Alertmanager", link="javascript:alert(1)")).text


def test_what_another_watch_found_of_the_same_is_named() -> None:
    text = shown(alert(beside=Beside("alr-7", "<!here> payments is slow"))).text
    assert "Likely the same trouble as `alr-7`: &lt;!here&gt; payments is slow" in text


def test_verdicts_and_returns_are_counted() -> None:
    judged = tuple(Judgement(f"U{number}", "noise" if number else "useful", NOW) for number in range(3))
    text = shown(alert(judgements=judged, reopened=2)).text
    assert "👍 1 · 👎 2" in text
    assert "came back 2 times" in text


def test_a_line_of_the_thread_calls_nobody_but_who_is_meant() -> None:
    rendered = thread(("U0SRE looks at it", "also <!here> of cart, ask U0SRE"), ("U0SRE",))
    assert rendered.text == "• <@U0SRE> looks at it\n• also &lt;!here&gt; of cart, ask U0SRE"
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})


def test_a_line_about_a_silence_has_the_time_of_each_reader() -> None:
    until = NOW + timedelta(hours=1)
    silence = Silence("sil-1", until, "U0SRE", NOW, reason="deploying")
    lines = news(alert(), alert(silence="sil-1"), silence)
    assert thread(lines, (), silence).text == f"<@U0SRE> silenced it until {date(until)}: deploying"


def digest(**fields: Any) -> Digest:
    usual: dict[str, Any] = {
        "window": Window(NOW - timedelta(days=1), NOW),
        "summary": "3 alerts, 1 still fires.",
        "alerts": (alert(),),
        "by_severity": (Count("high", 2), Count("low", 1)),
        "by_service": (Count("checkout", 2), Count("cart", 1)),
        "by_watch": (),
        "firing": (alert(),),
        "held_back": (alert(id="alr-2", title="cart <!here> is slow"),),
        "silenced": 1,
        "acknowledged": 2,
        "to_acknowledge": timedelta(minutes=4),
        "to_resolve": None,
        "noisiest": (Noisy("wat-1", "everything", 3, 2, 1),),
        "quiet": (),
        "chart": (),
    }
    return Digest(**{**usual, **fields})


def test_a_digest_tells_what_nobody_was_told_before() -> None:
    rendered = digest_message(digest(), "Alerts of the last day")
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    for said in (
        "Alerts of the last day",
        "3 alerts, 1 still fires.",
        "high 2, low 1",
        "checkout 2, cart 1",
        "4 min at the median",
        "Held back",
        "cart &lt;!here&gt; is slow",
        "everything: 3 alerts, 👍 1 👎 2",
    ):
        assert said in rendered.text, said


def test_a_digest_of_nothing_is_short() -> None:
    nothing = digest(
        summary="No alerts.", by_severity=(), by_service=(), firing=(), held_back=(), silenced=0, noisiest=(),
        to_acknowledge=None,
    )  # fmt: skip
    assert len(digest_message(nothing, "Alerts of the last day").blocks) == 2


@given(alerts)
@settings(deadline=None, max_examples=60)
def test_what_was_shown_is_remembered_as_it_was(any_alert: Alert) -> None:
    noted = Shown.of(any_alert).written()
    assert len(noted) <= 4_000
    kept = Shown.read(noted)
    assert kept == Shown.of(any_alert)
    before = kept.before(any_alert)
    assert before.findings == any_alert.findings
    assert before.origins == any_alert.origins
    assert before.judgements == any_alert.judgements
    assert (before.state, before.severity, before.acknowledged_by) == (
        any_alert.state,
        any_alert.severity,
        any_alert.acknowledged_by,
    )


def test_what_cannot_be_read_was_never_shown() -> None:
    assert Shown.read("") is None
    assert Shown.read('{"state": "sideways"}') is None


# ---------------------------------------------------------------- in the channel


@dataclass
class Room:
    """A channel of a strict Slack, and the cards in it."""

    workspace: Playground
    shelf: Shelf
    painter: Painter
    cards: AlertCards
    other: AlertCards
    """Of another replica, which looks a moment later."""
    slept: list[float]
    ours: bool = True
    """What Slack refuses is our fault."""

    async def moves(self, of: Alert) -> None:
        await self.cards.moved(self.shelf.put(of))
        await self.cards.close(60)

    async def looks(self) -> None:
        await self.other.reconcile()
        await self.other.close(60)

    @property
    def messages(self) -> list[Message]:
        return [each for each in self.said() if each.thread_ts in {None, each.ts}]

    @property
    def lines(self) -> list[str]:
        return [words(each) for each in self.said() if each.thread_ts not in {None, each.ts}]

    def said(self) -> Iterable[Message]:
        bot = self.workspace.state.bot_user_id
        return [
            each
            for each in self.workspace.state.messages.get(OPS, {}).values()
            if each.user == bot and not each.deleted
        ]

    @property
    def card(self) -> Message:
        (one,) = self.messages
        return one

    def image(self) -> Any:
        return next((each for each in self.card.blocks if each["type"] == "image"), None)


@pytest.fixture
async def png() -> bytes:
    return await picture(Lines(title="Latency", curves=(Curve(name="p95", start=0, step=60, values=(1.0, 2.0)),)))


@pytest.fixture
async def room(workspace: Playground, png: bytes) -> AsyncIterator[Room]:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url, session=session)
        policy = RetryPolicy(attempts=2, initial=0.01, maximum=0.01, jitter=0)
        outbox = Outbox(client, CollectorRegistry(), rates=Rates().times(10_000), policy=policy)
        shelf, painter = Shelf(), Painter(png)
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        cards = AlertCards(shelf, shelf, outbox, ALL, lambda: NOW, painter, sleep)
        other = AlertCards(shelf, shelf, outbox, ALL, lambda: NOW + timedelta(minutes=1), painter)
        room = Room(workspace, shelf, painter, cards, other, slept)
        yield room
        if room.ours:
            judge_all(workspace)
        await outbox.close()


async def test_an_alert_is_one_message_with_its_picture_in_it(room: Room) -> None:
    await room.moves(alert())
    assert "checkout is slow" in words(room.card)
    assert room.image()["alt_text"] == "Latency of checkout, version 1"
    kept = room.workspace.state.files[room.image()["slack_file"]["id"]]
    assert kept.content == room.painter.png
    assert room.lines == []


async def test_it_is_edited_in_place_and_its_thread_told_what_is_new(room: Room) -> None:
    await room.moves(first := alert())
    ts = room.card.ts
    worse = first.changed(NOW, severity="critical", findings=(*first.findings, finding("cart")))
    await room.moves(worse)
    assert room.card.ts == ts
    assert "🔴" in words(room.card)
    (told,) = room.lines
    assert "now critical, was high" in told
    assert "cart" in told
    await room.moves(worse.changed(NOW, acknowledged_by="U0SRE", acknowledged_at=NOW))
    assert "<@U0SRE> looks at it" in room.lines[-1]
    await room.moves(resolved(room.shelf.alerts["alr-1"], NOW))
    assert "Resolved" in words(room.card)
    assert "over after 15 min" in room.lines[-1]


async def test_the_picture_is_made_once_for_what_is_in_it(room: Room) -> None:
    await room.moves(first := alert())
    await room.moves(seen := first.changed(NOW, acknowledged_by="U0SRE"))
    assert room.painter.drawn == [1]
    assert room.image()["alt_text"] == "Latency of checkout, version 1"
    await room.moves(seen.changed(NOW, findings=(*first.findings, finding("cart"))))
    assert room.painter.drawn == [1, 3]
    assert room.image()["alt_text"] == "Latency of checkout, version 3"


async def test_what_is_not_watched_any_more_is_not_said_to_be_over(room: Room) -> None:
    await room.moves(alert())
    await room.moves(replace(resolved(room.shelf.alerts["alr-1"], NOW), unwatched=True))
    assert "*Not watched any more*" in str(room.card.blocks)
    assert "Resolved" not in words(room.card)
    assert "over after" not in room.lines[-1]
    assert "its watch rests or was deleted: this may go on" in room.lines[-1]


async def test_the_picture_goes_on_with_what_lasts(room: Room) -> None:
    """Each time it lasts twice as long: a long one costs few pictures, and none is much out of date."""
    first = replace((now := alert()).findings[0], seen=now.since)
    await room.moves(now := replace(now, findings=(first,)))
    drawn = {}
    for minute in (4, 5, 9, 10, 19, 20, 39, 40, 79, 80, 120):
        later = first.since + timedelta(minutes=minute)
        await room.moves(now := now.changed(later, findings=(replace(first, seen=later),)))
        drawn[minute] = len(room.painter.drawn)
    assert drawn == {4: 1, 5: 2, 9: 2, 10: 3, 19: 3, 20: 4, 39: 4, 40: 5, 79: 5, 80: 6, 120: 6}
    assert room.lines == []


async def test_a_picture_is_shown_once_slack_has_looked_at_it(room: Room) -> None:
    room.ours = False
    room.workspace.faults.fail("chat.update", times=2, error="invalid_blocks")
    await room.moves(alert())
    assert room.slept == [0, 1, 2]
    assert room.image() is not None


async def test_a_picture_that_slack_does_not_take_in_the_message_stands_in_the_thread(room: Room) -> None:
    room.ours = False
    room.workspace.faults.fail("chat.update", times=len(PROCESSED), error="invalid_blocks")
    await room.moves(first := alert())
    assert room.image() is None
    assert labels_of(room.card)
    (below,) = [each for each in room.said() if each.files]
    assert below.thread_ts == room.card.ts
    await room.moves(first.changed(NOW, acknowledged_by="U0SRE"))
    assert room.painter.drawn == [1], "it is there, if elsewhere"


def labels_of(card: Message) -> list[str]:
    return [each["text"]["text"] for each in elements(card.blocks)]


async def test_an_alert_that_cannot_be_drawn_is_told_without_and_drawn_at_its_next_move(room: Room) -> None:
    room.painter.error = Unavailable("Prometheus is down")
    await room.moves(first := alert())
    assert room.image() is None
    room.painter.error = None
    await room.moves(first.changed(NOW, severity="critical"))
    assert room.image()["alt_text"] == "Latency of checkout, version 2"


@pytest.mark.parametrize("hidden", [{"silence": "sil-1"}, {"held_back": True}])
async def test_what_nobody_is_to_see_is_not_posted_until_it_is(room: Room, hidden: Any) -> None:
    await room.moves(quiet := alert(**hidden))
    assert room.messages == []
    await room.moves(quiet.changed(NOW, silence="", held_back=False))
    assert "checkout is slow" in words(room.card)


async def test_a_message_that_is_there_says_that_it_was_silenced(room: Room) -> None:
    await room.moves(first := alert())
    await room.shelf.silence(Silence("sil-1", NOW + timedelta(hours=1), "U0SRE", NOW))
    await room.moves(quiet := first.changed(NOW, silence="sil-1"))
    assert "silenced by <@U0SRE> until" in words(room.card)
    assert "<@U0SRE> silenced it until" in room.lines[-1]
    await room.moves(quiet.changed(NOW, silence=""))
    assert "silenced" not in words(room.card)
    assert room.lines[-1] == "no longer silenced"


async def test_a_word_that_makes_something_quieter_is_told_to_all_and_once(room: Room) -> None:
    await room.moves(first := alert())
    lesson = Lesson("wat-1", "payments", "error_rate", 0.5, 0.5)
    noise = Judgement("U0SRE", "noise", NOW, (lesson,))
    await room.moves(judged := first.changed(NOW, judgements=(noise, Judgement("U0DEV", "useful", NOW))))
    (said,) = room.lines
    assert said.startswith("<@U0SRE> finds it noise: from now on, error rate of payments must be about 3 times as")
    await room.moves(later := judged.changed(NOW, severity="critical"))
    assert "noise" not in room.lines[-1]
    back = Judgement("U0SRE", "none", NOW, (replace(lesson, step=0.0, now=0.0),))
    await room.moves(later.changed(NOW, judgements=(back,)))
    assert "I speak of error rate of payments as soon as at first" in room.lines[-1]
    assert "👎" not in words(room.card).partition("Alert `alr-1`")[2].partition("Useful")[0]


async def test_who_is_forgotten_has_done_nothing_new(room: Room) -> None:
    lesson = Lesson("wat-1", "payments", "error_rate", 0.5, 0.5)
    noise = Judgement("U0SRE", "noise", NOW, (lesson,))
    await room.moves(first := alert())
    seen = first.changed(NOW, judgements=(noise,), acknowledged_by="U0SRE", acknowledged_at=NOW)
    await room.moves(seen)
    told = room.lines
    assert "<@U0SRE> looks at it" in told[-1]
    await room.moves(
        gone := seen.changed(NOW, judgements=(replace(noise, person="former-1"),), acknowledged_by="former-1")
    )
    assert "former-1" in words(room.card)
    assert room.lines == told
    await room.moves(gone.changed(NOW, acknowledged_by="U0DEV", acknowledged_at=NOW + timedelta(minutes=1)))
    assert room.lines[len(told) :] == ["<@U0DEV> looks at it"]


async def test_what_a_crash_kept_from_being_posted_is_posted_by_the_next_look(room: Room) -> None:
    room.shelf.put(alert())
    await room.looks()
    assert "checkout is slow" in words(room.card)


async def test_whoever_moved_it_a_moment_ago_is_left_to_tell_it(room: Room) -> None:
    room.shelf.put(alert())
    await room.cards.reconcile()
    await room.cards.close(60)
    assert room.messages == []


async def test_two_replicas_post_it_once_even_if_the_first_forgot_that_it_did(room: Room) -> None:
    await room.moves(alert())
    card = room.shelf.cards["alr-1", OPS]
    room.shelf.cards["alr-1", OPS] = replace(card, ts=None, version=0, shows="")
    await room.looks()
    assert room.shelf.cards["alr-1", OPS].ts == room.card.ts


async def test_one_that_was_posted_by_who_died_of_it_is_found_and_says_what_is_true_now(room: Room) -> None:
    await room.moves(first := alert())
    room.painter.error = Unavailable("Prometheus is down")  # a picture would draw it anew
    long_ago = NOW - timedelta(minutes=1)
    room.shelf.cards["alr-1", OPS] = AlertCard("alr-1", OPS, shows=long_ago.isoformat())
    await room.moves(first.changed(NOW, severity="critical"))
    assert "🔴" in words(room.card)


async def test_a_move_on_another_replica_while_it_is_posted_makes_no_second_message(room: Room) -> None:
    room.other._clock = room.cards._clock
    await room.cards.moved(room.shelf.put(first := alert()))
    await room.other.moved(room.shelf.put(first.changed(NOW, findings=(*first.findings, finding("cart")))))
    await room.other.close(60)
    await room.cards.close(60)
    assert "cart" in words(room.card)
    assert room.shelf.cards["alr-1", OPS].version == 2


async def test_what_a_replica_claimed_and_did_not_post_is_posted_by_another_once_it_had_its_time(room: Room) -> None:
    began = NOW + timedelta(seconds=45)
    room.shelf.put(alert())
    await room.shelf.add(AlertCard("alr-1", OPS, shows=began.isoformat()))
    await room.looks()
    assert room.messages == []
    room.shelf.cards["alr-1", OPS] = AlertCard("alr-1", OPS, shows=NOW.isoformat())
    await room.looks()
    assert "checkout is slow" in words(room.card)


async def test_a_state_that_comes_late_does_not_stay_in_the_message(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.moves(first := alert())
    leaves, arrives, send = asyncio.Event(), asyncio.Event(), Outbox.update

    async def late(outbox: Outbox, channel: str, ts: str, rendered: Rendered, **how: Any) -> bool:
        if "🔴" in rendered.text:
            leaves.set()
            await arrives.wait()
        return await send(outbox, channel, ts, rendered, **how)

    monkeypatch.setattr(Outbox, "update", late)
    await room.cards.moved(room.shelf.put(worse := first.changed(NOW, severity="critical")))
    await leaves.wait()
    await room.other.moved(room.shelf.put(resolved(worse, NOW)))
    await room.other.close(60)
    arrives.set()
    await room.cards.close(60)
    assert "Resolved" in words(room.card)
    assert ["over after" in each for each in room.lines] == [True], "and whoever was late tells nothing"


async def test_news_that_slack_did_not_take_are_told_by_the_next_look(room: Room) -> None:
    await room.moves(first := alert())
    room.workspace.faults.fail("chat.postMessage", times=2, error="internal_error")
    await room.moves(first.changed(NOW, severity="critical"))
    assert "🔴" in words(room.card)
    assert room.lines == []
    await room.looks()
    assert ["now critical" in each for each in room.lines] == [True]


async def test_the_upkeep_does_not_wait_for_pictures_and_few_are_made_at_a_time(room: Room) -> None:
    many = [room.shelf.put(alert(id=f"alr-{number}")) for number in range(AT_ONCE + 2)]
    begun: list[str] = []
    full, moved, goes_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(of: Alert) -> Picture | None:
        begun.append(of.id)
        if len(begun) == AT_ONCE:
            full.set()
        if of.id == "alr-moved":
            moved.set()
        await goes_on.wait()
        return await room.painter(of)

    room.other._chart = slow
    await room.other.reconcile()
    await full.wait()
    under_way = len(room.other._tasks)
    await room.other.reconcile()
    assert len(room.other._tasks) == under_way, "each is looked after once"
    await room.other.moved(room.shelf.put(alert(id="alr-moved")))
    await moved.wait()
    assert len(begun) == AT_ONCE + 1, "what moves waits for none of them"
    goes_on.set()
    await room.other.close(60)
    assert sorted(begun) == sorted([*(each.id for each in many), "alr-moved"])


async def test_news_are_told_once_even_if_it_is_forgotten_that_they_were(room: Room) -> None:
    await room.moves(first := alert())
    known = room.shelf.cards["alr-1", OPS]
    await room.moves(first.changed(NOW, severity="critical"))
    room.shelf.cards["alr-1", OPS] = known
    await room.looks()
    assert len(room.lines) == 1


async def test_many_moves_at_once_end_in_the_last_one(room: Room) -> None:
    latest = alert()
    await room.cards.moved(room.shelf.put(latest))
    for severity in ("critical", "low", "medium"):
        latest = latest.changed(NOW, severity=severity)
        await room.cards.moved(room.shelf.put(latest))
    await room.cards.close(60)
    assert "🟡" in words(room.card)
    assert room.shelf.cards["alr-1", OPS].version == 4


async def test_a_message_that_was_deleted_is_posted_anew_while_it_fires(room: Room) -> None:
    await room.moves(first := alert())
    room.workspace.state.delete(room.workspace.state.bot_user_id, OPS, room.card.ts)
    await room.moves(worse := first.changed(NOW, severity="critical"))
    assert "🔴" in words(room.card)
    room.workspace.state.delete(room.workspace.state.bot_user_id, OPS, room.card.ts)
    await room.moves(resolved(worse, NOW))
    assert room.messages == []


async def test_a_channel_that_refuses_is_told_of_once_and_not_asked_at_every_look(room: Room) -> None:
    with capture_logs() as said:
        await room.moves(first := alert(channel="C0NOWHERE"))
        await room.looks()
        await room.looks()
        await room.moves(first.changed(NOW, severity="critical"))
    refused = [each for each in said if each["event"] == "alert_refused"]
    assert [each["code"] for each in refused] == ["channel_not_found"]
    posts = [each for each in room.workspace.sent if each.what == "chat.postMessage"]
    assert len(posts) == 2, "one for each version"


async def test_what_was_refused_and_is_quiet_now_is_not_looked_at_in_every_round(room: Room) -> None:
    await room.moves(first := alert(channel="C0NOWHERE"))
    await room.moves(quiet := first.changed(NOW, silence="sil-1"))
    assert await room.shelf.stale() == []
    await room.moves(resolved(quiet, NOW).changed(NOW, silence=""))
    assert await room.shelf.stale() == []
    posts = [each for each in room.workspace.sent if each.what == "chat.postMessage"]
    assert len(posts) == 1, "and what is over is not posted"


async def test_slack_that_is_away_is_asked_again(room: Room) -> None:
    room.workspace.faults.set(error_rate=1)
    await room.moves(alert())
    room.workspace.faults.clear()
    await room.looks()
    assert "checkout is slow" in words(room.card)


async def test_a_digest_is_told_once_for_its_window(room: Room, png: bytes) -> None:
    seen = Picture(png, "Alerts that began each hour", "One at 14:00")
    await room.cards.tell(OPS, digest(), "Alerts of the last day", seen)
    await room.other.tell(OPS, digest(), "Alerts of the last day", seen)
    assert "3 alerts, 1 still fires." in words(room.card)
    assert sum(len(each.files) for each in room.said()) == 1
