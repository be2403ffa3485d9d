"""TraceQL: what is built parses, what parses says the same again, and what does not says where and why."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.queries.traceql import NotTraceQL, field_of, parse, traces, value_of
from bot.telemetry.queries.traceql_parser import MAX_DEPTH
from bot.telemetry.queries.traceql_parts import (
    COMPARING,
    INTRINSICS,
    NUMBERS,
    SCOPES,
    Aggregate,
    By,
    Coalesce,
    Combined,
    Comparison,
    Condition,
    Field,
    Filter,
    Logical,
    Not,
    Query,
    Relating,
    Select,
    Stage,
    Value,
    mismatch,
    quoted,
)

RECORDINGS = Path(__file__).parents[2] / "sandbox" / "platform" / "recordings" / "tempo"

# ---------------------------------------------------------------- any query there is

fields = st.one_of(
    st.sampled_from(sorted(INTRINSICS)).map(lambda name: Field("intrinsic", name)),
    st.builds(Field, st.sampled_from(["", *SCOPES]), st.text(min_size=1, max_size=12)),
    st.builds(Field, st.sampled_from(["", *SCOPES]), st.sampled_from(["service.name", "http.route", "0.5", "a b"])),
)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda number: Value("int", number)),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: Value("duration", number)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: Value("float", number)),
)
values = st.one_of(
    st.text().map(lambda text: Value("string", text)),
    numbers,
    st.booleans().map(lambda value: Value("bool", value)),
    st.just(Value("nil", None)),
    st.sampled_from(["ok", "error", "unset"]).map(lambda word: Value("status", word)),
    st.sampled_from(["internal", "server", "client"]).map(lambda word: Value("kind", word)),
)
comparisons = st.builds(Comparison, fields, st.sampled_from(COMPARING), st.one_of(values, fields)).filter(
    lambda comparison: not mismatch(comparison)
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Logical, st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
spansets = st.recursive(
    st.builds(Filter, st.one_of(st.none(), conditions)),
    lambda inner: st.builds(
        Combined, st.sampled_from(get_args(Relating)), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ),
    max_leaves=4,
)
measures = fields.filter(lambda field: field.kind in {None, *NUMBERS})
orders = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
stages: st.SearchStrategy[Stage] = st.one_of(
    spansets,
    st.builds(Aggregate, st.just("count"), st.none(), orders, numbers),
    st.builds(Aggregate, st.sampled_from(["avg", "min", "max", "sum"]), measures, orders, numbers),
    st.builds(Select, st.lists(fields, min_size=1, max_size=3).map(tuple)),
    st.builds(By, fields),
    st.just(Coalesce()),
)
queries = st.builds(
    Query,
    spansets,
    st.lists(stages, max_size=3).map(tuple),
    st.lists(st.tuples(st.just("most_recent"), st.builds(Value, st.just("bool"), st.booleans())), max_size=1).map(
        tuple
    ),
)


@given(queries)
@settings(deadline=None)
def test_what_is_written_reads_back_the_same(query: Query) -> None:
    assert parse(str(query)) == query


@given(st.text())
@settings(deadline=None)
def test_a_text_is_quoted_on_one_line(text: str) -> None:
    assert quoted(text).isprintable()


@given(st.text(alphabet='{}()|&=!<>~".`\\,abnd 1s\n'))
@settings(deadline=None)
def test_any_text_is_a_query_or_refused_with_a_place(text: str) -> None:
    try:
        query = parse(text)
    except NotTraceQL as error:
        refused = error
    else:
        assert parse(str(query)) == query
        return
    assert 1 <= refused.line <= text.count("\n") + 1
    assert refused.column >= 1
    assert refused.mend


@given(st.text())
@settings(deadline=None)
def test_any_text_at_all_is_a_query_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert parse(str(parse(text)))


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            '{resource.service.name="checkout"&&status=error}',
            '{ resource.service.name = "checkout" && status = error }',
        ),
        ("{duration>1.5s}", "{ duration > 1500ms }"),
        ("{ traceDuration >= 2m }", "{ traceDuration >= 2m }"),
        ("{ duration > 1m30s }", "{ duration > 90s }"),
        ("{ .http.status_code >= 500 && .http.status_code < 600 }", None),
        ("{ span.cart.total > 1.5 }", None),
        ("{ span.retry != nil }", None),
        ("{ kind = server }", None),
        ("{ name =~ `GET .*` }", '{ name =~ "GET .*" }'),
        ('{ span."name with space" = "x" }', None),
        ('{ trace:id = "0a" }', None),
        ("{} | count() > 3", None),
        ("{status=error} | avg(duration) > 1s", "{ status = error } | avg(duration) > 1s"),
        ("{} | by(resource.service.name) | count() > 1", None),
        ("{} | select(span.http.route, statusMessage)", None),
        ("{} with (most_recent=true)", None),
        ("{ !(status = error) }", None),
        ("{ name = rootName }", None),
        ("{.a=1} >> {.b=2} && {.c=3}", "({ .a = 1 } >> { .b = 2 }) && { .c = 3 }"),
        ("{.a=1 || .b=2 && .c=3}", "{ (.a = 1 || .b = 2) && .c = 3 }"),
        ("{.a=1} | {.b=2}", "{ .a = 1 } | { .b = 2 }"),
        ('{ name = "a\\x41\\101\\u00e9\\n" }', '{ name = "aAAé\\n" }'),
    ],
)
def test_a_query_is_read_and_written_in_one_way(text: str, canonical: str | None) -> None:
    assert str(parse(text)) == (canonical or text)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("{status=", 9, "the query ends where a value"),
        ('{service.name="x"}', 2, "service stands where a field such as"),
        ('{duration="abc"}', 2, "duration is of the type duration, not string"),
        ("{status = 5}", 2, "of the type status, not int"),
        ("{status > error}", 2, "needs an order"),
        ('{duration =~ "1.*"}', 2, "compares text"),
        ("{span.a > nil}", 2, "cannot compare with nil"),
        ("{} | nope()", 6, "nope stands where"),
        ("", 1, "the query ends where `{` is expected"),
        ("{.a=1", 6, "the query ends where `&&`, `||` or `}`"),
        ("{.a=1}}", 7, "} stands where"),
        ("{.a=1} extra", 8, "extra stands where"),
        ('{.a="1}', 5, "a text is not closed"),
        ('{.a="\\q"}', 5, "an escape that does not exist"),
        ('{.a="\\ud800"}', 5, "an escape that does not exist"),
        ('{.a="\\xff"}', 5, "an escape that does not exist"),
        ("{.a=1 & .b=2}", 7, "`&` means nothing here"),
        ("{.a=99999999999999999999}", 5, "a smaller number"),
        (f"{{.a={'9' * 5000}}}", 5, "a smaller number"),
        ("{.a=1e999}", 5, "a smaller number"),
        ("{duration>999999y}", 11, "a smaller number"),
        ("{} | avg(name) > 1", 10, "a field that is a number"),
        ('{} | count() > "1"', 16, "a number to compare with"),
        ("{} | rate()", 6, "rate stands where"),
        ('{span."" = 1}', 2, "where a field"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, column: int, says: str) -> None:
    with pytest.raises(NotTraceQL) as refused:
        parse(text)
    assert refused.value.column == column
    assert says in refused.value.message
    assert f"column {column}" in refused.value.message


def test_a_place_further_down_has_its_line() -> None:
    with pytest.raises(NotTraceQL, match=r"line 2, column 3"):
        parse("{.a=1}\n| nope()")


@pytest.mark.parametrize("text", ["(" * 5_000, "{" + "(" * 5_000, "{" + "!(" * 4_000, "{.a=1" + "&&.b=1||.c=1" * 800])
def test_depth_has_a_bound(text: str) -> None:
    with pytest.raises(NotTraceQL, match=f"more than {MAX_DEPTH} deep"):
        parse(text)


def test_a_long_chain_is_not_deep() -> None:
    text = "{ " + " && ".join(f".a{number} = {number}" for number in range(600)) + " }"
    assert str(parse(text)) == text


def test_length_has_a_bound() -> None:
    with pytest.raises(InvalidInput, match="characters"):
        parse("{" + " " * 20_000 + "}")


def _recorded() -> list[Any]:
    files = [json.loads(path.read_text()) for path in sorted(RECORDINGS.glob("search_*.json"))]
    return [file["request"]["params"]["q"] for file in files if "q" in (file["request"]["params"] or {})]


@pytest.mark.parametrize("text", _recorded())
def test_what_tempo_took_we_take_but_for_metrics(text: str) -> None:
    if "rate()" in text:
        with pytest.raises(NotTraceQL):
            parse(text)
    else:
        assert parse(str(parse(text))) == parse(text)


# ---------------------------------------------------------------- building


def test_names_become_a_query() -> None:
    query = traces(service="chat-api", environment="production", slower_than=0.5, failed=True)
    assert str(query) == (
        '{ resource.service.name = "chat-api" && resource.deployment.environment = "production"'
        " && status = error && duration > 500ms }"
    )


def test_labels_are_called_otherwise_elsewhere() -> None:
    query = traces(service="a", environment="b", service_field="resource.app", environment_field=".env name")
    assert str(query) == '{ resource.app = "a" && ."env name" = "b" }'


def test_attributes_keep_their_types() -> None:
    query = traces(attributes={"span.http.response.status_code": 500, "cached": False, "share": 0.5, "kind of": "x"})
    assert (
        str(query) == '{ span.http.response.status_code = 500 && .cached = false && .share = 0.5 && ."kind of" = "x" }'
    )


def test_a_query_that_selects_everything_is_not_built() -> None:
    with pytest.raises(InvalidInput, match="every trace"):
        traces()


@given(st.text(min_size=1, max_size=50), st.text(max_size=50))
@settings(deadline=None)
def test_no_value_escapes_its_quotes(service: str, name: str) -> None:
    query = traces(service=service, name=name)
    read = parse(str(query))
    assert read == query
    assert isinstance(read.spans, Filter)


@pytest.mark.parametrize("slow", [-1.0, float("nan"), float("inf"), 1e30])
def test_a_duration_is_a_number_of_seconds(slow: float) -> None:
    with pytest.raises(InvalidInput, match="not a duration"):
        traces(service="a", slower_than=slow)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, "\ud800", "x" * 3_000])
def test_a_value_that_cannot_be_written_is_refused(value: float | str) -> None:
    with pytest.raises(InvalidInput):
        value_of(value)


@pytest.mark.parametrize("name", ["", "resource.", "a\nb", "x" * 3_000])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not the name"):
        field_of(name)


def test_an_intrinsic_is_compared_with_its_own_type() -> None:
    with pytest.raises(InvalidInput, match="duration is of the type duration, not string"):
        traces(attributes={"duration": "slow"})
