from __future__ import annotations

import contextlib
import re
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.queries.promql import (
    MOST,
    MOST_OPERATORS,
    Matcher,
    Selector,
    aggregate,
    checked,
    increase,
    labels_of,
    literally,
    metrics_of,
    over_time,
    parse,
    quantile,
    rate,
    span,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(TEXT)
def test_a_label_value_comes_back_as_it_was(text: str) -> None:
    read: Any = promql_parser.parse(str(Selector("up", (Matcher("x", text), Matcher("y", "z")))))
    assert [each.value for each in read.matchers.matchers if each.name == "x"] == [text]


@given(TEXT)
def test_literally_fits_the_text_and_nothing_else(text: str) -> None:
    assert re.fullmatch(literally(text), text, re.DOTALL)
    assert not re.fullmatch(literally(text), f"{text}x", re.DOTALL)
    parse(str(Selector("up", (Matcher("x", literally(text), "=~"), Matcher("y", "z")))))


@pytest.mark.parametrize("name", ["", "a b", "1a", 'a"', "a}", "é", "a-b", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="no name of a metric"):
        str(Selector(name))
    with pytest.raises(InvalidInput, match="no name of a label"):
        str(Matcher(name, "x"))


@pytest.mark.parametrize(
    ("seconds", "said"), [(30, "30s"), (90, "90s"), (120, "2m"), (7_200, "2h"), (604_800, "1w"), (0.2, "1s")]
)
def test_durations_are_whole(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_parts_make_whole_queries() -> None:
    up = Selector("up", (Matcher("env", "production"),))
    made = [
        rate(up, 300),
        increase(up.named("down"), 60),
        over_time("max", up.where(Matcher("job", "x", "!=")), 3_600),
        aggregate("sum", str(up)),
        aggregate("max", str(up), ("a", "b")),
        quantile(0.95, Selector("took_seconds"), 120, ("service",)),
    ]
    assert made[1] == 'increase(down{env="production"}[1m])'
    assert made[4] == 'max by (a, b) (up{env="production"})'
    assert made[5] == "histogram_quantile(0.95, sum by (le, service) (rate(took_seconds_bucket[2m])))"
    for each in made:
        assert checked(each) == each


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{}", "no PromQL"),
        ("rate(up)", "no PromQL"),
        ('up{a=~"("}', "no PromQL"),
        ("up[99999999999999999999y]", "no PromQL"),
        ('up{a="\ud800"}', "no PromQL"),
        ("sum(", "no PromQL"),
        ("x" * (MOST + 1), "characters"),
        ("(" * 9_000, "operators and brackets"),
        ("-" * (MOST_OPERATORS + 1) + "1", "operators and brackets"),
        ("up" + " + up" * (MOST_OPERATORS + 1), "operators and brackets"),
    ],
)
def test_what_may_not_be_sent_is_said(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        checked(text)
    assert caught.value.mend
    assert len(caught.value.message) < 700


def test_brackets_in_strings_are_no_operators() -> None:
    assert checked('up{a="' + "(" * 2_000 + '"}')


@given(st.text(max_size=200) | st.text("up{}[]()=~!\"'`+-*/5mh,\\ \n", max_size=80))
def test_whatever_is_asked_it_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        parse(text)


QUERY = (
    'sum by (a) (rate({__name__=~"h.*", env="x", job!="y", zone=""}[5m] offset 1m)) / on (instance) build_info '
    'or topk(3, foo{pod=~"p.*"}) or absent_over_time(bar[5m:1m]) or {__name__="baz", env="y"} or -foo'
)


def test_metrics_are_found_wherever_they_stand_and_a_pattern_is_no_name() -> None:
    assert metrics_of(QUERY) == ("build_info", "foo", "bar", "baz")
    assert metrics_of("1 + 2") == ()


def test_labels_that_a_series_must_have_are_found() -> None:
    assert labels_of(QUERY) == ("env", "pod")


def test_deep_queries_are_looked_through() -> None:
    assert metrics_of("(" * 499 + "up" + ")" * 499) == ("up",)
    assert len(metrics_of("+".join(f"m{number}" for number in range(MOST_OPERATORS)))) == MOST_OPERATORS
