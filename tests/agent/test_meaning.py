"""What a sentence comes to here: which operation, with which values, or what is said instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.known import Known
from bot.agent.meaning import Meaning, group_of, understand
from bot.door.registry import Registry
from bot.errors import CopilotError, InvalidInput
from bot.guard.risk import Risk
from bot.language.brain import understand as read_words
from bot.language.ranges import read
from bot.language.understanding import Earlier
from bot.ports import Json
from tests.door.stage import Script, placed
from tests.language.knowing import CATALOGUE, LEXICON, NOW

REGISTRY = Registry.discover()
KNOWN = Known(REGISTRY, CATALOGUE, LEXICON, NOW)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
C = {"service": "checkout"}
LATENCY = {**C, "metric": "latency"}


def named(found: Meaning) -> tuple[str, dict[str, Json]]:
    assert found.operation is not None, found
    return found.operation.name, dict(found.values)


def runs(text: str, known: Known = KNOWN) -> tuple[str, dict[str, Json]]:
    found = understand(text, known)
    assert found.kind == "run", found
    return named(found)


# ---------------------------------------------------------------- said exactly, or by a phrase


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("approvals.list state=all", "approvals.list", {"state": "all"}),
        ("runs.list --everybody=yes", "runs.list", {"everybody": "yes"}),
        (
            'maintenance.drill environment=staging label="two words"',
            "maintenance.drill",
            {"environment": "staging", "label": "two words"},
        ),
        ("help", "help.show", {}),
        ("what can you do?", "help.show", {}),
        ("help with approvals.decide", "help.show", {"operation": "approvals.decide"}),
        ("status", "status.self", {}),
        ("What is waiting for me?", "approvals.list", {}),
        ("deploys", "deploys.list", {}),
        ("list deploys of checkout", "deploys.list", C),
        ("what changed in checkout since monday", "deploys.list", {**C, "window": "since monday"}),
        ("make a dashboard of this", "dashboards.generate", {}),
        ("services", "services.list", {}),
        ("show service checkout", "services.show", C),
        (f"show trace {TRACE}", "traces.show", {"trace": TRACE}),
        (f"show trace `{TRACE}`", "traces.show", {"trace": TRACE}),
    ],
)
def test_what_is_said_exactly_or_by_its_name_is_run(text: str, operation: str, values: dict[str, Json]) -> None:
    assert runs(text) == (operation, values)


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("status of checkout", "services.show", C),
        ("status of production", "status.overview", {"environment": "production"}),
    ],
)
def test_the_status_of_something_is_not_that_of_the_bot(text: str, operation: str, values: dict[str, Json]) -> None:
    assert runs(text) == (operation, values)


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("run a drill in prod", "maintenance.drill", {"environment": "production"}),
        (
            'please rehearse a drill in staging called "friday"',
            "maintenance.drill",
            {"environment": "staging", "label": "friday"},
        ),
        ("approve apr-123abc", "approvals.decide", {"approval": "apr-123abc", "verdict": "approve"}),
        ("approvals.decide", "approvals.decide", {}),
        ("maintenance.drill staging", "maintenance.drill", {"environment": "staging"}),
        ('maintenance.drill label="open', "maintenance.drill", {}),
    ],
)
def test_what_changes_something_becomes_a_form_filled_in_as_far_as_known(
    text: str, operation: str, values: dict[str, Json]
) -> None:
    found = understand(text, KNOWN)
    assert found.kind == "form"
    assert named(found) == (operation, values)
    assert found.why


def test_a_verb_behind_a_slash_command_is_an_operation_of_its_group_where_there_is_one() -> None:
    assert group_of("list state=all", "approvals", REGISTRY) == "approvals.list state=all"
    assert group_of("declare it burns", "incidents", REGISTRY) == "declare it burns"


# ---------------------------------------------------------------- sentences about telemetry


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "p95 of checkout in prod over the last hour",
            {**LATENCY, "quantile": 0.95, "environment": "production", "window": "over the last hour"},
        ),
        ("p99.9 of checkout", {**LATENCY, "quantile": 0.999}),
        ("95th percentile of cart", {"service": "cart", "metric": "latency", "quantile": 0.95}),
        ("median latency of checkout", {**LATENCY, "quantile": 0.5}),
        ("average latency of checkout", {**LATENCY, "aggregation": "avg"}),
        (
            "errors in payments in the last 30 minutes",
            {"service": "payments", "metric": "error_rate", "window": "in the last 30 minutes"},
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
        ("peak throughput of checkout", {**C, "metric": "throughput"}),
        ("distribution of checkout latency", {**LATENCY, "spread": True}),
        ("error rate of all services in prod", {"metric": "error_rate", "environment": "production"}),
        ("latency by service", {"metric": "latency", "by": "service"}),
        ("memory in production", {"metric": "memory", "environment": "production"}),
    ],
)
def test_a_metric_is_asked_for(text: str, values: dict[str, Json]) -> None:
    assert runs(text) == ("metrics.query", values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("compare checkout latency with last week", {**LATENCY, "against": "last week"}),
        ("is checkout slower than yesterday", {**LATENCY, "against": "yesterday"}),
        ("compare checkout latency last hour vs last week", {**LATENCY, "window": "last hour", "against": "last week"}),
        ("compare checkout latency over the last hour", {**LATENCY, "window": "over the last hour"}),
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
    assert runs(text) == ("metrics.compare", values)


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("why is checkout slow?", "metrics.explain", LATENCY),
        ("why was checkout slow at 3pm yesterday?", "metrics.explain", {**LATENCY, "window": "at 3pm yesterday"}),
        ("what's wrong with checkout since 9am", "metrics.explain", {**C, "window": "since 9am"}),
        ("why is latency up?", "metrics.explain", {"metric": "latency"}),
        ("slowest traces of chat-api", "traces.search", {"service": "chat-api"}),
        ("failed traces of checkout over 500 ms", "traces.search", {**C, "failed": True, "slower_than": 0.5}),
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
        ("any suggestions to improve checkout latency?", "recommend.improve", LATENCY),
        ("how do I roll back?", "knowledge.ask", {"question": "how do I roll back?"}),
        ("list runbooks", "runbooks.list", {}),
    ],
)
def test_other_questions_are_told_apart(text: str, operation: str, values: dict[str, Json]) -> None:
    assert runs(text) == (operation, values)
    assert not understand(text, KNOWN).left, "nothing is said to be left out that is not"


@pytest.mark.parametrize(
    "text", ["p95 of checkout between 2 and 4pm yesterday", "errors of cart since 2 hours ago", "cart cpu on monday"]
)
def test_what_is_said_of_time_is_what_the_operation_reads(text: str) -> None:
    assert read(str(runs(text)[1]["window"]), NOW)


def test_a_time_that_does_not_exist_is_said_where_telemetry_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="no time of day"):
        understand("errors in checkout at 25pm", KNOWN)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("p95 of foobar in prod", "foobar"),
        ("error rate of the foobar", "foobar"),
        ("p95 of sarch", "sarch"),
        ("why is foobar slow?", "foobar"),
        ("deploys of foobar", "foobar"),
        ("p95 of chekout", "checkout"),
        ("why is chekout slow?", "checkout"),
    ],
)
def test_a_service_that_is_not_known_is_not_dropped(text: str, service: str) -> None:
    """What is plainly a slip is put right, and the answer names the service; the operation is told anything else."""
    assert runs(text)[1]["service"] == service


def test_a_stranger_is_not_answered_with_the_service_that_was_spoken_of_before() -> None:
    before = read_words("p95 of checkout", LEXICON, now=NOW)
    known = replace(KNOWN, history=(Earlier("user", "p95 of checkout", "sre", before),))
    assert runs("error rate of foobar", known)[1]["service"] == "foobar"


@pytest.mark.parametrize("text", ["p95 of everything", "error rate of the whole platform", "why is everything slow?"])
def test_what_is_no_service_is_not_taken_for_one(text: str) -> None:
    assert "service" not in runs(text)[1]


# ---------------------------------------------------------------- several things at once


def test_several_services_are_asked_of_beside_each_other() -> None:
    found = understand("p95 of checkout and payments", KNOWN)
    assert [each["service"] for each in (found.values, *found.beside)] == ["checkout", "payments"]
    assert {each["quantile"] for each in (found.values, *found.beside)} == {0.95}


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("p95 and error rate of checkout", [("latency", 0.95), ("error_rate", None)]),
        ("latency and error rate of checkout", [("latency", None), ("error_rate", None)]),
        ("p50, p95 and p99 of checkout", [("latency", 0.5), ("latency", 0.95), ("latency", 0.99)]),
        ("p95 ttft of chat-api", [("time_to_first_token", 0.95)]),
        ("checkout latency, p99", [("latency", 0.99)]),
    ],
)
def test_several_measures_are_answered_each(text: str, measures: list[tuple[str, float | None]]) -> None:
    found = understand(text, KNOWN)
    assert [(each["metric"], each.get("quantile")) for each in (found.values, *found.beside)] == measures


def test_what_is_too_much_at_once_is_named_and_not_forgotten() -> None:
    found = understand("p95 of checkout, cart, search, payments and inference", KNOWN)
    assert len(found.beside) == 3
    assert found.over == ("p95 inference",)


def test_what_cannot_narrow_it_down_is_said() -> None:
    assert understand("what do the models cost for checkout v2.14.0", KNOWN).left == ("v2.14.0",)


def test_several_requests_follow_each_other_each_with_its_own_values() -> None:
    found = understand("p95 of checkout over the last hour and why is payments slow since 9am?", KNOWN)
    assert named(found) == ("metrics.query", {**LATENCY, "quantile": 0.95, "window": "over the last hour"})
    (then,) = found.then
    assert named(then) == ("metrics.explain", {"service": "payments", "metric": "latency", "window": "since 9am"})


# ---------------------------------------------------------------- what is not done


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("deploy checkout to staging", "deploy.start"),
        ("roll back checkout", "deploy.rollback"),
        ("if checkout fails, roll it back", "deploy.rollback"),
        ("restart payments", "runbooks.run"),
        ("scale checkout to 5 replicas", "scale.service"),
        ("declare an incident for checkout", "incidents.declare"),
        ("run suite regression at 40 users", "tests.run"),
        ("which api keys have not been rotated in 90 days", "security.posture"),
    ],
)
def test_what_is_understood_and_not_here_is_said_to_be_absent_and_taken_for_nothing_else(
    text: str, operation: str
) -> None:
    found = understand(text, KNOWN)
    assert (found.kind, found.why, found.operation) == ("absent", operation, None)


def installed(name: str) -> Known:
    registry = Registry.discover()
    registry.add(placed(name, Script()))
    return replace(KNOWN, registry=registry)


def test_where_it_is_installed_it_becomes_a_form() -> None:
    found = understand("deploy checkout to staging", installed("deploy.start"))
    assert found.kind == "form"
    assert named(found) == ("deploy.start", {**C, "environment": "staging"})


def test_what_it_lacks_is_asked_for() -> None:
    found = understand("deploy checkout", installed("deploy.start"))
    assert (found.kind, found.why) == ("ask", "Which environment?")


@pytest.mark.parametrize(
    "text",
    [
        "don't deploy checkout to staging yet",
        "what would happen if I deployed checkout to staging?",
        "how do I deploy checkout to staging?",
        "should we not deploy checkout",
    ],
)
def test_what_is_only_talked_about_is_no_form_and_no_run(text: str) -> None:
    found = understand(text, installed("deploy.start"))
    assert found.operation is None or found.operation.risk is Risk.READ


def test_a_phrase_in_a_sentence_that_asks_for_nothing_is_offered_and_not_filled_in() -> None:
    found = understand("what happens if I resize a disk?", KNOWN)
    assert found.operation is None or found.operation.risk is Risk.READ


@pytest.mark.parametrize("text", ["hello", "thanks!", "never mind", "do not run a drill"])
def test_small_talk_is_small_talk(text: str) -> None:
    assert understand(text, KNOWN).kind == "talk"


@pytest.mark.parametrize(
    "text", ["make coffee", "lunch at noon?", "¿qué?", "the", "…", "meet at 30 with the team", "since 9999-12-31"]
)
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert understand(text, KNOWN).kind == "unsure"


def test_what_is_not_understood_offers_what_comes_near() -> None:
    near = understand("who changed what yesterday", KNOWN).near
    assert {"audit.search"} <= {each.name for each in near}


ANY = st.text(max_size=200) | st.lists(
    st.sampled_from(["p95", "checkout", "drill", "'", "`", "compare", "with", "last week", "at 30", "deploy", "99%"]),
    max_size=12,
).map(" ".join)


@given(ANY)
def test_no_free_sentence_runs_a_change_and_none_breaks_it(text: str) -> None:
    try:
        found = understand(text, KNOWN)
    except CopilotError:  # a time that there is none
        return
    if found.kind == "run" and found.operation is not None and found.operation.risk is not Risk.READ:
        assert text.strip().lower().startswith(found.operation.name)


def test_times_are_those_of_whoever_asks() -> None:
    later = replace(KNOWN, now=NOW + timedelta(days=1), timezone="Asia/Tokyo")
    assert runs("p95 of checkout since 9am", later)[1]["window"] == "since 9am"
