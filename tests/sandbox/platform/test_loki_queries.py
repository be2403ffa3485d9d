from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.queries.logql import Logs, Query, parse
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.metrics import evaluate
from integrations.sandbox.platform.loki.pipeline import search
from integrations.sandbox.platform.loki.samples import Line
from integrations.sandbox.platform.loki.values import instant, written
from tests.sandbox.platform.loki_recorded import Memory

SECOND = 1_000_000_000
A = {"service": "a", "level": "info"}
B = {"service": "b", "level": "error"}


def store(*texts: str, labels: dict[str, str] | None = None) -> Memory:
    """Lines one second apart."""
    return Memory((labels or A, (100 + at) * SECOND, text, {}) for at, text in enumerate(texts))


def logs(text: str) -> Logs:
    query = parse(text)
    assert isinstance(query, Logs)
    return query


def found(query: str, *texts: str) -> list[tuple[str, dict[str, str]]]:
    """What a pipeline makes of lines: the text, and the labels besides those of the stream."""
    entries = search(store(*texts), logs(query), 0, 10**15, limit=100, newest_first=False)
    return [(each.entry.line, {k: v for k, v in each.entry.labels().items() if k not in A}) for each in entries]


def metric(query: str, of: Memory, *seconds: int) -> dict[str, list[float | None]]:
    read: Query = parse(query)
    assert not isinstance(read, Logs)
    lines = evaluate(read, of, np.array(seconds) * 1000)
    assert isinstance(lines, list)
    return {",".join(f"{k}={v}" for k, v in line.labels): _values(line) for line in lines}


def _values(line: Line) -> list[float | None]:
    return [value if there else None for value, there in zip(line.values.tolist(), line.there.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("query", "line", "labels"),
    [
        ('{service="a"} | json', '{"x": 1.50, "y": {"z": true}, "n": null, "l": [1], "k-1": ""}',
         {"x": "1.50", "y_z": "true", "k_1": ""}),
        ('{service="a"} | json', '{"level": "warn"}', {"level_extracted": "warn"}),
        ('{service="a"} | json first="y.z", second="l[1]", third="nope"', '{"y": {"z": "v"}, "l": [1, {"q": 2}]}',
         {"first": "v", "second": '{"q": "2"}', "third": ""}),
        ('{service="a"} | logfmt', 'a=1 b="two \\"x\\"" c= d', {"a": "1", "b": 'two "x"'}),
        ('{service="a"} | logfmt --keep-empty', "c= d", {"c": "", "d": ""}),
        ('{service="a"} | logfmt x="b"', "a=1 b=2", {"x": "2"}),
        ('{service="a"} | pattern "<ip> - <_> <path> <status>"', "10.0.0.1 - me /x/y 200",
         {"ip": "10.0.0.1", "path": "/x/y", "status": "200"}),
        ('{service="a"} | regexp "(?P<took>[0-9]+)ms"', "in 42ms", {"took": "42"}),
        ('{service="a"} | json | x > 1 | x <= 2.5', '{"x": 2.5}', {"x": "2.5"}),
        ('{service="a"} | logfmt | took > 100ms and size < 1MB', "took=1.5s size=20KB",
         {"took": "1.5s", "size": "20KB"}),
        ('{service="a"} | logfmt | took > 2s or size < 1MB', "took=1.5s size=20KB", {"took": "1.5s", "size": "20KB"}),
        ('{service="a"} | logfmt | label_format b=a, c="<{{.b}}|{{ .b | ToUpper }}>"', "a=x",
         {"b": "x", "c": "<x|X>"}),
        ('{service="a"} | logfmt | drop a, b="2"', "a=1 b=2 c=3", {"c": "3"}),
        ('{service="a"} | logfmt | keep a, service, level', "a=1 b=2", {"a": "1"}),
    ],
)  # fmt: skip
def test_a_stage_reads_what_loki_reads(query: str, line: str, labels: dict[str, str]) -> None:
    assert found(query, line) == [(line, labels)]


def test_lines_are_written_anew() -> None:
    assert found('{service="a"} | logfmt | line_format "{{.x}}: {{__line__}}"', "x=1") == [("1: x=1", {"x": "1"})]
    assert found('{service="a"} | decolorize', "\x1b[31mred\x1b[0m") == [("red", {})]
    assert found('{service="a"} | unpack', '{"_entry": "inner", "pod": "p"}') == [("inner", {"pod": "p"})]


def test_filters_follow_lokis_rules_for_what_is_missing_or_broken() -> None:
    assert found('{service="a"} | x > 1', "no label") == []
    assert found('{service="a"} | x = ""', "no label") == [("no label", {})]
    broken = found('{service="a"} | json | x > 1', "no json")
    assert [labels["__error__"] for _, labels in broken] == ["JSONParserErr"]
    assert found('{service="a"} | json | x > 1 | __error__=""', "no json", '{"x": 2}') == [('{"x": 2}', {"x": "2"})]
    assert found('{service="a"} | logfmt | x > 1', "x=many")[0][1]["__error__"] == "LabelFilterErr"


@pytest.mark.parametrize("query", ['{service="a"} | line_format "{{ nope .x }}"', '{service="a"} | json x="a..b"'])
def test_templates_and_paths_that_are_not_understood_are_refused(query: str) -> None:
    with pytest.raises(BadQuery, match="parse error"):
        found(query, "x")


def test_lines_are_counted_after_the_start_of_a_window_up_to_its_end() -> None:
    lines = store(*"abcdef")
    assert metric('count_over_time({service="a"}[2s])', lines, 100, 101, 103, 200) == {
        "level=info,service=a": [1.0, 2.0, 2.0, None]
    }
    assert metric('rate({service="a"}[2s] offset 1s)', lines, 101, 104) == {"level=info,service=a": [0.5, 1.0]}
    assert metric('bytes_over_time({service="a"} |= "a" [10s])', store("aé", "b"), 105) == {
        "level=info,service=a": [3.0]
    }
    assert metric('absent_over_time({service="a", level="info"}[1s])', lines, 100, 300) == {
        "level=info,service=a": [None, 1.0]
    }


def test_numbers_in_lines_are_put_together() -> None:
    lines = store(*(f"v={value} d={value}ms" for value in (4, 1, 3, 2)))
    for op, value in {"sum": 10, "avg": 2.5, "min": 1, "max": 4, "first": 4, "last": 2, "stdvar": 1.25}.items():
        query = f'{op}_over_time({{service="a"}} | logfmt | drop d | unwrap v [10s])'
        assert metric(query, lines, 105) == {"level=info,service=a": [value]}
    query = 'quantile_over_time(0.5, {service="a"} | logfmt | unwrap duration(d) [10s]) by (service)'
    assert metric(query, lines, 105)["service=a"] == [pytest.approx(0.0025)]


def test_series_are_put_together_by_labels() -> None:
    both = Memory([*store("x", "y").lines, *store("x", labels=B).lines])
    query = 'count_over_time({service=~".+"}[10s])'
    assert metric(f"sum by (service) ({query})", both, 105) == {"service=a": [2.0], "service=b": [1.0]}
    assert metric(f"max without (service) ({query})", both, 105) == {"level=error": [1.0], "level=info": [2.0]}
    assert metric(f"count({query})", both, 105) == {"": [2.0]}
    assert metric(f"avg({query})", both, 105) == {"": [1.5]}
    assert metric(f"stddev({query})", both, 105) == {"": [0.5]}
    assert metric(f"topk(1, {query})", both, 105) == {"level=info,service=a": [2.0]}
    assert metric(f"bottomk(1, {query})", both, 105) == {"level=error,service=b": [1.0]}


def test_arithmetic_matches_equal_labels() -> None:
    both = Memory([*store("x", "y").lines, *store("x", labels=B).lines])
    every = 'sum by (service) (count_over_time({service=~".+"}[10s]))'
    some = 'sum by (service) (count_over_time({service="a"} |= "x" [10s]))'
    assert metric(f"{some} / {every}", both, 105) == {"service=a": [0.5]}
    assert metric(f"{every} * 2 > 3", both, 105)["service=a"] == [4.0]
    assert metric(f"{every} > 1", both, 105)["service=b"] == [None]
    assert metric(f"1 < bool {every}", both, 105) == {"service=a": [1.0], "service=b": [0.0]}
    assert math.isinf(metric(f"{every} / 0", both, 105)["service=a"][0] or 0)


def test_too_many_series_are_refused() -> None:
    many = Memory((A, (100 + at % 60) * SECOND, "x", {"trace_id": str(at)}) for at in range(600))
    with pytest.raises(BadQuery, match="maximum number of series"):
        metric('count_over_time({service="a"}[2m])', many, 200)
    assert metric('sum(count_over_time({service="a"}[2m]))', many, 200) == {"": [600.0]}


_KEPT = {
    '|= "x"': {"x", "xy"}, '!= "x"': {"y", ""}, '|~ "x|y"': {"x", "y", "xy"}, '!~ "^$"': {"x", "y", "xy"},
    '|= "x" or "y"': {"x", "y", "xy"}, '|= "x" != "y"': {"x"}, "": {"x", "y", "xy", ""},
}  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 3 * 3600), st.sampled_from(["x", "y", "xy", ""])), max_size=40),
    st.sampled_from(sorted(_KEPT)),
    st.integers(1, 50),
    st.booleans(),
)
def test_a_search_finds_what_reading_everything_would_find(
    lines: list[tuple[int, str]],
    filters: str,
    limit: int,
    newest_first: bool,  # noqa: FBT001  drawn
) -> None:
    memory = Memory((A, at * SECOND, text, {}) for at, text in lines)
    query = logs(f'{{service="a"}} {filters}')
    got = search(memory, query, 0, 4 * 3600 * SECOND, limit=limit, newest_first=newest_first)
    expected = sorted((at for at, text in lines if text in _KEPT[filters]), reverse=newest_first)[:limit]
    assert [each.time // SECOND for each in got] == expected


@given(st.floats(allow_nan=False))
def test_numbers_are_written_as_they_are_read(value: float) -> None:
    assert float(written(value)) == value
    assert "e" not in written(value)


def test_times_are_whole_seconds_where_they_can_be() -> None:
    assert json.dumps([instant(1795267664000), instant(1795267664085)]) == "[1795267664, 1795267664.085]"
