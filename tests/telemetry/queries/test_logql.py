from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.queries import logql
from bot.telemetry.queries.logql import (
    Aggregate,
    Binary,
    BytesFilter,
    DurationFilter,
    Every,
    Extract,
    Grouping,
    LabelFormat,
    Labels,
    LineFilter,
    LineFormat,
    Logs,
    Malformed,
    Matcher,
    Number,
    NumberFilter,
    Over,
    Parser,
    Rename,
    Selector,
    Some,
    Template,
    Unwrap,
    Where,
    parse,
)
from bot.telemetry.queries.logql_nodes import Decolorize
from bot.telemetry.queries.logql_regex import compiled, escaped, literal
from bot.telemetry.queries.logql_tokens import KEYWORDS, MAX_QUERY

texts = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.from_regex(re.compile(r"[a-z_][a-z0-9_]{0,6}", re.ASCII), fullmatch=True).filter(lambda n: n not in KEYWORDS)
plain = st.builds(Matcher, names, st.sampled_from(["=", "!="]), texts)
regexes = st.builds(lambda n, op, t: Matcher(n, op, escaped(t)), names, st.sampled_from(["=~", "!~"]), texts)
compares = st.sampled_from(["==", "!=", ">", ">=", "<", "<="])
numbers = st.floats(allow_nan=False, allow_infinity=False)
wholes = st.integers(0, 2**60)
filters = st.recursive(
    plain
    | regexes
    | st.builds(NumberFilter, names, compares, numbers)
    | st.builds(DurationFilter, names, compares, wholes)
    | st.builds(BytesFilter, names, compares, wholes),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Every(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Some(tuple(parts)))
    ),
    max_leaves=5,
)


def many(one: st.SearchStrategy[object], least: int = 1) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(one, min_size=least, max_size=3).map(tuple)


fields = many(st.tuples(names, texts), least=0)
stages = st.one_of(
    st.builds(LineFilter, st.sampled_from(["|=", "!="]), many(texts)),
    st.builds(LineFilter, st.sampled_from(["|~", "!~"]), many(texts.map(escaped))),
    st.builds(Parser, st.just("json"), fields),
    st.builds(Parser, st.just("logfmt"), fields, st.sampled_from([(), ("--strict",), ("--strict", "--keep-empty")])),
    st.just(Parser("unpack")),
    st.builds(lambda text: Extract("pattern", f"{text} <path> "), texts.filter(lambda t: "<" not in t)),
    st.builds(lambda text: Extract("regexp", f"{escaped(text)}(?P<x>.*)"), texts),
    st.builds(Where, filters),
    st.builds(LineFormat, texts),
    st.builds(LabelFormat, many(st.builds(Rename, names, names) | st.builds(Template, names, texts))),
    st.builds(Labels, st.sampled_from(["drop", "keep"]), many(names | plain)),
    st.just(Decolorize()),
)
logs = st.builds(
    lambda one, more, then: Logs(Selector((Matcher("service", "=", one), *more)), then),
    texts.filter(bool),
    many(plain | regexes, least=0),
    many(stages, least=0),
)
windows = st.integers(1, 2**60)
offsets = st.integers(-(2**60), 2**60)
groupings = st.none() | st.builds(Grouping, st.sampled_from(["by", "without"]), many(names, least=0))
unwraps = st.builds(Unwrap, names, st.sampled_from(["", "bytes", "duration"]), many(filters, least=0))
overs = st.one_of(
    st.builds(Over, st.sampled_from(["count_over_time", "rate", "bytes_rate"]), logs, windows, offsets),
    st.builds(Over, st.sampled_from(["rate", "sum_over_time"]), logs, windows, offsets, unwraps),
    st.builds(Over, st.just("quantile_over_time"), logs, windows, offsets, unwraps, numbers, groupings),
)
metrics = st.recursive(
    overs | st.builds(Number, numbers),
    lambda inner: (
        st.builds(Aggregate, st.sampled_from(["sum", "avg", "count", "stddev"]), inner, groupings)
        | st.builds(Aggregate, st.sampled_from(["topk", "bottomk"]), inner, groupings, st.integers(1, 9))
        | st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "%", "^"]), inner, inner)
        | st.builds(Binary, compares, inner, inner, st.booleans())
    ),
    max_leaves=4,
)


@given(logs | metrics)
def test_what_is_written_reads_as_the_same(query: logql.Query) -> None:
    assert parse(str(query)) == query


@given(st.text(max_size=60) | st.text('{}()[]|=~!"`\\, ab1m.<>+-*/^%#', max_size=60))
def test_any_text_is_a_query_or_a_plain_refusal(text: str) -> None:
    try:
        query: logql.Query | None = parse(text)
    except InvalidInput as refused:
        query, said = None, (refused.message, refused.mend)
    else:
        said = ("read", str(query))
    assert all(said)
    assert query is None or parse(str(query)) == query


@given(texts.filter(bool), texts, texts)
def test_no_value_breaks_out_of_its_quotes(service: str, text: str, label: str) -> None:
    query = logql.logs({"service": service, "env": [label, "x"]}, contains=text, lacks=text, any_case=False)
    again = parse(str(query))
    assert isinstance(again, Logs)
    assert again.selector.matchers[0] == Matcher("service", "=", service)
    assert again.selector.matchers[1].matches(label)
    assert [each for each in again.stages if isinstance(each, LineFilter)] == (
        [LineFilter("|=", (text,)), LineFilter("!=", (text,))] if text else []
    )


@given(texts, texts, texts)
def test_an_escaped_text_finds_itself_only(before: str, text: str, after: str) -> None:
    assert compiled(escaped(text)).search(before + text + after)
    assert compiled(escaped(text)).fullmatch(text)
    assert literal(escaped(text)) == text


@pytest.mark.parametrize(
    ("text", "line", "column", "token", "expected"),
    [
        ('{service="payments"', 1, 20, "$end", "}"),
        ('{service="payments"} | jsonn', 1, 29, "$end", "="),
        ("", 1, 1, "$end", "a selector {…}"),
        ("{service=payments}", 1, 10, "payments", "a quoted text"),
        ('{service="a"}\n|= "b" | json |', 2, 16, "$end", "json"),
        ('{service="a"} | level == "error"', 1, 26, '"error"', "a number"),
        ('rate({service="a"}[5x])', 1, 20, "5x])", "an operator, a name or a value"),
        ('rate({service="a"})', 1, 19, ")", "["),
        ('{service="a"} |= "x', 1, 18, '"x', "a closing quote"),
        ('{service="a"} |= "\\q"', 1, 19, "\\q", "a known escape"),
        ('sum by service (rate({a="b"}[1m]))', 1, 8, "service", "("),
        ('{service="a",}', 1, 14, "}", "the name of a label"),
        ('nope({service="a"}[1m])', 1, 1, "nope", "a function of LogQL"),
        ("1e999", 1, 1, "1e999", "a smaller number"),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, line: int, column: int, token: str, expected: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(text)
    wrong = refused.value
    assert (wrong.line, wrong.column, wrong.token) == (line, column, token)
    assert any(each.startswith(expected) for each in wrong.expected)
    assert f"line {line}, column {column}" in wrong.message
    assert expected in wrong.mend
    assert token == "$end" or token in wrong.message


@pytest.mark.parametrize(
    "text",
    ["{}", '{a=""}', '{a=~".*"}', '{a=~"x|"}', '{a!="b"}', '{a!~".+"}', '{a=~"(?i)"}', 'rate({a=~".*"}[1m])'],
)
def test_a_selector_that_takes_everything_cannot_be_had(text: str) -> None:
    with pytest.raises(Malformed, match="selects every stream"):
        parse(text)


def test_nor_can_it_be_built() -> None:
    for matchers in ({}, {"service": ""}, {"service": ["", "a"]}):
        with pytest.raises(Malformed, match="selects every stream"):
            logql.logs(matchers)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('sum_over_time({a="b"}[1m])', "without unwrap"),
        ('count_over_time({a="b"} | unwrap x [1m])', "with unwrap"),
        ('rate({a="b"}[1m]) by (x)', "grouping not allowed"),
        ('quantile_over_time({a="b"} | unwrap x [1m])', "parameter required"),
        ('rate(0.5, {a="b"}[1m])', "no parameter allowed"),
        ('topk(rate({a="b"}[1m]))', "parameter required"),
        ('topk(0, rate({a="b"}[1m]))', "greater than 0"),
        ('count_over_time({a="b"}[0s])', "looks at a window"),
        ('{a="b"} | pattern "x"', "at least one capture"),
        ('{a="b"} | pattern "<x><y>"', "consecutive"),
        ('{a="b"} | regexp "(x)"', "named capture"),
    ],
)
def test_words_in_order_that_mean_nothing_are_refused(text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=x)", "(?!x)", "(?<=x)", "(?<!x)", r"(a)\1", r"(?P<n>a)(?P=n)", "(?>a)", "a*+", "a?+", "(?#c)", "(", ")",
        "[", "*", "a{1001}", r"\k", "(?x)a", "[[:nope:]]", r"\x{110000}", r"\p{L}", "(?(1)a|b)", "a" * 1001, "(" * 400,
        r"\Z", "a**", "a{2}{3}", "[b-a]", "\\",
    ],
)  # fmt: skip
def test_a_regex_that_loki_could_not_read_is_never_sent(pattern: str) -> None:
    with pytest.raises(InvalidInput):
        compiled(pattern)
    with pytest.raises(InvalidInput):
        logql.logs({"service": "a"}, pattern=pattern, any_case=False)


@pytest.mark.parametrize(
    ("pattern", "text", "what"),
    [
        ("(?i)ERROR", "an error", "error"),
        ("(?i)É", "é", "é"),
        ("a(?i)b|c", "C", "C"),
        ("a(?i)b|c", "AB", None),
        (r"\d", "٣", None),
        (r"\w", "é", None),
        (r"[\d_]x", "_x", "_x"),
        (r"\bfoo\b", "a foo b", "foo"),
        ("x$", "x\n", None),
        ("(?m)^x$", "y\nx\nz", "x"),
        ("[[:upper:]]{2}", "aBC", "BC"),
        ("[]a]+", "]", "]"),
        (r"\Qa.b\E.", "a.bc", "a.bc"),
        (r"\Qa.b", "axb", None),
        (r"\x{1F600}", "😀", "😀"),
        ("a{,5}", "a{,5}", "a{,5}"),
        ("(?<n>x)(?P<m>y)", "xy", "xy"),
        ("(?s).", "\n", "\n"),
        (".", "\n", None),
        ("(?i:a)b", "AB", None),
        (r"x\z", "x\n", None),
        ("[^]a]", "]", None),
    ],
)
def test_a_regex_means_what_it_means_to_loki(pattern: str, text: str, what: str | None) -> None:
    found = compiled(pattern).search(text)
    assert (found and found.group()) == what


@pytest.mark.parametrize("text", ["(" * 5000, "{" * 5000, '{a="b"} | ' + "(" * 500, "1" + "+1" * 5000, "2" + "^2" * 90])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_length_is_bounded() -> None:
    with pytest.raises(Malformed, match="characters"):
        parse('{a="' + "x" * MAX_QUERY + '"}')
    with pytest.raises(Malformed, match="characters"):
        logql.logs({"service": "x" * MAX_QUERY})


def test_names_of_labels_are_no_way_in() -> None:
    for name in ("", "a-b", 'a="b",c', "json", "1a", "é"):
        with pytest.raises(Malformed, match="no name of a label"):
            logql.logs({name: "x"})
        with pytest.raises(Malformed, match="no name of a label"):
            logql.by(logql.count(logql.logs({"a": "b"}), 60), name)


def test_errors_are_asked_for_in_any_case_and_without_a_parser() -> None:
    query = logql.logs({"service": "checkout", "env": "production"}, level="error", contains="time.out")
    assert str(query) == (
        '{service="checkout", env="production"} '
        '| level=~"(?i)(error|err|fatal|critical|crit|panic|severe|alert|emerg)" '
        'or detected_level=~"(?i)(error|err|fatal|critical|crit|panic|severe|alert|emerg)" '
        '|~ "(?i)time\\\\.out"'
    )


def test_levels_are_known_in_the_way_of_the_installation() -> None:
    assert (
        str(logql.logs({"service": "a"}, level="WARN", level_from="label"))
        == '{service="a", level=~"(?i)(warn|warning)"}'
    )
    assert (
        str(logql.logs({"service": "a"}, level="warn", level_from="detected"))
        == '{service="a"} | detected_level=~"(?i)(warn|warning)"'
    )
    assert (
        str(logql.logs({"service": "a"}, level="warn", level_from="text"))
        == '{service="a"} |~ "(?i)\\\\b(warn|warning)\\\\b"'
    )
    with pytest.raises(Malformed, match="no level"):
        logql.logs({"service": "a"}, level="loud")


def test_a_parser_loses_no_line_until_a_field_is_asked_for() -> None:
    assert str(logql.logs({"service": "a"}, fmt="json")).endswith("| json | drop __error__, __error_details__")
    asked = logql.logs({"service": "a"}, fmt="json", where=[NumberFilter("status", ">=", 500)])
    assert str(asked).endswith('| json | status >= 500 | __error__=""')


def test_the_usual_questions_are_short() -> None:
    errors, all_lines = logql.logs({"service": "a"}, level="error", level_from="label"), logql.logs({"service": "a"})
    part = logql.share(logql.by(logql.rate(errors, 300)), logql.by(logql.rate(all_lines, 300)))
    assert str(part).endswith('/ sum(rate({service="a"} [5m]))')
    assert str(logql.top(logql.by(logql.count(all_lines, 3600), "service"), 3)) == (
        'topk(3, sum by (service) (count_over_time({service="a"} [1h])))'
    )
    took = logql.over("quantile_over_time", all_lines.then(Parser("json")), 60, unwrap="ms", quantile=0.95)
    assert str(took) == 'quantile_over_time(0.95, {service="a"} | json | unwrap ms | __error__="" [1m])'
