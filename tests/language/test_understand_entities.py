# ruff: noqa: E501  one case a line

from __future__ import annotations

import pytest

from tests.language.knowing import said, understood


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("p99.9 of search", {("quantile", "0.999"), ("service", "search")}),
        ("95th percentile latency of the payment service", {("quantile", "0.95"), ("metric", "latency"), ("service", "payments")}),
        ("cpu on prod-web-01", {("metric", "cpu"), ("instance", "prod-web-01")}),
        ("error rate of /api/v1/Chat", {("metric", "error_rate"), ("endpoint", "/api/v1/Chat")}),
        ("traces slower than 500ms in cart", {("duration_threshold", "0.5"), ("service", "cart")}),
        ("deploy cart v2.3.0-rc1 to stg", {("service", "cart"), ("version", "2.3.0-rc1"), ("environment", "staging")}),
        ("put cart back on 9e1c0d4 in dev", {("service", "cart"), ("version", "9e1c0d4"), ("environment", "development")}),
        ("scale embeddings 2x", {("service", "embedding-service"), ("factor", "2")}),
        ("scale search to 10", {("service", "search"), ("replicas", "10")}),
        ("declare a sev2 for login", {("severity", "high"), ("service", "auth-service")}),
        ("make <@U04AB12CD> scribe on INC-7", {("user", "U04AB12CD"), ("role", "scribe"), ("incident", "INC-7")}),
        ("status of wf-7f3a", {("execution", "wf-7f3a")}),
        ("run the database-failover runbook", {("runbook", "database-failover")}),
        ("flush redis", {("runbook", "clear-cache"), ("service", "redis-cache")}),
        ("grep 'status=429' in the chat-api debug logs", {("pattern", "status=429"), ("service", "chat-api"), ("level", "debug")}),
        ("how many OOMKilled lines from inference", {("aggregation", "count"), ("pattern", "OOMKilled"), ("service", "inference-gateway")}),
        ("search cart logs for /failed .* login/", {("service", "cart"), ("pattern", "failed .* login")}),
        ("generate edge case tests for checkout's api", {("test_kind", "edge-case"), ("service", "checkout")}),
        ("alert me when cart cpu is over 80%", {("service", "cart"), ("metric", "cpu"), ("percent", "80")}),
        ("pull up trace 4bf92f3577b34da6a3ce929d0e0e4736", {("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")}),
    ],
)  # fmt: skip
def test_what_is_named_is_found_in_its_normal_form(text: str, entities: set[tuple[str, str]]) -> None:
    assert said(understood(text)) == entities


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("put vector store 1.9.4 on staging only, NOT prod", "production"),
        ("traffic on the gateway in prod, not staging", "staging"),
        ('logs of cart with "timeout" but not "healthcheck"', "healthcheck"),
        ("restart cart instead of checkout", "checkout"),
        ("errors everywhere except payments or search", "search"),
    ],
)
def test_what_is_ruled_out_is_not_named(text: str, out: str) -> None:
    assert out not in {value for _, value in said(understood(text))}


def test_numbers_of_other_things_are_not_read_again() -> None:
    assert said(understood("p95 of cart v2.1 over the last 24 hours")) >= {("quantile", "0.95"), ("version", "2.1")}
    assert {kind for kind, _ in said(understood("p95 of cart v2.1 over the last 24 hours"))} == {
        "quantile", "service", "version", "time_range",
    }  # fmt: skip


def test_a_workflow_hides_the_services_in_its_name() -> None:
    assert said(understood("is the database backup done?")) == {("workflow", "database-backup")}


def test_a_verb_is_not_the_service_of_that_name() -> None:
    assert understood("search the payments logs for 'refused'").values("service") == ["payments"]
    assert understood("search latency in prod").values("service") == ["search"]


def test_the_bot_is_nobody_and_markup_is_nothing() -> None:
    found = understood("<@U0BOT> p95 of *checkout* in `prod` :fire: see <https://x.example/payments|this panel>")
    assert said(found) == {("quantile", "0.95"), ("service", "checkout"), ("environment", "production")}


def test_quoted_lines_of_others_are_not_read() -> None:
    assert said(understood("&gt; payments is down in prod\nwhy is cart slow?")) == {
        ("service", "cart"),
        ("metric", "latency"),
    }


@pytest.mark.parametrize(
    ("text", "kind", "value", "typed"),
    [
        ("rollback paymnets in prod", "service", "payments", "paymnets"),
        ("p95 latnecy of cart", "metric", "latency", "latnecy"),
        ("run smoke on stagin", "environment", "staging", "stagin"),
        ("error rate of CHEKCOUT", "service", "checkout", "CHEKCOUT"),
        ("queue depth of the embedder this mornign", "time_range", None, "this mornign"),
    ],
)
def test_a_plain_slip_is_put_right_and_shown_as_it_was_typed(
    text: str, kind: str, value: str | None, typed: str
) -> None:
    found = next(each for each in understood(text).entities if each.type == kind)
    assert value is None or found.value == value
    assert found.text == typed
    assert text[slice(*found.span)] == typed


def test_a_slip_is_less_sure_than_the_name() -> None:
    slip = next(each for each in understood("restart paymnets").entities if each.type == "service")
    assert slip.confidence < 1
    assert understood("restart paymnets").confidence < understood("restart payments").confidence


@pytest.mark.parametrize(
    "text",
    [
        "restart chart",
        "deploy research 2.0 to prod",
        "restart the conference",
        "scale the guest to 4",
        "restart checks",
    ],
)
def test_a_word_of_english_is_never_taken_for_a_service(text: str) -> None:
    found = understood(text)
    assert not found.values("service")
    assert found.needs_clarification


def test_a_name_that_is_none_is_asked_about_with_those_that_are_near() -> None:
    found = understood("restart paymentosrv in prod")
    assert not found.values("service")
    assert "payments" in found.unknown[0].near
    assert found.options == found.unknown[0].near
