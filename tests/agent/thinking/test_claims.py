"""Numbers that no result has are marked; those that one has are not, however they are written."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.thinking.claims import MARK, Support, checked
from bot.telemetry.units import shown

RESULT = {
    "p95": 0.41234,
    "errors": 1234,
    "error_rate": 0.0031,
    "requests": 1_500_000,
    "memory": "2.1 GiB",
    "took": "812 ms",
    "cost": 12.5,
    "burn": "14.4×",
    "spans": [100, 200],
    "at": "2026-03-18T15:04:05Z",
}


@pytest.fixture
def support() -> Support:
    found = Support()
    found.read(json.dumps(RESULT))
    return found


@pytest.mark.parametrize(
    "said",
    [
        "p95 is 412 ms",
        "p95 is 0.412 s",
        "p95 is 0.41 seconds",
        "about 400 ms",
        "roughly 410 ms",
        "0.31 % of requests",
        "0,31 % der Anfragen",
        "0.3 percent",
        "a share of 0.0031",
        "1,234 errors",
        "1’234 errors",
        "1.2k errors",
        "around 1,200 errors",
        "1.5M requests",
        "1.5 million requests",
        "1500k requests",
        "2.1 GiB and 2.1 GB",
        "it took 0.812 s, which is 812 ms",
        "$12.50 an hour",
        "burns 14.4x too fast, 14.4 × as fast",
        "100 and 200",
        "−12.5",
    ],
)
def test_a_number_of_a_result_is_fine_however_it_is_written(said: str, support: Support) -> None:
    assert checked(said, support).unsupported == ()
    assert checked(said, support).text == said


@pytest.mark.parametrize(
    "said",
    [
        "at 15:30, or 3pm, or 3:45 p.m.",
        "on 2026-03-18 at 07:08:09 UTC, and on 18 March 2027, March 19th, 19.03.2026",
        "1. first\n2. second\n  3) third",
        "step 7, option 9, #42",
        "in the last 45 minutes, every 90 days",
        "v2.3.1, version 4.7, 10.0.0.17",
        "p99.9 of chat-api-7 as in apr-12ab34 and r17, run-77",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736, commit 9fceb02",
        "https://example.com/d/77?from=123456",
        "```promql\nhistogram_quantile(0.95, rate(x[5m])) > 77\n```",
        "no number at all",
        "",
    ],
)
def test_times_ordinals_versions_ids_and_code_claim_nothing(said: str, support: Support) -> None:
    assert checked(said, support).text == said


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("p95 is 512 ms", ("512 ms",)),
        ("p95 is 412 s", ("412 s",)),
        ("p95 is 413 ms", ("413 ms",)),
        ("0.41234567 s", ("0.41234567 s",)),
        ("3.1 %", ("3.1 %",)),
        ("1,235 errors", ("1,235",)),
        ("1.3k errors", ("1.3k",)),
        ("about 700 ms", ("700 ms",)),
        ("**55 %** of it", ("55 %",)),
        ("| a | 99 |", ("99",)),
        ("it is `77 ms` there", ("77 ms",)),
        ("HTTP 503 came 88 times", ("503", "88")),
        ("```\nerrors 4321\n```", ("4321",)),
        ("$99.99", ("$99.99",)),
        ("3x slower", ("3x",)),
        ("a drop of −17 %", ("−17 %",)),
        ("9 GB", ("9 GB",)),
        ("within 300 ms", ("300 ms",)),
        ("1,200 errors", ("1,200",)),
        ("18 errors", ("18",)),
    ],
)
def test_a_number_that_no_result_has_is_marked(said: str, wrong: tuple[str, ...], support: Support) -> None:
    found = checked(said, support)
    assert found.unsupported == wrong
    assert "unverified" in found.text
    assert re.sub("\n⚠︎.*", "", found.text.replace(MARK, "")) == said


def test_the_mark_stands_behind_the_unit_and_outside_of_code(support: Support) -> None:
    assert checked("It is **512 ms** now.", support).text == f"It is **512 ms{MARK}** now."
    assert checked("It is `512 ms` now.", support).text == f"It is `512 ms`{MARK} now."


def test_how_many_there_are_may_be_said() -> None:
    support = Support()
    support.count({"services": ["a", "b", "c"], "none": []})
    assert checked("3 services, 0 others", support).unsupported == ()
    assert checked("4 services", support).unsupported == ("4",)


@given(st.floats(1e-6, 1e12), st.sampled_from(["", "s", "share", "bytes", "/s", "$"]))
def test_what_our_own_charts_would_say_of_a_value_is_always_supported(value: float, unit: str) -> None:
    support = Support()
    support.read(json.dumps({"value": value}))
    said = f"it is {shown(value, unit)} there"
    assert checked(said, support).unsupported == (), said
