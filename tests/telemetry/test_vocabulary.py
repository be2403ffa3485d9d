from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot import defaults
from bot.catalogue import load_model
from bot.errors import InvalidInput, NotFound
from bot.telemetry.queries.promql import parse
from bot.telemetry.vocabulary import POINTS, STEPS, Scope, Settled, Signal, Vocabulary, first_of

VOCABULARY = load_model(defaults.path("signals.yaml"), Vocabulary)
HERE = Settled(
    VOCABULARY,
    frozenset({"http_request_duration_seconds_bucket", "http_requests_total"}),
    frozenset({"service", "env", "instance", "endpoint", "version"}),
)
CHECKOUT = Scope("checkout", "production")


@pytest.mark.parametrize("metric", VOCABULARY.metrics)
def test_every_metric_that_ships_is_a_query(metric: str) -> None:
    for aggregation in (None, "avg", "max", "min", "sum"):
        for by in ((), ("service",), ("service", "instance")):
            parse(HERE.query(metric, CHECKOUT, 30, aggregation=aggregation, by=by))


def test_an_error_rate_is_a_ratio_also_where_nothing_failed() -> None:
    whole = 'sum(rate(http_requests_total{service="checkout", env="production"}[2m]))'
    failed = 'sum(rate(http_requests_total{service="checkout", env="production", status=~"5.."}[2m]))'
    assert HERE.query("error_rate", CHECKOUT, 30) == f"({failed} or {whole} * 0) / {whole}"


def test_a_quantile_is_of_the_buckets_of_all_instances() -> None:
    made = HERE.query("latency", CHECKOUT, 30, q=0.99, by=("service",))
    assert made.startswith("histogram_quantile(0.99, sum by (le, service) (rate(http_request_duration_seconds_bucket{")


@pytest.mark.parametrize(
    ("metric", "aggregation", "inner"),
    [
        ("throughput", "avg", "avg(sum by (instance) (rate("),
        ("cost", "max", "max(sum by (instance) (rate("),
        ("cpu", "max", "max(sum by (instance) (rate("),
        ("error_rate", "max", "max((sum by (instance) (rate("),
        ("availability", "min", "min(1 - (sum by (instance) (rate("),
    ],
)
def test_what_is_taken_of_instances_is_computed_of_each_first(metric: str, aggregation: Any, inner: str) -> None:
    assert HERE.query(metric, CHECKOUT, 30, aggregation=aggregation).startswith(inner)


def test_a_sum_of_shares_is_no_number_and_not_claimed() -> None:
    for metric in ("cpu", "error_rate", "availability"):
        assert not VOCABULARY.signal(metric).takes("sum")
        assert HERE.query(metric, CHECKOUT, 30, aggregation="sum") == HERE.query(metric, CHECKOUT, 30)
    assert VOCABULARY.signal("throughput").takes("max")
    assert [each for each in ("avg", "max") if VOCABULARY.signal("latency").takes(each)] == ["avg"]


# ---------------------------------------------------------------- names of an installation


def test_the_first_name_counts_that_the_backend_has() -> None:
    there = Settled(
        VOCABULARY,
        frozenset({"http_server_request_duration_seconds_bucket", "http_server_requests_total"}),
        frozenset({"app", "namespace", "pod"}),
    )
    made = there.query("latency", Scope("checkout", "production", instance="checkout-1"), 30)
    assert "http_server_request_duration_seconds_bucket" in made
    assert 'app="checkout", namespace="production", pod=~"checkout-1.*"' in made


def test_where_none_is_known_the_first_is_asked_so_that_the_backend_says_so() -> None:
    nowhere = Settled(VOCABULARY, frozenset(), frozenset())
    assert 'http_requests_total{service="checkout", env="production"}' in nowhere.query("throughput", CHECKOUT, 30)
    assert first_of((), {"a"}) == ""


def test_environments_go_by_the_words_of_the_installation() -> None:
    settled = Settled(VOCABULARY.model_copy(update={"environments": {"production": "prod"}}), HERE.metrics, HERE.labels)
    assert 'env="prod"' in settled.query("throughput", CHECKOUT, 30)
    assert 'env="staging"' in settled.query("throughput", Scope("checkout", "staging"), 30)


def test_a_role_without_a_name_says_where_to_give_it_one() -> None:
    data = VOCABULARY.model_dump()
    del data["labels"]["metrics"]["version"]
    settled = Settled(Vocabulary.model_validate(data), HERE.metrics, HERE.labels)
    with pytest.raises(InvalidInput, match="how metrics call the version") as caught:
        settled.query("latency", Scope("checkout", version="2.0.0"), 30)
    assert "signals_file" in caught.value.mend


def test_an_unknown_metric_suggests_the_near_ones() -> None:
    with pytest.raises(NotFound, match="latncy") as caught:
        VOCABULARY.signal("latncy")
    assert "latency" in caught.value.mend
    with pytest.raises(NotFound) as caught:
        VOCABULARY.signal("zzz")
    assert "throughput" in caught.value.mend


@pytest.mark.parametrize("q", [0.0, 1.0, -1.0, 7.0])
def test_what_is_no_quantile_is_refused(q: float) -> None:
    with pytest.raises(InvalidInput, match="no quantile"):
        HERE.query("latency", CHECKOUT, 30, q=q)


# ---------------------------------------------------------------- values stay values


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_value_stays_one_whatever_is_in_it(text: str) -> None:
    made = HERE.query("throughput", Scope("checkout", endpoint=text, instance=text), 30)
    tree: Any = promql_parser.parse(made)
    matchers = {each.name: each for each in tree.expr.args[0].vector_selector.matchers.matchers}
    assert matchers["endpoint"].value == text
    assert re.fullmatch(matchers["instance"].value, f"{text}-more", re.DOTALL)


@given(st.lists(st.from_regex(r"\A[a-z][a-z0-9._-]{0,20}\Z"), min_size=1, max_size=5))
def test_several_services_are_exactly_these(names: list[str]) -> None:
    tree: Any = promql_parser.parse(HERE.query("throughput", Scope(environment="staging"), 30, services=names))
    pattern = next(each.value for each in tree.expr.args[0].vector_selector.matchers.matchers if each.name == "service")
    assert all(re.fullmatch(pattern, name) for name in names)
    assert not re.fullmatch(pattern, "x".join(["", *names, ""]))


# ---------------------------------------------------------------- steps


@given(st.floats(min_value=1, max_value=400 * 86_400))
def test_a_series_stays_within_its_points_and_rates_miss_no_sample(seconds: float) -> None:
    step = VOCABULARY.step(seconds)
    assert step in STEPS or step % 86_400 == 0
    assert seconds / step <= POINTS
    assert VOCABULARY.rate_window(step) >= max(step, 4 * VOCABULARY.scrape_seconds)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "ratio"}, "needs a part"),
        ({"kind": "rest"}, "needs a part"),
        ({"kind": "share"}, "needs a limit"),
        ({"metric": ()}, "metric"),
        ({"per_seconds": 0}, "per_seconds"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_signal_that_cannot_be_computed_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Signal.model_validate({"title": "x", "kind": "gauge", "metric": ("x",), **change})


def test_a_scope_says_itself_in_words() -> None:
    assert str(Scope()) == "all services"
    assert str(Scope("checkout", "staging", version="2.0.0", endpoint="/pay")) == "checkout 2.0.0 /pay in staging"
