"""Which operation a plain question means, and with which values; the times are read where the operation runs."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import defaults
from bot.catalogue import Catalogue, load_model
from bot.errors import InvalidInput
from bot.language.observing import MOST, observe
from bot.language.ranges import read
from bot.ports import Json
from bot.telemetry.vocabulary import Vocabulary

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
CATALOGUE = Catalogue.load(defaults.path("services.yaml"))
WORDS = {name: each.words for name, each in load_model(defaults.path("signals.yaml"), Vocabulary).metrics.items()}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
C = {"service": "checkout"}
LATENCY = {**C, "metric": "latency"}


def asked(text: str) -> tuple[str, dict[str, Json]] | None:
    found = observe(text, CATALOGUE, WORDS, NOW)
    return (found.operation, dict(found.values)) if found else None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "p95 of checkout in prod over the last hour",
            {**LATENCY, "quantile": 0.95, "environment": "production", "window": "the last hour"},
        ),
        ("p99.9 of checkout", {**LATENCY, "quantile": 0.999}),
        ("95th percentile of cart", {"service": "cart", "metric": "latency", "quantile": 0.95}),
        ("median latency of checkout", {**LATENCY, "quantile": 0.5}),
        ("average latency of checkout", {**LATENCY, "aggregation": "avg"}),
        (
            "errors in payments in the last 30 minutes",
            {"service": "payments", "metric": "error_rate", "window": "the last 30 minutes"},
        ),
        ("what's the p95 of checkout's latency", {**LATENCY, "quantile": 0.95}),
        ("p95 of `checkout`", {**LATENCY, "quantile": 0.95}),
        ("p95 of “checkout” in *staging*", {**LATENCY, "quantile": 0.95, "environment": "staging"}),
        ("<@U1> error_rate of the payment service?", {"service": "payments", "metric": "error_rate"}),
        ("p95 of /v1/Orders in checkout", {**LATENCY, "quantile": 0.95, "endpoint": "/v1/Orders"}),
        ("latency of checkout v2.14.0", {**LATENCY, "version": "2.14.0"}),
        ("cpu by pod of inference", {"service": "inference-gateway", "metric": "cpu", "by": "instance"}),
        ("max cpu of checkout", {**C, "metric": "cpu", "aggregation": "max"}),
        ("tokens by model", {"metric": "tokens", "by": "model"}),
        ("search latency", {"service": "search", "metric": "latency"}),
        ("checkout errors since 2 hours ago", {**C, "metric": "error_rate", "window": "since 2 hours ago"}),
    ],
)
def test_a_metric_is_asked_for(text: str, values: dict[str, Json]) -> None:
    assert asked(text) == ("metrics.query", values)


@pytest.mark.parametrize(
    "text", ["peak throughput of checkout", "total errors in checkout", "highest cost of checkout"]
)
def test_a_peak_in_time_is_no_peak_among_instances(text: str) -> None:
    found = asked(text)
    assert found
    assert "aggregation" not in found[1]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("compare checkout latency with last week", {**LATENCY, "against": "last week"}),
        ("is checkout slower than yesterday", {**LATENCY, "against": "yesterday"}),
        ("compare checkout latency last hour vs last week", {**LATENCY, "window": "last hour", "against": "last week"}),
        ("compare checkout latency over the last hour", {**LATENCY, "window": "the last hour"}),
        (
            "compare checkout latency between 2 and 4pm with yesterday",
            {**LATENCY, "window": "between 2 and 4pm", "against": "yesterday"},
        ),
        ("compare checkout latency last hour with before", {**LATENCY, "window": "last hour", "against": "before"}),
        ("was checkout slower yesterday than today", {**LATENCY, "window": "yesterday", "against": "today"}),
        ("compare checkout latency with payments", {**LATENCY, "other_service": "payments"}),
        (
            "is checkout slower in staging than in production?",
            {**LATENCY, "environment": "staging", "other_environment": "production"},
        ),
        ("compare checkout latency of 2.13 and 2.14", {**LATENCY, "version": "2.13", "other_version": "2.14"}),
        ("compare search with checkout", {"service": "search", "other_service": "checkout"}),
    ],
)
def test_two_things_are_compared(text: str, values: dict[str, Json]) -> None:
    assert asked(text) == ("metrics.compare", values)


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("why is checkout slow?", "metrics.explain", LATENCY),
        ("why was checkout slow at 3pm yesterday?", "metrics.explain", {**LATENCY, "window": "at 3pm yesterday"}),
        ("what's wrong with checkout since 9am", "metrics.explain", {**C, "window": "since 9am"}),
        ("why is latency up?", "metrics.explain", {"metric": "latency"}),
        ("slowest traces of chat-api", "traces.search", {"service": "chat-api"}),
        ("failed traces of checkout over 500 ms", "traces.search", {**C, "failed": True, "slower_than": 0.5}),
        (f"show trace {TRACE}", "traces.show", {"trace": TRACE}),
        (f"show trace `{TRACE}`", "traces.show", {"trace": TRACE}),
        ("error logs of checkout", "logs.search", {**C, "level": "error"}),
        ("search checkout logs for warnings", "logs.search", {**C, "level": "warn"}),
        ("search logs of cart", "logs.search", {"service": "cart"}),
        (
            "find 'Timed out' in checkout logs since 9am",
            "logs.search",
            {**C, "contains": "Timed out", "window": "since 9am"},
        ),
        ('find "p95 of cart" in checkout logs', "logs.search", {**C, "contains": "p95 of cart"}),
        ("state of production", "status.overview", {"environment": "production"}),
        ("is 'checkout' okay?", "services.show", C),
        ("error budget of api-gateway", "slo.status", {"service": "api-gateway"}),
        ("are we meeting our slos?", "slo.status", {}),
        ("what do the models cost?", "cost.report", {}),
        ("llm spend by service", "cost.report", {"by": "service"}),
        ("what changed in checkout since monday", "deploys.list", {**C, "window": "since monday"}),
        ("make a dashboard of this", "dashboards.generate", {}),
    ],
)
def test_other_questions_are_told_apart(text: str, operation: str, values: dict[str, Json]) -> None:
    assert asked(text) == (operation, values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "deploy checkout to staging",
        "restart payments",
        "alert me when checkout is slow",
        "declare an incident for checkout",
        "any suggestions to improve checkout latency?",
        "meet at 30 with the team",
        "run suite regression at 40 users",
        "since 9999-12-31",
    ],
)
def test_what_asks_for_something_else_is_left_alone(text: str) -> None:
    assert asked(text) is None


def test_a_time_that_does_not_exist_is_said_where_telemetry_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="no time of day"):
        asked("errors in checkout at 25pm")


@pytest.mark.parametrize(
    "text", ["p95 of checkout between 2 and 4pm yesterday", "errors of cart since 2 hours ago", "cart cpu on monday"]
)
def test_what_is_said_of_time_is_what_the_operation_reads(text: str) -> None:
    found = asked(text)
    assert found
    assert read(str(found[1]["window"]), NOW)


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(["p95", "checkout", "search", "'", "`", "compare", "with", "last week", "at 30", "why", "99%"]),
        max_size=12,
    ).map(" ".join)
)
def test_whatever_is_said_it_is_understood_or_left(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        asked(text)


def test_a_very_long_sentence_costs_no_more_than_a_long_one() -> None:
    assert asked("p95 of checkout " + "'" * 100 * MOST)


@pytest.mark.parametrize(
    ("words", "service"),
    [("p95 of foobar in prod", "foobar"), ("p95 of chekout", "chekout"), ("why is chekout slow?", "chekout")],
)
def test_a_service_that_is_not_known_is_not_dropped(words: str, service: str) -> None:
    found = asked(words)
    assert found is not None
    assert found[1]["service"] == service


@pytest.mark.parametrize("words", ["error rate of all services in prod", "latency by service", "memory in production"])
def test_what_is_no_service_is_not_taken_for_one(words: str) -> None:
    found = asked(words)
    assert found is not None
    assert "service" not in found[1]
