"""Large results become small, say what is left out, and can be paged through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.thinking.compacting import compact
from bot.agent.thinking.results import Results
from bot.errors import InvalidInput
from bot.ports import Json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(max_size=8), inner, max_size=40),
    max_leaves=80,
)


def test_a_small_result_is_shown_whole() -> None:
    value: Json = {"summary": "well", "rows": [[1, "a"], [2, "b"]], "none": None}
    assert json.loads(compact(value, 12_000, "r1")) == value


def test_many_numbers_become_their_statistics_and_say_so() -> None:
    text = compact({"values": [float(each) for each in range(1, 1_001)]}, 12_000, "r4")
    told = json.loads(text.split("\n")[0])["values"]
    assert told["numbers"] == 1_000
    assert (told["min"], told["max"], told["mean"], told["first"], told["last"]) == (1.0, 1_000.0, 500.5, 1.0, 1_000.0)
    assert told["p95"] == pytest.approx(950.05)
    assert "values: 1,000 numbers, told by their statistics" in text
    assert 'results.page {"result":"r4","path":"values","from":0,"many":50}' in text


def test_points_keep_their_first_and_last_moment_and_missing_ones_are_counted() -> None:
    points: list[Json] = [[f"t{each}", None if each % 10 == 0 else each] for each in range(100)]
    told = json.loads(compact({"points": points}, 12_000, "r1").split("\n")[0])["points"]
    assert (told["from"], told["to"], told["numbers"], told["missing"]) == ("t0", "t99", 100, 10)


def test_many_rows_become_the_first_of_them() -> None:
    rows: list[Json] = [{"name": f"service-{each}", "note": "x" * 50} for each in range(5_000)]
    text = compact({"rows": rows}, 12_000, "r1")
    shown = json.loads(text.split("\n")[0])["rows"]
    assert shown == rows[: len(shown)]
    assert f"rows: {5_000 - len(shown):,} of 5,000 rows, after the first {len(shown)}" in text


def test_many_lines_become_their_patterns() -> None:
    lines: list[Json] = [f"connection to 10.0.0.{each % 250} refused after {each} ms" for each in range(3_000)]
    lines += [f"user {each} logged in" for each in range(300)]
    text = compact({"lines": lines}, 12_000, "r1")
    told = json.loads(text.split("\n")[0])["lines"]
    assert told["lines"] == 3_300
    assert [each["count"] for each in told["patterns"]] == [3_000, 300]
    assert "connection to" in told["patterns"][0]["pattern"]
    assert "lines: 3,300 lines, told by their patterns" in text


def test_three_hundred_kilobytes_fit_and_what_is_rare_is_named_as_left_out() -> None:
    text = "\n".join(f"{chr(97 + each % 26) * (each % 7 + 3)} did {each}" for each in range(15_000))
    value: Json = {"log": text, "wide": {f"k{each}": "v" * 40 for each in range(2_000)}}
    shown = compact(value, 12_000, "r1")
    assert len(json.dumps(value)) > 300_000
    assert len(shown) <= 12_000
    assert "Left out:" in shown
    assert "log:" in shown


@given(JSON, st.integers(600, 3_000))
def test_whatever_it_is_it_fits_and_nothing_is_left_out_silently(value: Json, room: int) -> None:
    text = compact(value, room, "r1")
    assert len(text) <= room
    if json.dumps(value, ensure_ascii=False, separators=(",", ":")) != text:
        assert "eft out" in text


# ---------------------------------------------------------------- pages


@pytest.fixture
def results() -> Results:
    found = Results(2_000)
    found.keep("logs.search", "Logs", {"lines": [f"line {each}" for each in range(1_000)], "note": "a\nb\nc"})
    return found


def test_pages_are_turned_from_anywhere_and_say_how_to_go_on(results: Results) -> None:
    page = results.page({"result": "r1", "path": "lines", "from": 500, "many": 3})
    assert page.split("\n") == [
        "lines of r1, items 500 to 502 of 1,000. Go on with from=503.",
        "line 500",
        "line 501",
        "line 502",
    ]
    assert "That is the end." in results.page({"result": "r1", "path": "lines", "from": 999})
    assert results.page({"result": "r1", "path": "note"}).endswith("a\nb\nc")
    assert '"lines": [' in results.page({"result": "r1"})
    assert "none from 1,000 on" in results.page({"result": "r1", "path": "lines", "from": 1_000})


def test_a_page_is_no_longer_than_its_room(results: Results) -> None:
    page = results.page({"result": "r1", "path": "lines", "many": 500})
    assert len(page) < 2_200
    assert "Go on with from=" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "result"),
        ({"result": "r9"}, "there is no result 'r9' Pages can be turned of: r1."),
        ({"result": "r1", "path": "linez"}, "r1 has no 'linez'"),
        ({"result": "r1", "path": "lines.5000"}, "r1 has no '5000'"),
        ({"result": "r1", "from": -1}, "from"),
        ({"result": "r1", "many": 10_000}, "many"),
        ({"result": "r1", "rm": "-rf"}, "rm"),
    ],
)
def test_a_page_that_is_none_says_what_would_be_one(arguments: dict[str, Json], said: str, results: Results) -> None:
    with pytest.raises(InvalidInput) as error:
        results.page(arguments)
    assert said in str(error.value)
