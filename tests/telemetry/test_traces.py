"""Traces: paths, own time, graphs and findings; on traces drawn by hand, and on whatever hypothesis sends."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telemetry.signals import Span, Trace
from bot.telemetry.traces import (
    Step,
    bottlenecks,
    critical_path,
    exclusive,
    fan_outs,
    graph,
    retries,
    slowest_difference,
    tree,
)


def span(id_: str, parent: str | None, start: float, end: float, **more: Any) -> Span:
    """Times in milliseconds, as they are easier to read."""
    service, name = more.pop("service", "shop"), more.pop("name", id_)
    return Span(id_, parent, service, name, start / 1000, end / 1000, **more)


def trace(*spans: Span) -> Trace:
    return Trace("t", spans)


def milliseconds(steps: tuple[Step, ...]) -> dict[str, float]:
    return {step.span.id: round(step.seconds * 1000, 6) for step in steps}


PARALLEL = trace(
    span("root", None, 0, 100), span("a", "root", 10, 90), span("b", "root", 10, 60), span("c", "root", 20, 90)
)

# ---------------------------------------------------------------- anything at all

times = st.one_of(
    st.floats(0, 100),
    st.sampled_from([0.0, 1.0, 2.0, 50.0, 1e9, -5.0]),
    st.floats(allow_nan=True, allow_infinity=True),
)
names = st.sampled_from(["a", "b", "c", "d", "e", "", "x1", "x2"])
wild_spans = st.builds(
    Span,
    names,
    st.one_of(st.none(), names),
    st.sampled_from(["shop", "pay", ""]),
    st.sampled_from(["get", "put 1", "put 2"]),
    times,
    times,
    error=st.booleans(),
    attributes=st.sampled_from([{}, {"retry.attempt": 1}, {"retry.attempt": "x"}, {"db.system": 3}, {"a": [1]}]),
)
wild = st.builds(Trace, st.just("t"), st.lists(wild_spans, max_size=25).map(tuple))


@given(wild)
@settings(deadline=None)
def test_the_path_is_never_longer_than_the_trace(trace: Trace) -> None:
    known, path = tree(trace), critical_path(trace)
    total = math.fsum(step.seconds for step in path)
    assert total <= known.seconds * (1 + 1e-9) + 1e-9
    assert all(step.seconds >= 0 for step in path)
    assert len({id(step.span) for step in path}) == len(path)


@given(wild)
@settings(deadline=None)
def test_a_single_root_is_accounted_for_to_the_last_second(trace: Trace) -> None:
    known = tree(trace)
    if len(known.tops) == 1 and known.seconds > 0:
        total = math.fsum(step.seconds for step in critical_path(trace))
        assert total == pytest.approx(known.seconds, rel=1e-9, abs=1e-9)


@given(wild)
@settings(deadline=None)
def test_own_time_is_within_the_span(trace: Trace) -> None:
    for step in exclusive(trace):
        assert 0 <= step.seconds <= step.span.seconds * (1 + 1e-9) + 1e-9


@given(wild)
@settings(deadline=None)
def test_every_timed_span_is_in_the_tree_once(trace: Trace) -> None:
    known = tree(trace)
    reached, waiting = set(), list(known.tops)
    while waiting:
        index = waiting.pop()
        assert index not in reached
        reached.add(index)
        waiting.extend(known.children[index])
    assert reached == set(range(len(known.spans)))


@given(st.lists(wild, max_size=4))
@settings(deadline=None)
def test_findings_survive_anything(traces: list[Trace]) -> None:
    shape = graph(traces)
    assert sum(node.spans for node in shape.nodes) == sum(len(tree(each).spans) for each in traces)
    assert all(0 <= node.error_rate <= 1 and math.isfinite(node.average) for node in shape.nodes)
    assert all(edge.caller != edge.callee for edge in shape.edges)
    for found in bottlenecks(traces):
        assert 0.2 < found.worst <= 1 + 1e-9
        assert found.share <= found.worst + 1e-9
    assert all(found.retries >= found.recovered for found in retries(traces))
    assert all(found.most >= 5 for found in fan_outs(traces))
    for difference in slowest_difference(traces[:2], traces[2:]):
        assert difference.seconds > 0
        assert 0 <= difference.share <= 1


@given(wild, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_spans_is_no_matter(trace: Trace, dice: Any) -> None:
    distinct = {one.id: one for one in trace.spans}
    spans = list(distinct.values())
    dice.shuffle(spans)
    shuffled, sorted_ = Trace("t", tuple(spans)), Trace("t", tuple(distinct.values()))
    one, other = graph([shuffled]), graph([sorted_])
    assert {(node.name, node.spans, node.calls, node.errors) for node in one.nodes} == {
        (node.name, node.spans, node.calls, node.errors) for node in other.nodes
    }
    assert {(edge.caller, edge.callee, edge.calls) for edge in one.edges} == {
        (edge.caller, edge.callee, edge.calls) for edge in other.edges
    }
    assert math.fsum(node.total for node in one.nodes) == pytest.approx(math.fsum(node.total for node in other.nodes))
    assert {(step.span.id, step.seconds) for step in exclusive(shuffled)} == {
        (step.span.id, step.seconds) for step in exclusive(sorted_)
    }


# ---------------------------------------------------------------- the critical path


def test_parallel_calls_are_one_time() -> None:
    path = milliseconds(critical_path(PARALLEL))
    assert sum(path.values()) == 100
    assert path["root"] == 20
    assert "b" not in path


def test_calls_one_after_another_are_all_waited_for() -> None:
    path = critical_path(
        trace(span("root", None, 0, 100), span("a", "root", 5, 40), span("b", "root", 40, 70), span("c", "b", 45, 65))
    )
    assert milliseconds(path) == {"root": 35, "a": 35, "b": 10, "c": 20}
    assert [step.span.id for step in path] == ["root", "a", "b", "c"]


def test_what_ends_last_is_followed_not_what_is_long() -> None:
    path = milliseconds(
        critical_path(
            trace(
                span("root", None, 0, 100),
                span("long", "root", 0, 80),
                span("inner", "long", 0, 79),
                span("last", "root", 60, 100),
            )
        )
    )
    assert path == {"root": 60, "last": 40}


def test_clocks_that_are_a_little_apart_do_not_hide_a_call() -> None:
    path = milliseconds(
        critical_path(trace(span("root", None, 0, 100), span("a", "root", 0, 50.4), span("b", "root", 50, 100)))
    )
    assert path == {"root": 0, "a": 50, "b": 50}


def test_a_child_that_outlives_its_parent_is_cut_at_its_end() -> None:
    path = milliseconds(critical_path(trace(span("root", None, 0, 100), span("late", "root", 50, 5_000))))
    assert path == {"root": 50, "late": 50}


def test_a_child_of_another_time_is_not_on_the_path() -> None:
    path = milliseconds(critical_path(trace(span("root", None, 0, 100), span("skewed", "root", 900_000, 900_050))))
    assert path == {"root": 100}


def test_orphans_are_below_the_only_root() -> None:
    path = milliseconds(critical_path(trace(span("root", None, 0, 100), span("orphan", "lost", 20, 90))))
    assert path == {"root": 30, "orphan": 70}


def test_without_a_root_the_path_goes_over_what_there_is() -> None:
    path = milliseconds(critical_path(trace(span("a", "lost", 0, 40), span("b", "lost", 60, 100))))
    assert path == {"a": 40, "b": 40}


def test_a_circle_is_cut_where_it_began() -> None:
    known = trace(span("a", "c", 0, 90), span("b", "a", 10, 80), span("c", "b", 20, 70), span("self", "self", 0, 1))
    assert milliseconds(critical_path(known))["c"] == 50
    assert tree(known).parents[0] is None


def test_no_spans_have_no_path() -> None:
    assert critical_path(trace()) == ()
    assert exclusive(trace()) == ()
    assert critical_path(trace(span("a", None, math.nan, 5))) == ()


def test_ten_thousand_calls_deep() -> None:
    deep = trace(*(span(str(n), str(n - 1) if n else None, n, 20_001 - n) for n in range(10_000)))
    path = critical_path(deep)
    assert len(path) == 10_000
    assert math.fsum(step.seconds for step in path) == pytest.approx(20.001)


def test_a_circle_of_ten_thousand() -> None:
    around = trace(*(span(str(n), str((n - 1) % 10_000), n, 20_001 - n) for n in range(10_000)))
    assert tree(around).tops == (0,)


def test_both_sides_of_a_call_may_share_an_id() -> None:
    known = tree(
        trace(
            span("root", None, 0, 100),
            span("x", "root", 10, 90, kind="client"),
            span("x", "root", 20, 80, kind="server"),
        )
    )
    assert known.parents == (None, 0, 1)


def test_a_span_received_twice_is_there_once() -> None:
    assert len(tree(trace(span("a", None, 0, 1), span("a", None, 0, 1))).spans) == 1


# ---------------------------------------------------------------- own time


def test_parallel_children_are_taken_off_once() -> None:
    known = trace(
        *(
            span(id_, "root" if id_ != "root" else None, 0 if id_ == "root" else 10, 100 if id_ == "root" else 90)
            for id_ in ("root", "a", "b", "c")
        )
    )
    assert milliseconds(exclusive(known)) == {"root": 20, "a": 80, "b": 80, "c": 80}


def test_a_child_beyond_its_parent_takes_only_what_lies_within() -> None:
    known = trace(span("root", None, 50, 100), span("early", "root", 0, 60), span("late", "root", 90, 500))
    assert milliseconds(exclusive(known))["root"] == 30


# ---------------------------------------------------------------- the graph


def test_the_graph_counts_calls_between_services() -> None:
    spans = (
        span("1", None, 0, 100, service="web"),
        span("2", "1", 10, 90, service="web", kind="client"),
        span("3", "2", 20, 80, service="api", kind="server", error=True),
        span("4", "3", 30, 50, service="db"),
        span("5", "3", 50, 60, service="db"),
        span("6", "gone", 0, 10, service="db"),
    )
    shape = graph([Trace("t", spans), Trace("u", spans)])
    web, api, db = (next(node for node in shape.nodes if node.name == name) for name in ("web", "api", "db"))
    assert (web.spans, web.calls, round(web.total, 9)) == (4, 2, 0.2)
    assert (api.errors, api.error_rate, round(api.average, 9)) == (2, 1.0, 0.06)
    assert (db.spans, db.calls) == (6, 6)
    assert [(edge.caller, edge.callee, edge.calls) for edge in shape.edges] == [("api", "db", 4), ("web", "api", 2)]
    assert shape.edges[0].average == pytest.approx(0.015)
    assert shape.basis == "of the 2 fetched traces"


def test_no_traces_are_an_empty_graph() -> None:
    assert graph([]).nodes == ()


# ---------------------------------------------------------------- what stands out


def test_a_bottleneck_takes_more_than_a_fifth_itself() -> None:
    one = trace(
        span("root", None, 0, 100, name="GET /"),
        span("query", "root", 10, 70, name="SELECT", service="db", attributes={"db.system": "postgresql"}),
        span("small", "root", 70, 85, name="log"),
    )
    found = bottlenecks([one, one])
    assert [(it.service, it.name) for it in found] == [("db", "SELECT"), ("shop", "GET /")]
    assert (round(found[0].share, 6), found[0].traces, found[0].severity) == (0.6, 2, "critical")
    assert "database" in found[0].recommendation
    assert "60%" in found[0].recommendation


def test_a_bottleneck_of_one_trace_does_not_outrank_one_of_all() -> None:
    usual = trace(span("root", None, 0, 100, name="GET /"), span("a", "root", 10, 60, name="usual"))
    odd = trace(span("root", None, 0, 100, name="GET /"), span("a", "root", 1, 99, name="odd"))
    names = [it.name for it in bottlenecks([usual] * 9 + [odd])]
    assert names.index("usual") < names.index("odd")


def test_three_parallel_bottlenecks_are_no_more_than_the_trace() -> None:
    found = bottlenecks([PARALLEL])
    assert all(it.share <= 1 for it in found)


def test_a_trace_without_duration_is_passed_over() -> None:
    assert bottlenecks([trace(span("root", None, 5, 5))]) == ()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"attributes": {"gen_ai.request.model": "m"}}, "model"),
        ({"attributes": {"db.system": "redis"}}, "cache"),
        ({"kind": "client"}, "network"),
        ({"kind": "consumer"}, "queue"),
        ({"kind": "server"}, "profile"),
    ],
)
def test_the_advice_fits_the_span(more: dict[str, Any], word: str) -> None:
    assert word in bottlenecks([trace(span("root", None, 0, 100, **more))])[0].recommendation


def test_a_call_after_a_failed_one_is_a_retry() -> None:
    found = retries(
        [
            trace(
                span("root", None, 0, 100),
                span("1", "root", 0, 30, name="pay", error=True),
                span("2", "root", 31, 60, name="pay", error=True),
                span("3", "root", 61, 90, name="pay"),
                span("4", "root", 91, 95, name="other"),
            )
        ]
    )
    assert [(it.name, it.retries, it.recovered, it.traces) for it in found] == [("pay", 2, 1, 1)]
    assert found[0].seconds == pytest.approx(0.059)


def test_calls_side_by_side_are_no_retries() -> None:
    spans = (span(str(n), "root", 0, 50, name="pay", error=True) for n in range(3))
    assert retries([trace(span("root", None, 0, 100), *spans)]) == ()


def test_a_span_may_say_that_it_is_a_retry() -> None:
    found = retries([trace(span("root", None, 0, 100), span("1", "root", 0, 9, attributes={"retry.attempt": 2}))])
    assert [(it.name, it.retries) for it in found] == [("1", 1)]


def test_many_alike_calls_are_found_whatever_their_numbers() -> None:
    rows = [span(f"q{n}", "root", n * 10, n * 10 + 9, name=f"SELECT item {n}", service="db") for n in range(8)]
    found = fan_outs([trace(span("root", None, 0, 100, name="GET /cart"), *rows)])
    assert [(it.name, it.callee, it.call, it.most, it.sequential) for it in found] == [
        ("GET /cart", "db", "SELECT item #", 8, True)
    ]


def test_many_calls_at_once_are_not_one_after_another() -> None:
    rows = [span(f"q{n}", "root", 0, 90, name="embed") for n in range(8)]
    assert not fan_outs([trace(span("root", None, 0, 100), *rows)])[0].sequential


def test_the_slow_ones_differ_where_they_are_slow() -> None:
    def made(db: float) -> Trace:
        return trace(span("root", None, 0, 50 + db), span("db", "root", 20, 20 + db, service="db", name="SELECT"))

    found = slowest_difference([made(200), made(300)], [made(10)])
    assert [(it.service, it.name) for it in found] == [("db", "SELECT")]
    assert found[0].seconds == pytest.approx(0.24)
    assert found[0].share == pytest.approx(1.0)


def test_nothing_differs_from_nothing() -> None:
    assert slowest_difference([], [PARALLEL]) == ()
    assert slowest_difference([PARALLEL], [PARALLEL]) == ()
