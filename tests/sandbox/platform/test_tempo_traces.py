"""Traces of the world: the same whenever and however they are asked for, and of one mind with its metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telemetry.signals import Trace
from bot.telemetry.traces import bottlenecks, graph, retries, slowest_difference, tree
from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.tempo.answers import resource_spans
from integrations.sandbox.platform.tempo.setting import Flags
from integrations.sandbox.platform.tempo.spans import SECOND, Spans
from integrations.sandbox.platform.tempo.traces import BLOCK, ENVIRONMENTS, Traces, trace_ids
from integrations.sandbox.platform.world import World
from tests.sandbox.platform.tempo_reading import trace

NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
MINUTE = int(NOON.timestamp()) // 60


@pytest.fixture(scope="module")
def quiet() -> Traces:
    return Traces(World(7))


def spans_of(traces: Traces, minutes: int = BLOCK, environment: str = "production", first: int = MINUTE) -> Spans:
    return traces.spans(environment, first, first + minutes)


def calls(spans: Spans, service: str) -> Flags:
    """The side of the callee of every request to a service."""
    mine: Flags = (spans.service == spans.plan.services.index(service)) & ~spans.client
    return mine


def read(spans: Spans, service: str, most: int = 120) -> list[Trace]:
    """Traces that come by a service."""
    return [trace(spans, int(place)) for place in np.unique(spans.trace[calls(spans, service)])[:most]]


# ---------------------------------------------------------------- always the same


def test_two_worlds_have_the_same_traces() -> None:
    assert trace_ids(World(7), "production", MINUTE) == trace_ids(World(7), "production", MINUTE)
    assert trace_ids(World(8), "production", MINUTE) != trace_ids(World(7), "production", MINUTE)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_trace_is_the_same_by_its_id_and_by_its_time(quiet: Traces, environment: str) -> None:
    minute = MINUTE + 17
    block = quiet.block(environment, minute // BLOCK)
    known = {block.trace_id(place): place for place in range(block.roots)}
    for trace_id in trace_ids(quiet.world, environment, minute)[:5]:
        found = quiet.find(trace_id)
        assert found
        assert found[0].trace_id(found[1]) == trace_id
        assert resource_spans(*found) == resource_spans(block, known[trace_id])


def test_every_minute_has_its_own_traces(quiet: Traces) -> None:
    listed = [it for minute in range(20) for it in trace_ids(quiet.world, "production", MINUTE + minute)]
    assert len(set(listed)) == len(listed)
    assert all(len(it) == 32 and int(it, 16) for it in listed)


def test_there_are_at_most_120_a_minute(quiet: Traces) -> None:
    counts = [len(trace_ids(quiet.world, "production", MINUTE - 720 + hour * 60)) for hour in range(24)]
    assert 20 < min(counts) <= max(counts) <= 120


@given(st.integers(0, 2**32 - 1), st.integers(0, 2), st.integers(0, 2**40 - 1), st.integers(0, 2**16 - 1))
@settings(deadline=None)
def test_an_id_says_where_its_trace_is(seed: int, environment: int, minute: int, index: int) -> None:
    (key,) = ids.keys(seed, environment, np.array([minute], dtype=np.uint64), np.array([index], dtype=np.uint64))
    found = ids.read(seed, ids.written(seed, int(key)).lstrip("0"))
    assert found == (int(key), ids.Place(environment, minute, index))


@given(st.integers(0, 2**128 - 1))
@settings(deadline=None)
def test_a_made_up_id_is_none_of_ours(number: int) -> None:
    assert ids.read(7, f"{number:x}") is None


def test_ids_of_spans_are_of_one_span_each(quiet: Traces) -> None:
    spans = spans_of(quiet)
    assert len(np.unique(spans.ids)) == len(spans)


# ---------------------------------------------------------------- traces as they should be


def test_a_trace_is_one_tree_and_every_call_lies_within_its_caller(quiet: Traces) -> None:
    spans = spans_of(quiet)
    inner = spans.parent >= 0
    above = spans.parent[inner]
    assert (spans.parent[: spans.roots] == -1).all()
    assert (spans.trace[inner] == spans.trace[above]).all()
    rounding = 10
    assert (spans.start[inner] >= spans.start[above] - rounding).all()
    ends = spans.start + spans.duration
    assert (ends[inner] <= ends[above] + rounding).all()
    assert (spans.duration >= 0).all()
    minutes = spans.start[: spans.roots] // (60 * SECOND)
    assert minutes.min() >= MINUTE
    assert minutes.max() < MINUTE + BLOCK


def test_calls_follow_the_graph(quiet: Traces) -> None:
    drawn = graph(read(spans_of(quiet), "api-gateway", 200))
    allowed = {(caller, callee) for caller, callees in quiet.world.graph.items() for callee in callees}
    seen = {(edge.caller, edge.callee) for edge in drawn.edges}
    assert seen <= allowed
    assert {("frontend", "api-gateway"), ("checkout", "payments"), ("search", "vector-db")} <= seen


def test_some_calls_run_side_by_side(quiet: Traces) -> None:
    known = (tree(one) for one in read(spans_of(quiet), "chat-api"))
    overlaps = 0
    for one in known:
        for children in one.children:
            spans = sorted(one.interval(child) for child in children)
            overlaps += sum(later[0] < former[1] for former, later in pairwise(spans))
    assert overlaps > 20


def test_spans_carry_what_their_kind_carries(quiet: Traces) -> None:
    spans = [span for one in read(spans_of(quiet), "chat-api") for span in one.spans]
    (model, tokens) = ("gen_ai.request.model", "gen_ai.usage.input_tokens")
    asked = [span for span in spans if span.service == "inference-gateway" and span.kind == "server"]
    assert asked
    assert all(span.attributes[model] and span.attributes[tokens] > 0 for span in asked)
    queries = [span for span in spans if span.attributes.get("db.system") == "postgresql"]
    assert queries
    assert all(span.attributes["db.statement"] for span in queries)
    http = [span for span in spans if span.service == "frontend" and span.kind == "server"]
    assert all(span.attributes["http.response.status_code"] in {200, 500, 503, 504} for span in http)
    assert all(span.resource["deployment.environment"] == "production" for span in spans)


def test_a_span_is_of_an_instance_that_ran_then(quiet: Traces) -> None:
    for one in read(spans_of(quiet), "payments", 40):
        for span in one.spans:
            at = datetime.fromtimestamp(span.start // 60 * 60 + 30, UTC)
            running = {run.name: run.version for run in quiet.world.instances_at(span.service, "production", at)}
            name, version = span.resource["service.instance.id"], span.resource["service.version"]
            assert running[name] == version


# ---------------------------------------------------------------- of one mind with the metrics


@pytest.mark.parametrize(
    "service", ["frontend", "search", "checkout", "cart", "content-filter", "vector-db", "chat-api"]
)
def test_half_of_the_requests_are_faster_than_the_median_of_the_metrics(quiet: Traces, service: str) -> None:
    spans = spans_of(quiet, 120)
    seen = float(np.median(spans.duration[calls(spans, service)])) / SECOND
    told = float(quiet.world.cells(service, "production", MINUTE, MINUTE + 120).median.mean())
    assert 0.7 < seen / told < 1.35


def test_failures_are_as_frequent_as_the_metrics_say() -> None:
    world = World(7)
    world.inject("error_burst", "checkout", "production", NOON - timedelta(minutes=10))
    spans = spans_of(Traces(world), 120)
    for service in ("checkout", "api-gateway", "frontend"):
        told = float(world.cells(service, "production", MINUTE, MINUTE + 120).errors.mean())
        seen = float(spans.fails[calls(spans, service)].mean())
        assert seen == pytest.approx(told, abs=0.02 + told / 4)
    failing = [one for one in read(spans, "checkout") if any(span.error for span in one.spans)]
    messages = {span.message for one in failing for span in one.spans if span.service == "checkout" and span.error}
    assert "unhandled exception in the request handler" in messages


def test_a_failed_call_is_tried_again_and_may_be_well_then() -> None:
    world = World(7)
    world.inject("error_burst", "payments", "production", NOON - timedelta(minutes=10))
    found = [it for it in retries(read(spans_of(Traces(world)), "payments", 400)) if it.service == "checkout"]
    assert found
    assert 0 < found[0].recovered < found[0].retries


def test_a_slow_service_is_slow_itself_and_nowhere_else() -> None:
    world = World(7)
    world.inject("latency", "payments", "production", NOON, size=6.0)
    traces = Traces(world)
    slow = read(spans_of(traces, 20, first=MINUTE + 10), "payments")
    normal = read(spans_of(traces, 20, first=MINUTE - 60), "payments")
    found = slowest_difference(slow, normal)
    assert found[0].service == "payments"
    assert found[0].share > 0.7
    assert bottlenecks(slow)[0].service == "payments"
    assert "profile" in bottlenecks(slow)[0].recommendation


def test_only_instances_of_the_bad_version_are_slow() -> None:
    world = World(7)
    fault = world.inject("bad_deploy", "search", "production", NOON, size=8.0)
    spans = spans_of(Traces(world), 4)
    own: dict[bool, list[float]] = {True: [], False: []}
    for one in read(spans, "search", 400):
        for span in one.spans:
            if span.service == "search" and span.kind == "server":
                own[span.resource["service.version"] == fault.version].append(span.seconds)
    assert own[True]
    assert own[False]
    assert median(own[True]) > 3 * median(own[False])


def test_what_is_done_now_changes_nothing_before() -> None:
    world = World(7)
    traces = Traces(world)
    before = [resource_spans(traces.block("production", MINUTE // BLOCK - 1), place) for place in range(5)]
    world.inject("latency", "frontend", "production", NOON)
    assert [resource_spans(traces.block("production", MINUTE // BLOCK - 1), place) for place in range(5)] == before


def test_a_fault_shows_in_blocks_that_were_drawn_before() -> None:
    world = World(7)
    traces = Traces(world)
    usual = np.median(traces.block("production", MINUTE // BLOCK).duration)
    world.inject("latency", "frontend", "production", NOON, size=20.0)
    roots = traces.block("production", MINUTE // BLOCK)
    assert np.median(roots.duration[: roots.roots]) > 5 * usual
