"""What is said in an alert's thread of that alert, and of what it is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.agent.earlier import earlier
from bot.agent.known import Known
from bot.agent.meaning import understand
from bot.agent.topics import Topic
from bot.door.registry import Registry
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
    ("run", "alerts.acknowledge", {}, "I'll look into it | ok, I'm looking | that's mine | can you ack this?"),
    ("run", "alerts.unacknowledge", {}, "unack | I am not on it any more"),
    ("run", "alerts.judge", NOISE, "noise | this was noise | That is just noise | false alarm | it's a false positive"),
    ("run", "alerts.judge", NOISE, "not a real problem | mark it as noise please"),
    ("run", "alerts.judge", USEFUL, "good catch! | this alert was useful | that's a real problem"),
    ("run", "alerts.show", {}, "is it over? | still firing? | show | details | status | what is this about?"),
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
        ("silence payments for an hour", "alerts.silence", {"service": "payments", "until": "for an hour"}),
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


@pytest.mark.parametrize(
    "text", ["noise?", "is this noise?", "is it mine?", "don't silence this", "how do I silence this?"]
)
def test_who_wonders_does_nothing(text: str) -> None:
    found = understand(text, HERE)
    assert found.kind != "run" or (found.operation and found.operation.risk.name == "READ"), found


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("why?", "metrics.explain", LATENCY),
        ("show me the logs", "logs.search", {"service": "checkout", "environment": "production", "window": BEGAN}),
        ("error logs", "logs.search", {"service": "checkout", "window": BEGAN}),
        ("and the error rate?", "metrics.explain", {"service": "checkout", "metric": "error_rate"}),
        ("slowest traces", "traces.search", {"service": "checkout"}),
        ("compare with yesterday", "metrics.compare", {"service": "checkout", "against": BEGAN}),
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
