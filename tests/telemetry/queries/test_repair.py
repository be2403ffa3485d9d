from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.queries import logql
from bot.telemetry.queries.promql import checked, parse
from bot.telemetry.queries.repair import settled


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("sum(rate(up[5m])", "sum(rate(up[5m]))"),
        ("sum(rate(up[5m", "sum(rate(up[5m]))"),
        ('up{env="x', 'up{env="x"}'),
        ("up{env=“x”}", 'up{env="x"}'),
        ('up{env=="x"}', 'up{env="x"}'),
        ('up{env="x"}{job="y"}', 'up{env="x", job="y"}'),
        ("```promql\nup{\n```", "up{}"),
        ("`up`", "up"),
        ("up – 1", "up - 1"),
        ("\u00a0rate(up[5m]", "rate(up[5m])"),
    ],
)
def test_what_can_be_mended_is_mended_and_both_are_told(broken: str, mended: str) -> None:
    assert settled(broken, checked) == (mended, broken.strip())


def test_what_parses_is_left_as_it_is() -> None:
    assert settled(' up{a="“quoted”"} ', checked) == ('up{a="“quoted”"}', "")


@pytest.mark.parametrize("hopeless", ["", "rate(up)", "{}", "select * from up", "up)", "sum by ((up)"])
def test_what_cannot_be_mended_fails_as_it_was_written(hopeless: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        settled(hopeless, checked)
    assert not hopeless or repr(hopeless)[1:-1] in caught.value.message


def test_logs_are_mended_alike() -> None:
    assert settled('{app=="x"} |= “boom”', logql.parse) == ('{app="x"} |= "boom"', '{app=="x"} |= “boom”')


@given(st.text(max_size=120) | st.text("up{}[]()=~\"'`“”–5m\\ab", max_size=60))
def test_nothing_unparsed_is_ever_given_back(text: str) -> None:
    try:
        query, before = settled(text, checked)
    except InvalidInput:
        return
    parse(query)
    assert before in {"", text.strip()}
