"""Wishes to be told, in words: each becomes the form of a watch with the fields that it says, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from bot.agent.meaning import understand
from tests.agent.test_meaning import KNOWN


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "alert me if payments errors go over 2 % for 5 minutes",
            {"metric": "error_rate", "service": "payments", "above": 2, "lasting": "5 minutes"},
        ),
        (
            "ping me when p99.9 response time on search is over 800ms",
            {"metric": "latency", "service": "search", "quantile": 0.999, "above": 0.8},
        ),
        ("keep an eye on vector-db disk, tell me at 85%", {"metric": "disk", "service": "vector-db", "above": 85}),
        ("watch checkout latency", {"metric": "latency", "service": "checkout"}),
        ("tell me if chat-api stops sending metrics", {"service": "chat-api", "kind": "absence"}),
        ("tell me when redis-cache logs 'OOM'", {"service": "redis-cache", "pattern": "OOM", "metric": ""}),
        (
            "warn me if there are more than 20 “connection refused” lines in payments",
            {"service": "payments", "pattern": "connection refused", "above": 20.0, "metric": ""},
        ),
        (
            "alert if cost of chat-api rises 50 % against yesterday",
            {"metric": "cost", "service": "chat-api", "change": 50},
        ),
        (
            "warn me when the error budget of checkout burns",
            {"service": "checkout", "kind": "burn", "metric": ""},
        ),
        (
            "alert me when availability of checkout drops below 99.9%",
            {"metric": "availability", "service": "checkout", "below": 99.9},
        ),
        (
            "let me know if throughput of search falls under 10 rps for 10 minutes",
            {"metric": "throughput", "service": "search", "below": 10.0, "lasting": "10 minutes"},
        ),
        (
            "tell me when latency of search is above 300 ms for more than 2 minutes",
            {"metric": "latency", "service": "search", "above": 0.3, "lasting": "2 minutes"},
        ),
        (
            "tell me if queue depth of sentiment-model exceeds 5k",
            {"metric": "queue_depth", "service": "sentiment-model", "above": 5_000.0},
        ),
        ("alert me if cost goes over $20/h", {"metric": "cost", "above": 20.0}),
        (
            "tell me if payments p99 doubles",
            {"metric": "latency", "service": "payments", "quantile": 0.99, "change": 100.0},
        ),
        (
            "alert me if payments stops getting traffic",
            {"metric": "throughput", "service": "payments", "below": 0.01},
        ),
        (
            "let me know if refusals of chat-api rise above 5 percent, check every 2 minutes",
            {"metric": "refusals", "service": "chat-api", "above": 5, "every": 120},
        ),
        (
            "watch errors in payments with high sensitivity",
            {"metric": "error_rate", "service": "payments", "sensitivity": "high"},
        ),
        ("alert me when checkout is slow", {"metric": "latency", "service": "checkout"}),
        ("tell me if search is down", {"metric": "error_rate", "service": "search"}),
        ("watch everything", {"kind": "scan"}),
        ("watch everything in staging", {"environment": "staging", "kind": "scan"}),
    ],
)
def test_a_wish_becomes_the_form_of_a_watch(text: str, values: dict[str, Any]) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", "watches.create", values)


def test_what_is_to_be_watched_is_asked_where_it_is_not_said() -> None:
    assert understand("tell me when it goes too high", KNOWN).kind == "ask"


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("what am i watching", "watches.list", {"mine": True}),
        ("which watches are there in prod?", "watches.list", {"environment": "production"}),
        ("show watch wch-12ab34", "watches.show", {"watch": "wch-12ab34"}),
        ("test watch wch-12ab34 over the last 3 days", "watches.test", {"watch": "wch-12ab34"}),
        ("watches.test errors of payments above 2%", "watches.test", {"service": "payments", "above": 2}),
        ("what alerts went off overnight", "alerts.list", {"window": "overnight"}),
        ("any critical alerts on checkout?", "alerts.list", {"severity": "critical", "service": "checkout"}),
        ("which silences are active", "alerts.silences", {}),
        ("weekly digest", "alerts.digest", {"period": "weekly"}),
    ],
)
def test_questions_about_watches_and_alerts_are_answered_at_once(
    text: str, operation: str, values: dict[str, Any]
) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name) == ("run", operation)
    assert values.items() <= found.values.items()


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("pause watch wch-12ab34 for 2 hours", "watches.pause", {"watch": "wch-12ab34", "until": "for 2 hours"}),
        ("resume wch-12ab34", "watches.resume", {"watch": "wch-12ab34"}),
        ("delete watch wch-12ab34", "watches.delete", {"watch": "wch-12ab34"}),
        ("stop watching checkout latency", "watches.delete", {"watch": "checkout latency"}),
        ("make the watch wch-12ab34 more sensitive", "watches.tune", {"watch": "wch-12ab34"}),
        ("watches.create checkout latency", "watches.create", {"service": "checkout", "metric": "latency"}),
        ("acknowledge alr-12ab34", "alerts.acknowledge", {"alert": "alr-12ab34"}),
        ("resolve alr-12ab34", "alerts.resolve", {"alert": "alr-12ab34"}),
        ("this alert alr-12ab34 was noise", "alerts.judge", {"alert": "alr-12ab34", "verdict": "noise"}),
        ("silence alr-12ab34 until tomorrow", "alerts.silence", {"alert": "alr-12ab34", "until": "until tomorrow"}),
        ("mute checkout for an hour", "alerts.silence", {"service": "checkout", "until": "for an hour"}),
    ],
)
def test_what_is_done_to_watches_and_alerts_is_looked_over_first(
    text: str, operation: str, values: dict[str, Any]
) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", operation, values)
