"""TraceQL over columns gives what one gets by looking at the spans one by one."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.queries.traceql import parse
from bot.telemetry.queries.traceql_parts import (
    NUMBERS,
    Combined,
    Comparing,
    Comparison,
    Condition,
    Field,
    Filter,
    Logical,
    Not,
    Query,
    Relating,
    Spanset,
    Value,
)
from integrations.sandbox.platform.tempo.matching import matches, possible
from integrations.sandbox.platform.tempo.spans import Spans
from integrations.sandbox.platform.tempo.traces import Traces
from integrations.sandbox.platform.world import World

NOON: Final = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
FIRST: Final = int(NOON.timestamp()) // 60
ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@pytest.fixture(scope="module")
def spans() -> Spans:
    world = World(7)
    world.inject("error_burst", "payments", "staging", NOON)
    return Traces(world).spans("staging", FIRST + 2, FIRST + 4)


# ---------------------------------------------------------------- one by one


def holds(spans: Spans, span: int, condition: Condition) -> bool:
    match condition:
        case Logical("&&", parts):
            return all(holds(spans, span, part) for part in parts)
        case Logical(_, parts):
            return any(holds(spans, span, part) for part in parts)
        case Not(inner):
            return not holds(spans, span, inner)
        case Comparison(field, compare, other):
            right = told(spans, span, other) if isinstance(other, Field) else other
            return compared(told(spans, span, field), compare, right)


def told(spans: Spans, span: int, field: Field) -> Value | None:
    column = spans.column(field)
    return column.at(span) if column else None


def compared(left: Value | None, compare: Comparing, right: Value | None) -> bool:
    if right and right.kind == "nil":
        return (left is None) == (compare == "=")
    if left is None or right is None or (left.kind != right.kind and not {left.kind, right.kind} <= NUMBERS):
        return False
    if compare in {"=~", "!~"}:
        found = re.fullmatch(str(right.value), str(left.value)) is not None
        return left.kind == right.kind == "string" and found == (compare == "=~")
    return ORDERS[compare](left.value, right.value)


def chosen(spans: Spans, wanted: Spanset) -> set[int]:
    everything = range(len(spans))
    match wanted:
        case Filter(condition):
            return {span for span in everything if condition is None or holds(spans, span, condition)}
        case Combined(how, parts):
            result = chosen(spans, parts[0])
            for part in parts[1:]:
                result = related(spans, result, how, chosen(spans, part))
            return result


def related(spans: Spans, left: set[int], how: Relating, right: set[int]) -> set[int]:
    parents = {span: int(spans.parent[span]) for span in range(len(spans))}
    match how:
        case "||":
            return left | right
        case "&&":
            both = {int(spans.trace[span]) for span in left} & {int(spans.trace[span]) for span in right}
            return {span for span in left | right if int(spans.trace[span]) in both}
        case ">":
            return {span for span in right if parents[span] in left}
        case "<":
            return {span for span in right if any(parents[one] == span for one in left)}
        case ">>":
            return {span for span in right if above(parents, span) & left}
        case "<<":
            callers = {one for span in left for one in above(parents, span)}
            return right & callers
        case "~":
            return {span for span in right if any(beside(parents, span, other) for other in left)}


def above(parents: dict[int, int], span: int) -> set[int]:
    found = set()
    while (span := parents[span]) >= 0:
        found.add(span)
    return found


def beside(parents: dict[int, int], span: int, other: int) -> bool:
    return span != other and parents[span] == parents[other] >= 0


conditions = st.recursive(
    st.sampled_from(
        [
            '{resource.service.name = "checkout"}',
            '{.service.name =~ "c.*|frontend"}',
            '{name !~ "POST.*"}',
            "{status = error}",
            "{kind = client}",
            "{duration > 5ms}",
            "{duration <= 300us}",
            "{traceDuration > 200ms}",
            "{span.http.response.status_code >= 500}",
            "{.http.response.status_code = 200.0}",
            "{span.retry.attempt != nil}",
            "{span.db.system = nil}",
            "{.nothing = nil}",
            '{rootName = "GET /"}',
            "{rootServiceName = resource.service.name}",
            "{name = rootName}",
            "{span.gen_ai.usage.input_tokens > 400}",
            "{childCount > 1}",
            "{duration = traceDuration}",
            '{.http.route != "/cart"}',
            "{status = unset && kind = server}",
            '{span.http.response.status_code = "200"}',
            '{statusMessage != ""}',
            '{resource.service.version =~ ".*rc.*"}',
        ]
    ).map(lambda text: parse(text).spans.condition),  # type: ignore[union-attr]
    lambda inner: st.one_of(
        st.builds(Logical, st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)
sets = st.recursive(
    st.builds(Filter, conditions),
    lambda inner: st.builds(
        Combined, st.sampled_from(get_args(Relating)), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ),
    max_leaves=3,
)


@given(sets)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_and_spans_agree(spans: Spans, wanted: Spanset) -> None:
    assert set(matches(spans, Query(wanted)).spans.tolist()) == chosen(spans, wanted)


# ---------------------------------------------------------------- stages


def grouped(spans: Spans, text: str) -> list[tuple[int, list[int], dict[str, Any]]]:
    found = matches(spans, parse(text))
    groups: dict[int, list[int]] = {}
    for span, group in zip(found.spans.tolist(), found.groups.tolist(), strict=True):
        groups.setdefault(group, []).append(span)
    return [
        (int(spans.trace[members[0]]), members, {said.name: said.at(group).value for said in found.said})
        for group, members in groups.items()
    ]


def test_sets_are_counted_trace_by_trace(spans: Spans) -> None:
    found = grouped(spans, "{kind = server} | count() > 6")
    assert found
    for trace, members, said in found:
        servers = [int(span) for span in spans.members(trace) if not spans.client[span]]
        assert sorted(members) == sorted(servers)
        assert said == {"count()": len(servers)}
        assert len(servers) > 6


@pytest.mark.parametrize(("function", "of"), [("min", min), ("max", max), ("sum", sum)])
def test_sets_are_measured(spans: Spans, function: str, of: Callable[[list[int]], int]) -> None:
    found = grouped(spans, f"{{kind = client}} | {function}(duration) > 3ms")
    assert found
    for _, members, said in found:
        assert said[f"{function}(duration)"] == pytest.approx(of([int(spans.duration[span]) for span in members]))
        assert said[f"{function}(duration)"] > 3_000_000


def test_an_average_is_of_the_spans_that_have_the_field(spans: Spans) -> None:
    found = grouped(spans, "{} | avg(span.http.response.status_code) > 210")
    assert found
    for trace, _, said in found:
        column = spans.column(Field("span", "http.response.status_code"))
        assert column
        codes = [value.value for span in spans.members(trace) if (value := column.at(int(span)))]
        assert said["avg(span.http.response.status_code)"] == pytest.approx(sum(codes) / len(codes))  # type: ignore[arg-type]


def test_sets_are_split_by_a_field_and_joined_again(spans: Spans) -> None:
    split = grouped(spans, "{} | by(resource.service.name) | count() > 2")
    assert split
    for _, members, said in split:
        services = {spans.plan.services[spans.service[span]] for span in members}
        assert services == {said["by(resource.service.name)"]}
        assert said["count()"] == len(members) > 2
    joined = grouped(spans, "{} | by(resource.service.name) | count() > 2 | coalesce()")
    assert len({trace for trace, _, _ in split}) == len(joined)
    assert {span for _, members, _ in split for span in members} == {
        span for _, members, _ in joined for span in members
    }


@pytest.mark.parametrize("field", ["duration", "span.db.system", ".nothing", "span.retry.attempt"])
def test_whatever_sets_are_split_by_no_span_is_lost(spans: Spans, field: str) -> None:
    assert sum(len(members) for _, members, _ in grouped(spans, f"{{}} | by({field})")) == len(spans)


def test_a_filter_further_on_keeps_what_is_left(spans: Spans) -> None:
    found = {span for _, members, _ in grouped(spans, "{kind=server} | {status=error}") for span in members}
    assert found == set(matches(spans, parse("{kind=server && status=error}")).spans.tolist())


def test_what_a_query_speaks_of_is_shown() -> None:
    world = Traces(World(7)).spans("development", FIRST, FIRST + 1)
    found = matches(world, parse("{status=error && duration>1s} | by(name) | select(span.http.route)"))
    assert [str(field) for field in found.shown] == ["status", "name", "span.http.route"]


@pytest.mark.parametrize(
    ("text", "staging"),
    [
        ('{resource.deployment.environment = "production"}', False),
        ('{.deployment.environment =~ "stag.*" && status=error}', True),
        ('{status=error || resource.deployment.environment = "production"}', True),
        ('{resource.deployment.environment = "production"} && {status=error}', False),
        ('{resource.deployment.environment = "production"} || {status=error}', True),
        ('{status=error} >> {resource.deployment.environment != "staging"}', False),
        ("{}", True),
    ],
)
def test_environments_that_cannot_match_are_not_drawn(text: str, *, staging: bool) -> None:
    assert possible(parse(text).spans, "staging") is staging


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<a>x)(?P<a>y)"])
def test_a_regular_expression_that_is_none_is_refused(spans: Spans, pattern: str) -> None:
    with pytest.raises(InvalidInput, match="error parsing regexp"):
        matches(spans, parse(f'{{name =~ "{pattern}"}}'))
