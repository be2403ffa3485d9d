"""What people ask of telemetry, from their words to the chart; the platform answers over its real protocols."""

from __future__ import annotations

import struct
from datetime import timedelta

import numpy as np
import pytest

from bot.agent.events import Facts, Picture
from bot.door.outcomes import Failed, Refused
from tests.conftest import START
from tests.observatory.conftest import Watcher, Watching


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    ("words", "operation", "said", "query"),
    [
        (
            "p95 of checkout in prod over the last hour",
            "metrics.query",
            "P95 latency of checkout in production",
            "0.95",
        ),
        ("errors in payments in the last 30 minutes", "metrics.query", "Error rate of payments", 'status=~"5.."'),
        ("compare checkout latency with last week", "metrics.compare", "the same time last week", "histogram_quantile"),
        ("slowest traces of chat-api", "traces.search", "The slowest of", "traceDuration >"),
        ("state of production", "status.overview", "16 services", 'env="production"'),
        ("error budget of api-gateway", "slo.status", "error budget left", "increase("),
        ("error logs of checkout", "logs.search", "error lines of checkout", 'service="checkout"'),
        ("cpu by instance of inference", "metrics.query", "4 series", "by (instance)"),
        ("what do the models cost?", "cost.report", "for models in the day", "llm_cost_usd_total"),
        ("show service checkout", "services.show", "tier 1, owned by commerce", 'service="checkout"'),
    ],
)
async def test_a_plain_question_is_answered_with_numbers_the_query_and_a_chart(
    watcher: Watcher, words: str, operation: str, said: str, query: str
) -> None:
    heard = await watcher.asks(words)
    assert heard.operation == operation
    assert said in heard.summary
    assert query in heard.query
    assert heard.pictures
    for picture in heard.pictures:
        assert min(size_of(picture.png)) >= 300
        assert 20 < len(picture.alt) <= 500
    assert any("prometheus" in value or "loki" in value or "tempo" in value for value in sources(heard.all(Facts)))


def sources(facts: list[Facts]) -> list[str]:
    return [value for each in facts for name, value in each.items if name == "source"]


async def test_the_number_is_the_one_that_the_platform_lives_by(watcher: Watcher) -> None:
    """Independent of PromQL: the requests and failures that the world itself counts."""
    heard = await watcher.runs("metrics.query", service="checkout", metric="throughput", window="last hour")
    minute = int(START.timestamp() // 60)
    cells = watcher.platform.world.cells("checkout", "production", minute - 60, minute)
    assert heard.output["figures"][0]["mean"] == pytest.approx(float(np.mean(cells.rate)), rel=0.03)


async def test_a_distribution_counts_every_request(watcher: Watcher) -> None:
    heard = await watcher.asks("distribution of checkout latency over the last hour")
    (heat,) = heard.output["more_charts"]
    assert heat["kind"] == "heat"
    assert heat["edges"] == sorted(heat["edges"])
    minute = int(START.timestamp() // 60)
    cells = watcher.platform.world.cells("checkout", "production", minute - 60, minute)
    assert sum(map(sum, heat["counts"])) == pytest.approx(float(np.sum(cells.rate)) * 60, rel=0.05)
    assert len(heard.pictures) == 2


async def test_after_a_bad_deploy_the_answer_names_it(watcher: Watcher) -> None:
    world, clock = watcher.platform.world, watcher.clock
    world.inject("bad_deploy", "checkout", "production", clock())
    clock.move(minutes=20)
    heard = await watcher.asks("why is checkout slow?")
    assert heard.operation == "metrics.explain"
    top = heard.output["suspects"][0]
    version = world.version_at("checkout", "production", clock())
    assert top["service"] == "checkout"
    assert top["speaks_for"][0]["kind"] == "change"
    assert f"deploy of checkout {version}" in heard.summary
    assert len(heard.pictures) == 2
    assert {"Errors of checkout", "Traces of checkout", "Deploys of checkout"} <= set(heard.buttons)


async def test_a_caller_is_not_blamed_for_what_it_calls(watcher: Watcher) -> None:
    watcher.platform.world.inject("latency", "payments", "production", watcher.clock())
    watcher.clock.move(minutes=20)
    heard = await watcher.asks("why is checkout slow?")
    assert heard.output["suspects"][0]["service"] == "payments"


async def test_what_is_troubled_stands_first_in_the_overview(watcher: Watcher) -> None:
    watcher.platform.world.inject("error_burst", "cart", "production", watcher.clock())
    watcher.clock.move(minutes=15)
    heard = await watcher.asks("state of production")
    assert heard.rows[0][0] == "cart"
    assert "Explain cart" in heard.buttons


async def test_buttons_ask_on_about_the_same(watcher: Watcher) -> None:
    heard = await watcher.asks("p95 of checkout in prod over the last hour")
    comparing = ["Compare with yesterday", "Compare with last week"]
    assert heard.buttons == [*comparing, "Explain", "Watch this", "Show logs", "Show traces"]
    for choices in [event for event in heard.events if type(event).__name__ == "Choices"]:
        for choice in choices.choices:  # type: ignore[attr-defined]
            if choice.form:
                continue
            again = await watcher.runs(choice.operation, **choice.values)
            assert again.output["where"].startswith("checkout")


async def test_a_trace_is_opened_by_its_id(watcher: Watcher) -> None:
    slow = await watcher.asks("slowest traces of chat-api")
    wanted = slow.output["traces"][0]
    heard = await watcher.runs("traces.show", trace=wanted["id"])
    assert heard.output["seconds"] == pytest.approx(wanted["seconds"], rel=0.05)
    assert "chat-api" in heard.output["services"]
    assert len(heard.pictures) == 1


async def test_the_catalogue_is_listed(watcher: Watcher) -> None:
    heard = await watcher.runs("services.list")
    assert [each["name"] for each in heard.output["services"]][:2] == ["frontend", "api-gateway"]


# ---------------------------------------------------------------- queries of one's own


async def test_promql_of_ones_own_is_run_as_it_is(watcher: Watcher) -> None:
    query = 'sum by (service) (rate(http_requests_total{env="production"}[5m]))'
    heard = await watcher.runs("metrics.query", query=query)
    assert heard.query == query
    assert len(heard.output["figures"]) == 16


async def test_logql_and_traceql_of_ones_own(watcher: Watcher) -> None:
    logs = await watcher.runs("logs.search", query='{service="checkout", env="production"} |= "order"')
    assert all("order" in line["text"].lower() for line in logs.output["lines"])
    counts = await watcher.runs("logs.search", query='sum(count_over_time({service="checkout"}[5m]))')
    assert "1 series" in counts.summary
    traces = await watcher.runs("traces.search", query='{ resource.service.name = "cart" && duration > 1ms }')
    assert "The slowest of" in traces.summary


async def test_a_broken_query_is_mended_once_and_both_are_shown(watcher: Watcher) -> None:
    heard = await watcher.runs("metrics.query", query="sum(rate(http_requests_total{env=“production”}[5m])")
    assert heard.query == 'sum(rate(http_requests_total{env="production"}[5m]))'
    assert heard.output["repaired"] == "sum(rate(http_requests_total{env=“production”}[5m])"


@pytest.mark.parametrize(
    ("operation", "query", "why"),
    [
        ("metrics.query", "rate(http_requests_total)", "no PromQL"),
        ("metrics.query", "-" * 9_000, "most 2000"),
        ("metrics.query", "{}", "no PromQL"),
        ("logs.search", '{service=~".*"}', "selects every stream"),
        ("logs.search", "select * from logs", ""),
        ("traces.search", "{ duration > banana }", ""),
    ],
)
async def test_a_query_that_cannot_be_mended_is_not_sent(
    watcher: Watcher, operation: str, query: str, why: str
) -> None:
    outcome = (await watcher.runs(operation, query=query)).outcome
    assert isinstance(outcome, Failed | Refused)
    told = f"{outcome.message} {outcome.mend} {getattr(outcome, 'problems', '')}"
    assert why in told
    assert outcome.mend or getattr(outcome, "problems", None)


async def test_text_in_a_value_stays_a_value(watcher: Watcher) -> None:
    """Quotes, newlines and regular expressions find nothing, and break nothing."""
    for nasty in ('a"} or up{x="', "b\nc", ".*", "a\\", "`|~", "'; drop"):
        heard = await watcher.runs("metrics.query", service="checkout", endpoint=nasty)
        assert "Nothing was measured" in heard.summary
        lines = await watcher.runs("logs.search", service="checkout", contains=nasty)
        assert lines.output["total"] == 0


# ---------------------------------------------------------------- what cannot be answered


@pytest.mark.parametrize(
    ("values", "message", "mend"),
    [
        ({"service": "chekout"}, "no service 'chekout'", "checkout"),
        ({"service": "checkout", "metric": "latncy"}, "no metric 'latncy'", "latency"),
        ({"service": "checkout", "window": "last 10 years"}, "3,650 days long", "at most"),
        ({"service": "checkout", "window": "2030-01-01"}, "in the future", "It is"),
        ({"service": "checkout", "window": "2026-03-18/2026-03-17"}, "ends before it begins", "earlier"),
        ({"service": "checkout", "window": "when pigs fly"}, "no range of time", "last 30 minutes"),
    ],
)
async def test_what_cannot_be_answered_is_said_with_what_helps(
    watcher: Watcher, values: dict[str, str], message: str, mend: str
) -> None:
    outcome = (await watcher.runs("metrics.query", **values)).outcome
    assert isinstance(outcome, Failed | Refused)
    assert message in outcome.message
    assert mend in outcome.mend


async def test_an_unknown_metric_in_a_query_suggests_the_near_ones(watcher: Watcher) -> None:
    heard = await watcher.runs("metrics.query", query='sum(rate(http_request_total{env="production"}[5m]))')
    assert "no metric 'http_request_total'" in heard.summary
    assert "http_requests_total" in heard.summary


async def test_nothing_connected_says_which_setting(watching: Watching) -> None:
    alone = await watching(prometheus_url=None, loki_url=None, tempo_url=None, deploys_url=None)
    for operation, setting in (
        ("metrics.query", "LLM_COPILOT_PROMETHEUS_URL"),
        ("logs.search", "LLM_COPILOT_LOKI_URL"),
        ("traces.search", "LLM_COPILOT_TEMPO_URL"),
        ("deploys.list", "LLM_COPILOT_DEPLOYS_URL"),
    ):
        outcome = (await alone.runs(operation, service="checkout")).outcome
        assert isinstance(outcome, Failed | Refused)
        assert setting in outcome.mend


@pytest.mark.parametrize("down", ["prometheus", "loki", "tempo", "deploys"])
async def test_an_explanation_goes_on_without_a_source_that_is_down(watching: Watching, down: str) -> None:
    watcher = await watching(**{f"{down}_url": "http://127.0.0.1:9"})
    watcher.platform.world.inject("bad_deploy", "checkout", "production", watcher.clock())
    watcher.clock.move(minutes=20)
    heard = await watcher.asks("why is checkout slow?")
    states = {each["name"]: each["state"] for each in heard.output["sources"]}
    assert [name for name, state in states.items() if state == "down"]
    assert any("not looked at" in each.lower() for each in heard.output["findings"]) or heard.output["missing"]
    if down != "prometheus":
        assert heard.output["suspects"][0]["service"] == "checkout"


async def test_deploys_are_read_from_versions_where_no_system_tells_them(watching: Watching) -> None:
    watcher = await watching(deploys_url=None)
    watcher.platform.world.act("deploy", "checkout", "production", START - timedelta(minutes=30), version="9.9.9")
    heard = await watcher.runs("deploys.list", service="checkout", window="last 2 hours")
    assert "9.9.9" in heard.summary


async def test_time_is_told_in_the_zone_of_whoever_asks(watcher: Watcher) -> None:
    heard = await watcher.asks("p95 of checkout in prod over the last hour")
    assert heard.output["window"]["words"] == "14:30–15:30 UTC"


async def test_a_picture_that_cannot_be_drawn_takes_no_number_away(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError("no ink")

    monkeypatch.setattr("bot.observatory.told.picture", broken)
    heard = await watcher.asks("p95 of checkout in prod over the last hour")
    assert "P95 latency of checkout" in heard.summary
    assert not heard.all(Picture)


async def test_the_bot_says_which_source_does_not_answer(watching: Watching) -> None:
    watcher = await watching(loki_url="http://127.0.0.1:9")
    status = (await watcher.asks("status")).output
    assert status["sources"]["prometheus"].startswith("Prometheus 2.")
    assert [each for each in status["trouble"] if each.startswith("loki: no answer")]
    assert not status["healthy"]
