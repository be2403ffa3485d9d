"""Root cause: the true one is found, the innocent are excused, and what is not known is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telemetry.rootcause import (
    Case,
    Explanation,
    LogDelta,
    Metric,
    Suspect,
    explain,
    kind_of,
    log_deltas,
    profile,
)
from bot.telemetry.rootcause.strength import FLAT_CAP, deviation
from bot.telemetry.signals import Change, Floats, Span, Trace
from tests.benchmarks.causes import case_of, rank
from tests.telemetry.platforms import FAULTS, Setting, incident
from tests.telemetry.public_cases import Injected, public_case

BEGAN = datetime(2026, 3, 18, 14, 5, tzinfo=UTC)
CHAIN = [("frontend", "checkout"), ("checkout", "payments"), ("checkout", "cart"), ("payments", "postgres")]
SERVICES = ("frontend", "checkout", "payments", "cart", "postgres")


def noisy(level: float, count: int = 60, seed: int = 1) -> Floats:
    return level * np.random.default_rng(seed).normal(1, 0.03, count)


def stepped(level: float, after: float, count: int = 20, at: int = 8, seed: int = 2) -> Floats:
    values = noisy(level, count, seed)
    values[at:] *= after / level
    return values


def latency(service: str, before: float, after: float) -> Metric:
    return Metric(service, "latency p95", "latency", noisy(before), stepped(before, after), "s")


def traffic(service: str, before: float, after: float) -> Metric:
    return Metric(service, "requests", "traffic", noisy(before), stepped(before, after), "/s")


def slow_payments(**more: Any) -> Case:
    metrics = [
        latency("frontend", 0.5, 2.0),
        latency("checkout", 0.3, 1.8),
        latency("payments", 0.1, 1.6),
        latency("cart", 0.05, 0.05),
        latency("postgres", 0.01, 0.01),
    ]
    given: dict[str, Any] = {
        "services": SERVICES,
        "metrics": metrics,
        "calls": CHAIN,
        "target": ("checkout", "latency p95"),
        "start": BEGAN - timedelta(minutes=8),
        "step": 60.0,
    }
    return Case(**(given | more))


def of(explanation: Explanation, service: str) -> Suspect:
    return next(one for one in explanation.suspects if one.service == service)


def deploy(service: str, minutes_before: float, version: str = "2.14.1") -> Change:
    at = BEGAN - timedelta(minutes=minutes_before)
    return Change("d-1", at, "deploy", service, "production", f"Deploy {service}", version=version, before="2.14.0")


# ── who it is ────────────────────────────────────────────────────────────────────────────────────


def test_the_deepest_unwell_service_is_first_and_its_callers_are_ruled_out() -> None:
    found = explain(slow_payments())
    assert found.ranking[0] == "payments"
    assert found.suspects[0].confidence > 0.7
    assert found.suspects[0].for_[0].words == "latency p95 100 ms → 1.65 s (16.5×)"
    out = {one.service: one for one in found.ruled_out}
    assert out["checkout"].because_of == "payments"
    assert {"frontend", "checkout"} == set(out)


def test_a_caller_more_unusual_than_the_culprit_is_still_excused() -> None:
    metrics = [latency("checkout", 0.01, 1.51), latency("payments", 0.4, 1.9)]
    assert explain(slow_payments(metrics=metrics)).ranking[0] == "payments"


def test_what_a_callee_cannot_account_for_stays_with_the_caller() -> None:
    metrics = [latency("checkout", 0.3, 3.3), latency("payments", 0.1, 0.2)]
    found = explain(slow_payments(metrics=metrics))
    assert found.ranking[:2] == ["checkout", "payments"]
    assert "checkout" not in {one.service for one in found.ruled_out}


def test_losses_are_counted_over_the_requests_that_lose_them() -> None:
    """cart is ten times slower for one request in a hundred; payments twice as slow for all of them."""
    metrics = [
        *(latency("checkout", 0.3, 0.4), traffic("checkout", 100, 100)),
        *(latency("payments", 0.1, 0.2), traffic("payments", 100, 100)),
        *(latency("cart", 0.05, 0.5), traffic("cart", 1, 1)),
    ]
    assert explain(slow_payments(metrics=metrics)).ranking[0] == "payments"


def test_trouble_at_another_time_is_not_the_cause() -> None:
    elsewhen = noisy(0.1, 20)
    elsewhen[:5] *= 30
    metrics = [
        latency("checkout", 0.3, 1.8),
        latency("payments", 0.1, 1.6),
        Metric("cart", "latency p95", "latency", noisy(0.1), elsewhen, "s"),
    ]
    found = explain(slow_payments(metrics=metrics))
    assert found.ranking[0] == "payments"
    assert "it was unwell at other times than checkout" in [one.words for one in of(found, "cart").against]


def test_a_service_that_the_target_does_not_call_is_against_itself() -> None:
    metrics = [*slow_payments().metrics, latency("batch", 0.1, 9.0)]
    found = explain(slow_payments(metrics=metrics, services=(*SERVICES, "batch")))
    assert found.ranking[0] == "payments"
    assert of(found, "batch").against[0].words == "checkout does not call it, not even through others"


def test_callers_in_a_circle_still_have_an_order() -> None:
    metrics = [latency("a", 0.1, 0.5), latency("b", 0.1, 2.0), latency("c", 0.1, 1.0)]
    calls = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")]
    assert explain(Case(("a", "b", "c"), metrics, calls)).ranking[0] == "b"


def test_falling_availability_is_worse_and_rising_is_not() -> None:
    metrics = [
        Metric("a", "availability", "availability", noisy(99.9), stepped(99.9, 60.0), "%"),
        Metric("b", "availability", "availability", noisy(60.0), stepped(60.0, 99.9), "%"),
    ]
    found = explain(Case(("b", "a"), metrics))
    assert found.ranking == ["a", "b"]
    assert not of(found, "b").for_


def test_more_traffic_is_a_cause_only_where_no_caller_sends_it() -> None:
    metrics = [
        traffic("frontend", 100, 100),
        *(traffic("checkout", 50, 200), latency("checkout", 0.2, 0.5)),
        *(traffic("payments", 50, 200), latency("payments", 0.1, 0.4)),
    ]
    found = explain(slow_payments(metrics=metrics))
    assert found.ranking[0] == "checkout"
    assert "its traffic grew, and that of its callers did not" in [one.words for one in found.suspects[0].for_]
    assert "its callers send it more than usual" in [one.words for one in of(found, "payments").against]


def test_a_caller_that_floods_the_target_is_found_above_it() -> None:
    metrics = [
        *(traffic("frontend", 100, 400), latency("frontend", 0.5, 0.9)),
        *(traffic("checkout", 50, 200), latency("checkout", 0.2, 0.6)),
    ]
    found = explain(slow_payments(metrics=metrics))
    assert found.ranking[:2] == ["frontend", "checkout"]
    assert ("checkout", "busier because its callers are") in {(one.service, one.reason) for one in found.ruled_out}


def test_traffic_alone_excites_nobody_beside_a_slow_service() -> None:
    metrics = [traffic("checkout", 50, 150), traffic("cart", 50, 150), latency("payments", 0.1, 2)]
    assert explain(Case(SERVICES, metrics)).ranking[0] == "payments"


# ── changes ──────────────────────────────────────────────────────────────────────────────────────


def test_a_deploy_just_before_is_the_first_evidence_and_raises_its_service() -> None:
    plain = explain(slow_payments(onset=BEGAN))
    found = explain(slow_payments(onset=BEGAN, changes=[deploy("payments", 2)]))
    assert found.suspects[0].for_[0].words == "deploy of payments 2.14.1 at 14:03, 2 minutes before"
    assert found.suspects[0].for_[0].kind == "change"
    assert found.suspects[0].score > plain.suspects[0].score
    assert found.suspects[0].confidence >= plain.suspects[0].confidence


def test_a_deploy_decides_between_equals() -> None:
    metrics = [latency("payments", 0.1, 0.6), latency("cart", 0.1, 0.6)]
    for service in ("payments", "cart"):
        case = Case(SERVICES, metrics, [], changes=[deploy(service, 5)], onset=BEGAN)
        found = explain(case)
        assert found.ranking[0] == service
        assert max(one.confidence for one in explain(replace(case, changes=())).suspects) <= 0.5


def test_a_deploy_of_a_well_service_makes_no_suspect_of_it() -> None:
    found = explain(slow_payments(onset=BEGAN, changes=[deploy("cart", 1)]))
    assert found.ranking[0] == "payments"
    assert of(found, "cart").confidence < 0.05


@pytest.mark.parametrize(("minutes", "counts"), [(2, True), (45, True), (61, False), (-2, True), (-10, False)])
def test_a_change_counts_within_an_hour_before(minutes: float, counts: bool) -> None:  # noqa: FBT001  a case
    found = explain(slow_payments(onset=BEGAN, changes=[deploy("payments", minutes)]))
    assert (found.suspects[0].for_[0].kind == "change") == counts


def test_the_onset_is_found_where_nobody_said_it() -> None:
    found = explain(slow_payments(changes=[deploy("payments", 3)]))
    assert found.onset == BEGAN
    assert found.suspects[0].for_[0].words.endswith("3 minutes before")


def test_without_any_onset_changes_are_not_weighed_and_that_is_said() -> None:
    found = explain(slow_payments(start=None, changes=[deploy("payments", 3)]))
    assert found.suspects[0].for_[0].kind != "change"
    assert "when it began is not known: changes were not weighed" in found.missing


# ── traces and logs ──────────────────────────────────────────────────────────────────────────────


def request(number: int, work: dict[str, float], *, fails: str = "", stops: str = "") -> Trace:
    """frontend → checkout → payments, in turn."""
    names, start, spans = ("frontend", "checkout", "payments"), 1_000.0 + number, []
    chain = names[: names.index(stops) + 1] if stops else names
    begins = start
    for depth, name in enumerate(chain):
        end = start + sum(work[one] for one in chain) - 0.001 * depth
        error = bool(fails) and names.index(fails) >= depth
        parent = f"{number}-{depth - 1}" if depth else None
        spans.append(Span(f"{number}-{depth}", parent, name, "serve", begins, end, error=error))
        begins += work[name]
    return Trace(str(number), tuple(spans))


WORK = {"frontend": 0.01, "checkout": 0.02, "payments": 0.03}


def test_own_time_tells_the_slow_service_from_those_who_wait_for_it() -> None:
    before = profile(request(i, WORK | {"payments": 0.03 + i % 5 / 1000}) for i in range(40))
    during = profile(request(i, WORK | {"payments": 0.4 + i % 5 / 1000}) for i in range(20))
    found = explain(Case(SERVICES, traces=(before, during)))
    assert found.ranking[0] == "payments"
    assert found.suspects[0].for_[0].words == "its own work takes 370 ms longer in each trace"
    assert "no call graph: order by signal strength only" not in found.missing, "traces are a call graph"


def test_errors_begin_at_the_deepest_failing_span() -> None:
    before = profile(request(i, WORK) for i in range(40))
    during = profile(request(i, WORK, fails="payments" if i % 2 else "") for i in range(40))
    found = explain(Case(SERVICES, traces=(before, during)))
    assert found.ranking[0] == "payments"
    assert "errors begin here, in 50 % more of the traces" in [one.words for one in found.suspects[0].for_]


def test_a_call_no_longer_made_points_at_who_stopped_making_it() -> None:
    before = profile(request(i, WORK) for i in range(40))
    during = profile(request(i, WORK, stops="checkout") for i in range(40))
    found = explain(Case(SERVICES, traces=(before, during)))
    assert found.ranking[0] == "checkout"
    assert "“serve” stopped calling payments’s “serve”" in [one.words for one in found.suspects[0].for_]


def test_a_few_calls_not_made_are_chance() -> None:
    before = profile(request(i, WORK) for i in range(40))
    during = profile(request(i, WORK, stops="checkout") for i in range(12))
    found = explain(Case(SERVICES, traces=(before, during)))
    assert not any("calling" in one.words for each in found.suspects for one in each.for_)


@pytest.mark.parametrize(("count", "said"), [(4, False), (40, True)])
def test_work_is_as_usual_only_where_enough_of_it_was_seen(count: int, said: bool) -> None:  # noqa: FBT001  a case
    before = profile(request(i, WORK) for i in range(40))
    during = profile(request(i, WORK) for i in range(40))
    since = datetime.fromtimestamp(1_040 - count, UTC)
    found = explain(Case(SERVICES, traces=(before, during), onset=since))
    assert any("own work is as usual" in one.words for one in of(found, "payments").against) == said


def test_what_has_just_begun_is_not_as_usual() -> None:
    begun = [
        Metric("checkout", "latency p95", "latency", noisy(0.3), stepped(0.3, 0.985, 120, 116), "s"),
        Metric("checkout", "error ratio", "errors", np.zeros(60), np.where(np.arange(120) < 116, 0, 0.0615), "share"),
    ]
    told = of(explain(slow_payments(metrics=begun)), "checkout")
    assert not any("as usual" in one.words for one in told.against)
    assert {"error ratio 0 % → 6.15 %"} < {one.words for one in told.for_}
    well = of(explain(slow_payments(metrics=[latency("checkout", 0.3, 0.3)])), "checkout")
    assert "its metrics are as usual" in [one.words for one in well.against]


@pytest.mark.parametrize(("seconds", "near"), [(0, True), (70, True), (-120, True), (300, False)])
def test_two_beginnings_a_minute_apart_are_one(seconds: float, near: bool) -> None:  # noqa: FBT001  a case
    since = BEGAN + timedelta(seconds=seconds)
    found = explain(slow_payments(since=since))
    assert found.onset == (since if near else BEGAN)
    assert found.ranking == explain(slow_payments()).ranking


def test_new_error_lines_speak_for_their_service_and_for_the_deepest_of_several() -> None:
    logs = {
        "checkout": [LogDelta("500 from payments", 0, 80, bad=True), LogDelta("served", 900, 910, bad=False)],
        "payments": [LogDelta("connection to db refused", 0.4, 80, bad=True)],
        "cart": [LogDelta("cart loaded", 500, 520, bad=False)],
    }
    found = explain(Case(SERVICES, calls=CHAIN, logs=logs))
    assert found.ranking[:2] == ["payments", "checkout"]
    assert found.suspects[0].for_[0].words == "new error lines: “connection to db refused” ×80"


def test_patterns_of_windows_of_unequal_length_are_compared_by_their_share() -> None:
    before = {("a", f"line {i}"): 1_000 for i in range(10)} | {("a", "boom"): 10}
    during = {("a", f"line {i}"): 100 for i in range(10)} | {("a", "boom"): 60, ("b", "new"): 3}
    deltas = log_deltas(before, during, {("a", "boom")})
    boom = next(one for one in deltas["a"] if one.pattern == "boom")
    assert boom.expected == pytest.approx(1.0)
    assert (boom.seen, boom.bad) == (60, True)
    assert deltas["b"] == [LogDelta("new", 0.0, 3, bad=False)]
    assert log_deltas({}, {}) == {}


def test_a_long_pattern_is_quoted_and_cut() -> None:
    logs = {"a": [LogDelta("x\n`*" * 400, 0, 80, bad=True)]}
    (evidence,) = explain(Case(("a", "b"), logs=logs)).suspects[0].for_
    assert len(evidence.words) < 130
    assert "\n" not in evidence.words


# ── what is missing ──────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_said_aloud() -> None:
    found = explain(Case(SERVICES, [latency("cart", 0.1, 1.0)], missing=("Loki did not answer",)))
    assert found.missing == (
        "Loki did not answer",
        "no call graph: order by signal strength only",
        "no metrics of frontend, checkout, payments, postgres",
        "no traces",
        "no logs",
        "no record of deploys and other changes",
    )


def test_nothing_known_is_no_suspicion_of_anybody() -> None:
    found = explain(Case(SERVICES))
    assert sorted(found.ranking) == sorted(SERVICES)
    assert not any(one.confidence or one.for_ for one in found.suspects)
    assert explain(Case(())).suspects == ()


def test_well_services_are_no_confident_suspects() -> None:
    metrics = [latency(service, 0.1, 0.1) for service in SERVICES]
    assert explain(slow_payments(metrics=metrics)).suspects[0].confidence < 0.2


def test_equal_suspects_share_the_confidence() -> None:
    metrics = [latency(service, 0.1, 1.0) for service in SERVICES]
    assert explain(Case(SERVICES, metrics)).suspects[0].confidence < 0.3


ROUGH = [
    np.zeros(0),
    np.full(5, np.nan),
    np.zeros(7),
    np.full(1, 3.0),
    np.array([np.inf, 1.0, -np.inf, np.nan]),
    np.full(9, 1e300),
    np.array([1e-320, 2e-320]),
    np.full(40, -5.0),
    noisy(1.0),
]


@pytest.mark.parametrize("kind", ["latency", "errors", "availability", "traffic", "cpu", "other"])
def test_rough_arrays_neither_warn_nor_win(kind: Any) -> None:
    for normal in ROUGH:
        for abnormal in ROUGH:
            rough = Metric("cart", kind, kind, normal, abnormal)
            found = explain(slow_payments(metrics=[*slow_payments().metrics[:3], rough]))
            assert sorted(found.ranking) == sorted(SERVICES)
            assert all(np.isfinite(one.score) and 0 <= one.confidence <= 1 for one in found.suspects)


Value = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, float("nan")]))
Array = st.lists(Value, max_size=12).map(lambda values: np.array(values, dtype=float))
Metrics = st.builds(
    Metric,
    st.sampled_from("abcd"),
    st.sampled_from(["latency", "requests", "error ratio", "availability", "cpu"]),
    st.sampled_from(["latency", "traffic", "errors", "availability", "cpu", "memory", "saturation", "other"]),
    Array,
    Array,
    st.sampled_from(["", "s", "share", "%"]),
)
Edges = st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(Metrics, max_size=8),
    st.none() | Edges,
    st.none() | st.tuples(st.sampled_from("abce"), st.sampled_from(["latency", "error ratio", "cpu", ""])),
)
def test_whatever_is_given_everybody_is_ranked_once(
    metrics: list[Metric], calls: set[tuple[str, str]] | None, target: tuple[str, str] | None
) -> None:
    found = explain(Case("abcd", metrics, calls, target, start=BEGAN, step=30.0))
    assert sorted(found.ranking) == list("abcd")
    assert all(np.isfinite(one.score) and 0 <= one.confidence <= 1 for one in found.suspects)
    assert sum(one.confidence for one in found.suspects) <= 1 + 1e-9


# ── how strong a sign is ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("carts_lat_90", "latency"),
        ("PodServerLatencyP90(s)", "latency"),
        ("front-end_error", "errors"),
        ("PodSuccessRate(%)", "availability"),
        ("availability Average", "availability"),
        ("requests Sum", "traffic"),
        ("PodWorkload(Ops)", "traffic"),
        ("http_requests_total", "traffic"),
        ("CpuUsage(m)", "cpu"),
        ("orders_mem", "memory"),
        ("MemoryUsageRate(%)", "memory"),
        ("gpu_memory_used_bytes", "gpu"),
        ("db_connections_in_use", "saturation"),
        ("queue_depth", "saturation"),
        ("http_requests_in_flight", "saturation"),
        ("SyscallRead", "other"),
        ("", "other"),
    ],
)
def test_a_metric_s_name_tells_what_it_measures(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_a_flat_past_makes_no_infinite_surprise() -> None:
    one = deviation(Metric("a", "x", "cpu", np.zeros(60), np.array([0.0, 1e9])))
    assert one
    assert one.top == pytest.approx(FLAT_CAP)
    still = deviation(Metric("a", "x", "cpu", np.full(60, 5.0), np.full(10, 5.05)))
    assert still
    assert still.top < 1


def test_one_spike_among_many_samples_is_none() -> None:
    spiked = noisy(1.0, 100)
    spiked[50] = 100.0
    one = deviation(Metric("a", "x", "latency", noisy(1.0), spiked))
    assert one
    assert one.top < 3


def test_what_was_not_there_before_counts_where_it_fails() -> None:
    nothing = np.zeros(0)
    failing = deviation(Metric("a", "availability", "availability", nothing, np.array([100.0, 20.0])))
    assert failing
    assert failing.new
    assert deviation(Metric("a", "availability", "availability", nothing, np.array([100.0, 100.0]))) is None
    assert deviation(Metric("a", "latency", "latency", nothing, np.array([100.0]))) is None


# ── how often it is right ────────────────────────────────────────────────────────────────────────


def hits(setting: Setting, seeds: range, top: int = 1) -> float:
    places = []
    for seed in seeds:
        case, culprit = incident(seed, setting)
        places.append(explain(case).ranking.index(culprit))
    return sum(place < top for place in places) / len(places)


@pytest.mark.parametrize("fault", FAULTS)
def test_on_drawn_platforms_the_culprit_is_first(fault: Any) -> None:
    assert hits(Setting(fault=fault), range(40)) >= 0.9


def test_with_services_unwatched_and_edges_undrawn_it_is_among_the_first_three() -> None:
    setting = Setting(unwatched=0.25, undrawn=0.15)
    assert hits(setting, range(60)) >= 0.7
    assert hits(setting, range(60), top=3) >= 0.9


def test_others_unwell_for_their_own_reasons_seldom_mislead() -> None:
    assert hits(Setting(distracted=4), range(60)) >= 0.75


def test_metrics_alone_rank_as_a_robust_scorer_does() -> None:
    setting = Setting(graph=False, target=False)
    assert hits(setting, range(60)) >= 0.75
    assert hits(setting, range(60), top=3) >= 0.9


def test_confidence_means_what_it_says() -> None:
    sure: list[bool] = []
    unsure: list[bool] = []
    for seed in range(80):
        case, culprit = incident(seed, Setting(distracted=3, unwatched=0.2, size=1.5))
        first = explain(case).suspects[0]
        (sure if first.confidence >= 0.7 else unsure).append(first.service == culprit)
    assert np.mean(sure) >= 0.8
    assert np.mean(unsure) <= np.mean(sure) - 0.1


@pytest.mark.parametrize("injected", get_args(Injected))
def test_cases_as_the_public_scorer_gives_them_are_read(injected: Injected) -> None:
    places = []
    for seed in range(4):
        raw, culprit = public_case(seed, injected, count=24, requests=40)
        places.append(rank(raw).index(culprit))
    assert sum(place < 3 for place in places) >= 3


def test_a_public_case_without_logs_traces_graph_and_target_is_read() -> None:
    raw = {
        "services": ["carts", "front-end"],
        "normal": {"carts_cpu": noisy(1), "front-end_lat_90": noisy(1), "carts_x": np.zeros(0)},
        "abnormal": {"carts_cpu": noisy(9, 300), "front-end_lat_90": noisy(2, 300), "carts_x": np.zeros(0)},
        "svc_of": {"carts_cpu": "carts", "front-end_lat_90": "front-end", "carts_x": "carts"},
        "graph": None,
        "target": None,
    }
    assert rank(raw) == ["carts", "front-end"]
    case = case_of(raw)
    assert (case.logs, case.traces, case.calls, case.target) == (None, None, None, None)
    rank(raw | {"logs": [], "traces": [{}], "ref_logs": [{"Log": "x"}], "ref_traces": [{"TraceID": "1"}]})
