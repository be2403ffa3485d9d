"""What is said in an alert's thread of that alert, and of what it is about."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.agent.earlier import earlier
from bot.agent.known import Known
from bot.agent.meaning import understand
from bot.agent.topics import Topic
from bot.agent.turn import PLAIN
from bot.door.registry import Registry
from bot.guard.risk import Risk
from bot.ports import Json
from tests.language.knowing import CATALOGUE, LEXICON, NOW

THIS = "alr-12"
BEGAN = "2026-03-18T14:50:00Z/2026-03-18T15:30:00Z"
ASKED = f"metrics.explain window={BEGAN} service=checkout metric=latency environment=production"
HERE = Known(
    Registry.discover(),
    CATALOGUE,
    LEXICON,
    NOW,
    history=earlier((), LEXICON, "UTC", ASKED),
    topic=Topic({"alert": THIS}, ASKED),
)
OVERHEARD = replace(HERE, history=(), addressed=False)
ELSEWHERE = replace(HERE, history=(), topic=Topic())
LATENCY = {"service": "checkout", "metric": "latency", "environment": "production", "window": BEGAN}


NOISE: dict[str, Json] = {"verdict": "noise"}
USEFUL: dict[str, Json] = {"verdict": "useful"}
SAID: tuple[tuple[str, str, dict[str, Json], str], ...] = (
    (
        "run",
        "alerts.acknowledge",
        {},
        "ack | Ack please | acknowledge this | I'm on it | I’m on it. | on it | we take this",
    ),
    (
        "run",
        "alerts.acknowledge",
        {},
        "I'll look into it | I'll take it from here | ok, I'm looking | that's mine | can you ack this?",
    ),
    ("form", "alerts.unacknowledge", {}, "unack | I am not on it any more"),
    ("run", "alerts.judge", NOISE, "noise | this was noise | That is just noise | false alarm | it's a false positive"),
    ("run", "alerts.judge", NOISE, "not a real problem | mark it as noise please"),
    ("run", "alerts.judge", USEFUL, "good catch! | this alert was useful | that's a real problem"),
    ("run", "alerts.show", {}, "is it over? | still firing? | show | details | status | what is this about?"),
    ("run", "alerts.show", {}, "so is it over? | has it recovered? | back to normal?"),
    ("run", "alerts.show", {}, "what happened? | who is on it? | tell me more | is this alert still firing?"),
    ("form", "alerts.resolve", {}, "resolve | this is fixed | it's over | close this alert"),
    ("form", "alerts.silence", {}, "silence this | mute"),
    ("form", "alerts.silence", {"until": "30m"}, "snooze 30m"),
    ("form", "alerts.silence", {"until": "for 2 hours"}, "silence this for 2 hours"),
    ("form", "alerts.silence", {"until": "until tomorrow 9am"}, "snooze it until tomorrow 9am"),
    (
        "form",
        "alerts.silence",
        {"until": "for an hour", "reason": "we deploy"},
        "mute it for an hour because we deploy",
    ),
)


@pytest.mark.parametrize(
    ("text", "kind", "operation", "values"),
    [(text, kind, operation, values) for kind, operation, values, said in SAID for text in said.split(" | ")],
)
def test_this_is_the_alert_of_the_thread(text: str, kind: str, operation: str, values: dict[str, Json]) -> None:
    found = understand(text, HERE)
    assert found.operation is not None, found
    assert (found.kind, found.operation.name) == (kind, operation)
    assert dict(found.values) == {"alert": THIS, **values}
    there = understand(text, ELSEWHERE)
    assert THIS not in there.values.values()


def test_a_silence_is_ended_by_the_alert_that_it_hides() -> None:
    found = understand("unmute this", HERE)
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", "alerts.unsilence", {"silence": THIS})


def test_several_wishes_are_each_about_it() -> None:
    found = understand("ack and silence this for 1h", HERE)
    both = [found, *found.then]
    assert [each.operation.name for each in both if each.operation] == ["alerts.acknowledge", "alerts.silence"]
    assert both[1].values == {"alert": THIS, "until": "for 1h"}


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("silence alr-99", "alerts.silence", {"alert": "alr-99"}),
        ("alerts.show", "alerts.show", {"alert": THIS}),
        ("alerts.show alert=alr-7", "alerts.show", {"alert": "alr-7"}),
    ],
)
def test_what_is_named_is_meant(text: str, operation: str, values: dict[str, Json]) -> None:
    found = understand(text, HERE)
    assert found.operation is not None
    assert found.operation.name == operation
    assert values.items() <= dict(found.values).items()
    assert values.get("alert", found.values.get("alert")) == found.values.get("alert")


OTHERWISE = """
noise? | is this noise? | is it mine? | don't silence this | how do I silence this? | on it?! | noise? 🤔
this is not noise | is it noise or real? | ack'd by whom? | I'm on call | mine is slow too | resolve the DNS name
“this was noise” | close enough | bob will look at it and ack it | we never look and ack
"""


@pytest.mark.parametrize("text", re.split(r" \| |\n", OTHERWISE.strip()))
def test_who_wonders_or_says_something_else_does_nothing(text: str) -> None:
    found = understand(text, HERE)
    for each in (found, *found.then):
        assert each.kind != "run" or (each.operation and each.operation.risk is Risk.READ), each


CHAT = """
no problem | I restarted checkout | on it? | not noise | same here | mine too | resolved | that was helpful, thanks
we have it in staging too | meeting at 3pm | see you tomorrow | not a problem | good one! | I have it | it was mine
on that | that is useful | noise | it's over | looking | nice catch
"""
SAID_ALOUD = (
    "ack | I'm on it | silence this for 2 hours | this alert was noise | false alarm | mark it as noise | still firing?"
)


@pytest.mark.parametrize("text", re.split(r" \| |\n", CHAT.strip()))
def test_what_people_say_to_each_other_is_not_for_us(text: str) -> None:
    found = understand(text, OVERHEARD)
    assert found.kind not in {"run", "form", "ask", "absent"} or found.score < PLAIN, found


@pytest.mark.parametrize("text", SAID_ALOUD.split(" | "))
def test_what_nobody_says_for_nothing_is_heard_without_a_mention(text: str) -> None:
    found = understand(text, OVERHEARD)
    assert found.kind in {"run", "form"}
    assert found.score >= PLAIN


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("silence payments for an hour", {"service": "payments", "until": "for an hour"}),
        ("mute staging", {"environment": "staging"}),
        ("silence the error rate", {"service": "checkout", "environment": "production", "signal": "error_rate"}),
    ],
)
def test_of_something_else_only_what_is_said_is_silent(text: str, values: dict[str, Json]) -> None:
    found = understand(text, HERE)
    assert (found.operation and found.operation.name, dict(found.values)) == ("alerts.silence", values)


@pytest.mark.parametrize(
    "text",
    [
        "silence it in staging too",
        "no luck with that one",
        "it flaps a lot",
        "shut up bob",
        "ack it tomorrow",
        "mark it with a star",
    ],
)
def test_what_it_does_not_know_to_do_to_an_alert_is_no_question_about_it(text: str) -> None:
    assert understand(text, HERE).kind in {"unsure", "form"}


def test_a_plan_is_made_in_its_thread_too() -> None:
    found = understand("silence it tomorrow from 22:00 to 23:00: new disks", HERE)
    plan = {"starts": "2026-03-19 22:00", "until": "2026-03-19 23:00", "reason": "new disks"}
    assert (found.kind, dict(found.values)) == ("form", {"alert": THIS, **plan})


@pytest.mark.parametrize("window", ["12/03", "last 2 hours / today", "2026-03-18T10:00:00Z/", "10:00/11:00"])
def test_a_time_in_words_is_not_carried_on(window: str) -> None:
    history = earlier((), LEXICON, "UTC", f"metrics.explain service=checkout 'window={window}'")
    assert "window" not in understand("why?", replace(ELSEWHERE, history=history)).values


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("why?", "metrics.explain", LATENCY),
        ("show me the logs", "logs.search", {"service": "checkout", "environment": "production", "window": BEGAN}),
        ("error logs", "logs.search", {"service": "checkout", "window": BEGAN}),
        ("and the error rate?", "metrics.explain", {"service": "checkout", "metric": "error_rate"}),
        ("slowest traces", "traces.search", {"service": "checkout"}),
        ("compare with yesterday", "metrics.compare", {"service": "checkout", "window": BEGAN, "against": "yesterday"}),
        ("what is the latency now?", "metrics.query", {"service": "checkout"}),
        ("p95 of payments", "metrics.query", {"service": "payments"}),
    ],
)
def test_what_a_question_leaves_out_is_what_the_alert_is_about(
    text: str, operation: str, values: dict[str, Json]
) -> None:
    found = understand(text, HERE)
    assert found.operation is not None, found
    assert (found.kind, found.operation.name) == ("run", operation)
    assert values.items() <= dict(found.values).items(), found.values
