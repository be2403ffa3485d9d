"""Finding what is unusual in a file: files as people have them, and what they get back."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner, Result

from bot.cli import cli, main
from bot.detection import command
from bot.detection.events import Event, alone, events
from bot.detection.scoring import Scored, remarks, scored, step_of
from bot.detection.showing import CELLS, Report
from bot.detection.table import Table, read
from bot.errors import ConfigurationError
from bot.telemetry.charts.draw import draw
from bot.telemetry.charts.shapes import Lines, Small
from bot.telemetry.signals import Floats
from bot.watch.detecting import Kind
from bot.watch.finding import Subject
from bot.watch.sweeping import Sheet, Sweep
from bot.watch.tracking import CALM, HELD

BEGIN = 1_767_571_200
MINUTE = 60


def noisy(count: int, seed: int = 1) -> Floats:
    """Healthy: a level with a little noise."""
    return np.asarray(100.0 + np.random.default_rng(seed).normal(0.0, 2.0, count))


def written(values: Sequence[float] | Floats, header: str = "timestamp,value", step: int = MINUTE) -> str:
    rows = (f"{datetime.fromtimestamp(BEGIN + step * place, UTC):%Y-%m-%dT%H:%M:%SZ},{value:.4f}"
            for place, value in enumerate(values))  # fmt: skip
    return "\n".join([header, *rows]) + "\n"


def spiked(count: int = 600, at: int = 400) -> Floats:
    values = noisy(count)
    values[at : at + 5] += 80.0
    return values


def look(table: Table) -> Scored:
    return scored(table, "medium", lambda _: None)


def ran(*words: str, given: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(cli, ["detect", *words], input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def cells_of(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=separator))


# ---------------------------------------------------------------- files as people have them

MOMENTS = st.lists(
    st.datetimes(datetime(1974, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    min_size=1,
    max_size=30,
)
FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S +0000",
         "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%d %H:%M:%S UTC", "s", "ms", "us", "ns")  # fmt: skip
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@given(
    moments=MOMENTS,
    form=st.sampled_from(FORMS),
    separator=st.sampled_from(",;\t"),
    header=st.sampled_from([None, ("timestamp", "value"), ("Time", "Count"), ("ts", "cpu %"), ("event_time", "x")]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ending=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    data=st.data(),
)
def test_what_was_written_is_read_however_it_was_written(
    moments: list[datetime],
    form: str,
    separator: str,
    header: tuple[str, str] | None,
    quoting: int,
    ending: str,
    mark: bool,  # noqa: FBT001
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    number = st.one_of(st.floats(-1e9, 1e9), st.integers(-(10**6), 10**6).map(float))
    values = data.draw(st.lists(number, min_size=len(moments), max_size=len(moments)))
    seconds = [int(at.replace(tzinfo=UTC).timestamp()) for at in moments]
    per_second = PER_SECOND.get(form, 0)
    times = [
        str(at * per_second) if per_second else f"{when:{form}}" for at, when in zip(seconds, moments, strict=True)
    ]
    file = io.StringIO()
    out = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]
    if header:
        out.writerow(header)
    out.writerows(zip(times, map(repr, values), strict=True))
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_bytes(file.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    table = read(command._text(str(path)), UTC)
    assert table.times.tolist() == pytest.approx(seconds)
    assert table.values.tolist() == [pytest.approx(values)]
    assert table.names == ((header[1],) if header else ("value",))
    assert table.notes == ()


@given(st.one_of(st.text(max_size=200), st.text("0123456789,;\t\n\r\"'.-: eTZx", max_size=300)))
def test_any_text_is_read_or_refused_with_a_mend(text: str) -> None:
    try:
        table = read(text, UTC)
    except ConfigurationError as error:
        mended = bool(error.mend)
    else:
        mended = True
        assert table.values.shape == (len(table.names), len(table.times))
        assert len(list(table.rows())) == len(table.times)
        assert np.isfinite(table.times).any()
        assert np.isfinite(table.values).any(axis=1).all()
    assert mended


@pytest.mark.parametrize(
    "text",
    [
        "value,timestamp\n5,1700000000\n6,1700000060\n",
        "response_time,ts\n5,1700000000\n6,1700000060\n",
        "cpu load,started\n5,2023-11-14 22:13:20\n6,2023-11-14 22:14:20\n",
        "5,2023-11-14T22:13:20Z\n6,2023-11-14T22:14:20Z\n",
        ",timestamp,value\n0,1700000000,5\n1,1700000060,6\n",
        "timestamp,value,label,anomaly_score\n1700000000,5,0,0.3\n1700000060,6,1,0.4\n",
        "host,timestamp,value\nweb,1700000000,5\nweb,1700000060,6\n",
    ],
)
def test_time_and_values_are_found_by_name_or_by_looks(text: str) -> None:
    table = read(text, UTC)
    assert table.times.tolist() == [1_700_000_000, 1_700_000_060]
    assert table.values.tolist() == [[5, 6]]


def test_a_file_with_semicolons_has_commas_in_its_numbers() -> None:
    table = read("time;a;b\n1700000000;1,5;2,5\n1700000060;-3,25;4\n", UTC)
    assert (table.names, table.values.tolist()) == (("a", "b"), [[1.5, -3.25], [2.5, 4.0]])


def test_digits_of_a_day_are_that_day() -> None:
    table = read("date,value\n20260318,1\n20260319,2\n", UTC)
    assert table.times.tolist() == [datetime(2026, 3, day, tzinfo=UTC).timestamp() for day in (18, 19)]


def test_digits_of_a_day_among_seconds_that_count_up_are_seconds() -> None:
    assert read("t,value\n20260317,1\n", UTC).times.tolist() != [20_260_317]
    assert read("t,value\n0,1\n20260318,2\n", UTC).times.tolist() == [0, 20_260_318]


def test_times_without_a_zone_are_of_the_zone_that_was_given_and_the_hour_told_twice_is_two() -> None:
    lines = ["2026-10-25 01:30", "2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25 02:00", "2026-10-25 02:30",
             "2026-10-25 03:00"]  # fmt: skip
    table = read("time,v\n" + "".join(f"{line},1\n" for line in lines), ZoneInfo("Europe/Berlin"))
    begin = datetime(2026, 10, 24, 23, 30, tzinfo=UTC).timestamp()
    assert table.times.tolist() == [begin + 1800 * place for place in range(6)]


def test_values_that_are_not_there_are_counted_and_are_no_error() -> None:
    table = read("ts,v\n60,1\n120,\n180,NaN\n240,n/a\n300,inf\n360,2\n420\n", UTC)
    assert np.isnan(table.values[0]).tolist() == [False, True, True, True, True, False, True]
    assert table.notes == ("5 values of v missing.",)


def test_a_few_cells_that_cannot_be_read_are_skipped_and_the_first_is_named() -> None:
    lines = written(noisy(100)).splitlines()
    lines[7] = lines[7].split(",")[0] + ",oops"
    lines[9] = "yesterday,5"
    table = read("\n".join(lines), UTC)
    assert table.notes == (
        "1 row skipped: line 10 has 'yesterday', which is no timestamp.",
        "1 value of value skipped: line 8 has 'oops', which is no number.",
    )
    assert np.flatnonzero(np.isnan(table.times)).tolist() == [8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("timestamp,value\n", "no rows"),
        ("timestamp\n1700000000\n", "one column: 'timestamp'"),
        ("ts,value\n60,abc\n120,def\n", "Line 2 has 'abc', which is no number"),
        ("ts\tvalue\n60\t1,500\n120\t2,500\n", "Line 2 has '1,500', which is no number"),
        ("ts,value\n60,1\nmonday,2\ntuesday,3\n", "Line 3 has 'monday', which is no timestamp"),
        ("ts,value\n60,1\n120,1,5\n180,2,5\n", "Line 3 has 3 cells, and the first line 2"),
        ("ts,value\n03/04/2026 10:00,1\n03/04/2026 10:01,2\n", "'03/04/2026 10:00', which is no timestamp"),
        ("ts,value\n60,\n120,\n", "No cell holds anything in column 'value'."),
        ("ts,label\n60,1\n120,0\n", "No column holds values"),
        ('ts,value\n60,"1\n' + "2" * 200_000, "cannot be read as CSV"),
        ("ts,value\n60,1\n120,abc\n", "Line 3 has 'abc', which is no number in column 'value'."),
        ("ts,a\n60,1\n120,n/a\n180,two\n", "Line 4 has 'two', which is no number in column 'a'."),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line_and_its_words(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=r".") as raised:
        read(text, UTC)
    assert said in raised.value.message
    assert raised.value.mend


def test_two_columns_of_one_name_are_told_apart() -> None:
    assert read("ts,cpu,cpu\n60,1,2\n", UTC).names == ("cpu (column 2)", "cpu (column 3)")


# ---------------------------------------------------------------- scores and events


def test_the_score_of_a_sample_does_not_change_with_what_comes_after_it() -> None:
    values = spiked()
    whole, part = look(read(written(values), UTC)), look(read(written(values[:450]), UTC))
    assert np.array_equal(whole.scores[:, :450], part.scores)
    assert part.scores.max() > 0.5


def test_a_spike_is_one_event_with_its_time_and_its_numbers() -> None:
    (event,) = events(look(read(written(spiked()), UTC)))
    assert (event.since, event.direction, event.ended) == (BEGIN + 400 * MINUTE, "high", True)
    assert event.seconds == 5 * MINUTE
    assert event.value > 170
    assert 85 < event.low < event.expected < event.high < 115
    assert event.sure > 0.9


def test_healthy_noise_is_nothing_unusual() -> None:
    assert events(look(read(written(noisy(3_000)), UTC))) == ()


def test_each_series_has_its_own_events_and_they_come_in_the_order_of_time() -> None:
    rows = zip(spiked(at=500), spiked(at=300), noisy(600, 5), strict=True)
    text = "ts,a,b,c\n" + "".join(f"{60 * place},{a},{b},{c}\n" for place, (a, b, c) in enumerate(rows))
    assert [(event.series, event.since) for event in events(look(read(text, UTC)))] == [("b", 18_000), ("a", 30_000)]


def test_rows_in_any_order_are_scored_in_that_of_time_and_that_is_said() -> None:
    text = written(spiked())
    header, *lines = text.splitlines()
    turned = read("\n".join([header, *reversed(lines)]), UTC)
    straight = look(read(text, UTC))
    assert np.array_equal(look(turned).scores, straight.scores)
    assert any("not in the order of time" in each for each in remarks(turned, look(turned)))


def test_moments_told_twice_and_uneven_steps_are_said() -> None:
    table = read("ts,v\n" + "".join(f"{at},1\n" for at in (0, 60, 60, 100, 170, 199, 300, 301)), UTC)
    said = " ".join(remarks(table, look(table)))
    assert "1 row with the timestamp of the row before" in said
    assert "not evenly spaced" in said


def test_the_step_is_the_usual_one_and_one_moment_has_none() -> None:
    assert step_of(np.array([0.0, 60.0, 60.0, 120.0, 900.0, 960.0])) == 60
    with pytest.raises(ConfigurationError, match="same timestamp"):
        step_of(np.array([5.0, 5.0]))


def made(surprise: Sequence[float], times: Sequence[float] | None = None, line: float = 4.0) -> Scored:
    """As if the detectors had said so: values are 2 where they are surprising, where 1 is expected."""
    told = np.array([surprise], dtype=np.float32)
    values: Floats = np.where(told >= line / 2, 2.0, 1.0).astype(np.float64)
    flat = np.ones_like(told)
    at: Floats = np.array(times if times is not None else 60.0 * np.arange(len(surprise)), dtype=np.float64)
    kinds = np.full(told.shape, Kind.spike.value, dtype=np.int8)
    return Scored(
        ("v",), 60.0, line, np.arange(len(at)), at, values, told, flat, flat - 0.5, flat + 0.5, kinds, (True,)
    )


def spans(found: Scored) -> list[tuple[float, float, bool]]:
    return [(event.since, event.seconds, event.ended) for event in events(found)]


def test_two_of_three_samples_are_one_event_and_three_calm_ones_end_it() -> None:
    assert spans(made([0, 5, 0, 5, 0, 0, 0, 0, 5, 5, 0, 0])) == [(60, 180, True), (480, 120, False)]
    assert spans(made([0, 5, 5, 3, 3, 3, 3, 0, 0, 0])) == [(60, 360, True)], "not back yet, however little it surprises"


def test_one_odd_sample_alone_is_no_event_and_is_told_as_what_it_is() -> None:
    found = made([0, 30, 0, 0, 5, 0, 0, 0, 9, 9, 0, 0, 0])
    assert spans(found) == [(480, 120, True)]
    assert alone(found, events(found)) == [(0, 1), (0, 4)], "the most surprising first"
    remarks_of = Report(found, events(found), (), "UTC").json("medium")["remarks"]  # type: ignore[index, call-overload]
    assert remarks_of == [
        "2 odd samples alone, the oddest 2 at 1970-01-01 00:01: no finding, which takes two of three."
    ]


def test_of_several_series_it_is_said_whose_the_odd_sample_is() -> None:
    quiet, odd = made([0] * 12), made([0, 30, *[0] * 10])
    sides = ("values", "surprise", "expected", "low", "high", "kinds")
    both: dict[str, Any] = {side: np.concatenate([getattr(quiet, side), getattr(odd, side)]) for side in sides}
    found = replace(odd, names=("calm", "odd"), judged=(True, True), **both)
    remarks_of = Report(found, events(found), (), "UTC").json("medium")["remarks"]  # type: ignore[index, call-overload]
    assert remarks_of == ["1 odd sample alone, 2 of odd at 1970-01-01 00:01: no finding, which takes two of three."]


def test_the_echo_of_one_odd_sample_is_not_a_second_one() -> None:
    found = made([0, 8, 5, 5, 0, 0, 0, 5, 5, 0, 0, 0])
    found.values[0, 2:4] = 1.1
    assert spans(found) == [(420, 120, True)]


def test_a_gap_ends_an_event() -> None:
    times = [0.0, 60.0, 120.0, 3600.0, 3660.0]
    assert spans(made([0, 5, 5, 5, 5], times)) == [(60, 120, False), (3600, 120, False)]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=50), st.floats(1.5, 8))
def test_scores_lie_between_0_and_1_in_the_order_of_surprise_and_half_is_the_line(
    surprise: list[float], line: float
) -> None:
    scores = made([*surprise, line], line=line).scores[0]
    assert ((scores >= 0) & (scores < 1)).all()
    assert (np.diff(scores[np.argsort([*surprise, line])]) >= 0).all()
    assert scores[-1] == pytest.approx(0.5)


# ---------------------------------------------------------------- how long it lasted


def lifted(first: int, last: int, by: float, count: int = 600) -> list[Floats]:
    """Three series with the same event in other noise."""
    rows = [noisy(count, seed) for seed in (1, 2, 3)]
    for row in rows:
        row[first:last] += by
    return rows


def whole(rows: Sequence[Floats], step: int = MINUTE) -> Scored:
    names = tuple(f"s{number}" for number in range(len(rows)))
    times: Floats = BEGIN + step * np.arange(len(rows[0]), dtype=np.float64)
    return look(Table("", ",", True, ("t", *names), names, times, np.array(rows), ()))


def steps(found: Scored, told: Sequence[Event] | None = None) -> list[list[tuple[int, int]]]:
    """From which sample to which, of each series; the second is the first that is as usual."""
    every = [
        (each.series, round((each.since - BEGIN) / found.step), round((each.since + each.seconds - BEGIN) / found.step))
        for each in (events(found) if told is None else told)
    ]
    return [[(first, last) for series, first, last in every if series == name] for name in found.names]


@pytest.mark.parametrize(
    ("by", "first", "last"), [(80.0, 400, 430), (-80.0, 400, 430), (80.0, 400, 402), (40.0, 300, 460), (12.0, 400, 430)]
)
def test_a_step_lasts_as_long_as_it_did_whatever_detectors_remember_of_it(by: float, first: int, last: int) -> None:
    found = whole(lifted(first, last, by))
    told = events(found)
    for ((begin, end),) in steps(found, told):
        assert first <= begin <= first + (2 if abs(by) > 20 else 8), "a slight one is seen late"
        assert abs(end - last) <= 1
    assert {each.direction for each in told} == {"high" if by > 0 else "low"}
    assert all(each.ended and not each.stayed for each in told)


def test_a_spike_of_one_sample_is_none() -> None:
    found = whole(lifted(400, 401, 80.0))
    assert events(found) == ()
    assert sorted(alone(found, ())) == [(0, 400), (1, 400), (2, 400)]


def test_a_new_level_that_stays_is_told_until_it_is_usual_and_so_it_is_said() -> None:
    found = whole(lifted(300, 700, 80.0, 700))
    told = events(found)
    assert [first for ((first, _),) in steps(found, told)] == [300] * 3
    assert all(each.seconds == pytest.approx(HELD, abs=3 * MINUTE) and each.ended and each.stayed for each in told)
    assert {each.kind for each in told} == {"level"}
    early = whole([row[:400] for row in lifted(300, 700, 80.0, 700)])
    assert steps(early) == [[(300, 400)]] * 3
    assert not any(each.ended for each in events(early))


def test_a_flat_line_is_told_from_where_it_stopped_to_where_it_moved() -> None:
    rows = lifted(0, 0, 0.0)
    for row in rows:
        row[400:460] = row[400]
    found = whole(rows)
    told = events(found)
    assert steps(found, told) == [[(400, 460)]] * 3
    assert {each.kind for each in told} == {"flat"}
    assert all(np.isfinite([each.expected, each.low, each.high]).all() for each in told)


def test_what_stopped_before_anything_could_be_judged_has_a_usual_value_all_the_same() -> None:
    found = made([0, 0, 0, 0, 5, 5, 5, 0, 0, 0])
    found.kinds[:], found.values[0, 1:7], found.expected[0, :4] = Kind.flat.value, 2.0, np.nan
    (event,) = events(found)
    assert (event.kind, event.since, event.seconds, event.expected) == ("flat", 60, 360, 1)


def test_nothing_at_all_for_hours_is_one_event_though_it_does_not_move_either() -> None:
    rows = lifted(0, 0, 0.0)
    for row in rows:
        row[300:450] = 0.0
    assert steps(whole(rows)) == [[(300, 450)]] * 3


def test_a_peak_that_does_not_come_is_told_for_as_long_as_it_is_missed() -> None:
    a_day = 24 * 12
    hours = np.arange(9 * a_day) % a_day / 12
    rhythm = 50.0 * np.maximum(0.0, np.sin(np.pi * (hours - 6) / 12))
    missed = slice(8 * a_day + 11 * 12, 8 * a_day + 13 * 12)
    rhythm[missed] = 0.0
    found = whole([row + rhythm for row in lifted(0, 0, 0.0, 9 * a_day)], 300)
    for spans in steps(found):
        (late,) = [each for each in spans if each[0] > 2 * a_day]  # until then it cannot be known that it is a rhythm
        assert late == pytest.approx((missed.start, missed.stop), abs=2)
    assert events(found)[-1].direction == "low"


def test_an_event_does_not_reach_over_a_gap_and_cells_that_are_missing_do_not_end_it() -> None:
    rows = lifted(400, 440, 80.0)
    for row in rows:
        row[405:408] = np.nan
        row[415:430] = np.nan
    found = whole(rows)
    assert steps(found) == [[(400, 415), (430, 440)]] * 3
    assert [each.ended for each in events(found)] == [False] * 3 + [True] * 3
    (first, *_) = list(Report(found, events(found), (), "UTC").lines("medium"))[1].columns[1].cells  # type: ignore[union-attr]
    assert first == "15 min, to a gap"


@pytest.mark.parametrize(("by", "last"), [(80.0, 405), (80.0, 430), (-80.0, 500), (80.0, 700)])
def test_a_file_and_a_watch_tell_the_same_story(by: float, last: int) -> None:
    rows = lifted(400, last, by, 700)
    found = whole(rows)
    subjects = tuple(Subject(name, "production", "made") for name in found.names)
    ends: dict[tuple[str, float], float | None] = {}
    for moment in Sweep({}).feed(Sheet(subjects, found.times, found.values)):
        for each in moment.findings:
            ends[each.subject.service, each.since.timestamp()] = each.ended.timestamp() if each.ended else None
    calm = (CALM - 1) * MINUTE  # a watch says that it is over when it is sure
    assert ends == {
        (each.series, each.since): each.since + each.seconds + calm if each.ended else None for each in events(found)
    }


# ---------------------------------------------------------------- pictures


def report(found: Scored, told: Sequence[Event] | None = None) -> Report:
    return Report(found, events(found) if told is None else told, (), "UTC")


def test_a_million_samples_become_a_picture_in_which_no_spike_is_lost() -> None:
    surprise = np.zeros(1_000_000)
    surprise[654_321:654_330] = 9.0
    found = made(surprise.tolist())
    found.values[0, 654_321:654_330] = 77.0
    chart = report(found).chart("big.csv")
    assert isinstance(chart, Lines)
    assert len(chart.curves[0].values) <= CELLS + 1
    assert max(value or 0.0 for value in chart.curves[0].values) == 77
    assert [each.start.timestamp() for each in chart.stretches] == [654_321 * 60]
    assert draw(chart).startswith(b"\x89PNG")


def test_a_gap_is_a_gap_in_the_picture_and_a_late_sample_is_none() -> None:
    found = made([0.0] * 5, [0, 60, 150, 3600, 3660])
    chart = report(found).chart("gap.csv")
    assert isinstance(chart, Lines)
    curve = chart.curves[0].values
    assert (curve[1], curve[2], curve[3], curve[30], curve[-1]) == (1, 1, 1, None, 1)
    assert chart.band
    assert len(chart.band.low) == len(curve)


def test_several_series_are_panels_and_those_with_events_are_among_them() -> None:
    quiet = "".join(f",quiet{number}" for number in range(7))
    text = f"ts{quiet},loud\n" + "".join(
        f"{60 * place}" + 7 * f",{each}" + f",{loud}\n"
        for place, (each, loud) in enumerate(zip(noisy(600), spiked(), strict=True))
    )
    chart = report(look(read(text, UTC))).chart("many.csv")
    assert isinstance(chart, Small)
    assert [bool(panel.stretches) for panel in chart.panels] == [False] * 5 + [True]
    assert chart.panels[-1].title == "loud"


# ---------------------------------------------------------------- at the command line


def test_it_says_what_was_unusual_in_a_table() -> None:
    said = " ".join(ran("-", given=written(spiked())).stdout.split())
    assert "1 unusual time in 600 samples of value from 2026-01-05 00:00 to 2026-01-05 09:59 UTC, every 60 s." in said
    assert "2026-01-05 06:40" in said
    assert "spike" in said


def test_it_says_plainly_that_nothing_is_unusual_or_that_it_cannot_tell() -> None:
    assert "Nothing unusual in 600 samples" in ran("-", given=written(noisy(600))).stdout
    short = ran("-", given=written([1, 2, 90, 2]))
    assert "value: too few samples to judge." in short.stdout
    assert "Nothing unusual" not in short.stdout
    assert short.exit_code == 0


def test_every_row_comes_back_as_it_was_and_where_it_was_with_its_score(tmp_path: Path) -> None:
    header, *lines = written(spiked()).replace("value", '"a, b"').splitlines()
    lines = [*lines[300:], "yesterday,5", *lines[:300], "2026-01-05T10:01:00Z,"]
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text("\r\n".join([header, *lines]), encoding="utf-8")
    assert ran(str(file), "--out", str(out)).exit_code == 0
    got = cells_of(out.read_text(encoding="utf-8"))
    assert got[0] == ["timestamp", "a, b", "anomaly_score"]
    assert [row[:2] for row in got[1:]] == [line.split(",") for line in lines]
    scores = [float(row[2]) for row in got[1:]]
    assert np.argmax(scores) in range(100, 105)
    assert (max(scores) > 0.5, scores[300], scores[-1]) == (True, 0.0, 0.0)
    assert {each.name for each in tmp_path.iterdir()} == {"in.csv", "out.csv"}


def test_scores_on_standard_output_stand_there_alone() -> None:
    result = ran("-", "--out", "-", given=written(spiked()))
    assert len(cells_of(result.stdout)) == 601
    assert "1 unusual time" in result.stderr


def test_its_own_output_gives_the_same_output_again() -> None:
    once = ran("-", "--out", "-", given=written(spiked())).stdout
    assert ran("-", "--out", "-", given=once).stdout == once


def test_a_file_without_a_header_gets_one_and_several_series_a_score_each() -> None:
    text = "".join(f"{60 * place};{value};{value + 1}\n" for place, value in enumerate(spiked().tolist()))
    got = cells_of(ran("-", "--out", "-", given=text).stdout, ";")
    assert got[0] == ["timestamp", "value", "value_2", "anomaly_score", "anomaly_score_value", "anomaly_score_value_2"]
    assert all(float(row[3]) == max(float(row[4]), float(row[5])) for row in got[1:])


def test_it_says_it_in_json_in_the_time_zone_that_was_asked_for() -> None:
    told = json.loads(ran("-", "--json", "--timezone", "Asia/Tokyo", given=written(spiked())).stdout)
    assert (told["samples"], told["step_seconds"], told["from"]) == (600, 60, "2026-01-05T09:00:00+09:00")
    (finding,) = told["findings"]
    assert (finding["since"], finding["series"]) == ("2026-01-05T15:40:00+09:00", "value")


def test_more_sensitive_is_never_less() -> None:
    values = noisy(2_000)
    values[1_000:1_020] += 9.0
    counts = [
        len(json.loads(ran("-", "--json", "--sensitivity", each, given=written(values)).stdout)["findings"])
        for each in ("low", "medium", "high")
    ]
    assert counts == sorted(counts)
    assert counts[-1] > 0


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    ran("-", "--plot", str(path), given=written(spiked()))
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words", [("--sensitivity", "extreme"), ("--timezone", "Mars/Base"), ("--out", "no/where.csv")]
)
def test_a_wrong_command_line_ends_with_2(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.csv"
    file.write_text(written(noisy(5)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["llm-copilot", "detect", str(file), *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    told = capfd.readouterr().err
    assert words[1].split("/")[0] in told
    assert "Value error" not in told


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_what_it_reads_is_never_overwritten_by_whatever_name(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, link = tmp_path / "in.csv", tmp_path / "link.csv"
    file.write_text(before := written(spiked()), encoding="utf-8")
    link.symlink_to(file)
    for name in ("in.csv", "link.csv"):
        with pytest.raises(ConfigurationError, match=f"{option} would overwrite what it reads, '{name}'") as refused:
            ran(name, option, str(file))
        assert refused.value.mend == "Name another file."
    assert file.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "There is no file 'in.csv'."),
        ("folder", "'in.csv' is a folder."),
        (b"ts,value\n60,1\xb0\n", "'in.csv' is not a text file in UTF-8 (byte 14 is 0xb0)."),
        (b"\xef\xbb\xbfts,value\n60,1\xb0\n", "'in.csv' is not a text file in UTF-8 (byte 17 is 0xb0)."),
        (b"\xff\xfet", "'in.csv' is not a text file in UTF-16 (byte 3 is 0x74)."),
        (b"ts,value\n60,abc\n", "Line 2 has 'abc', which is no number in column 'value'."),
        (b"ts,value\nfoo,1\n60,2\n", "Line 2 has 'foo', which is no timestamp."),
        (b"ts,value\n60,1\n60,2\n", "All rows have the same timestamp."),
        (b"", "The file is empty."),
    ],
)
def test_wrong_input_ends_with_2_and_is_told_in_plain_words(
    raw: bytes | str | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if isinstance(raw, bytes):
        Path("in.csv").write_bytes(raw)
    elif raw:
        Path("in.csv").mkdir()
    monkeypatch.setattr(sys, "argv", ["llm-copilot", "detect", "in.csv"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    first, mend = capfd.readouterr().err.splitlines()
    assert first == f"Error: {said}"
    assert mend


@pytest.mark.parametrize("option", ["--out", "--plot"])
@pytest.mark.parametrize(
    ("place", "said"),
    [("no/where", "There is no folder 'no'."), (".", "'.' is a folder."), ("/proc/x", "'/proc/x' ca")],
)
def test_where_it_could_not_write_it_does_not_even_read(option: str, place: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ran("no-such-file.csv", option, place)
    assert raised.value.message.startswith(said)


def test_a_device_that_is_full_is_told_in_plain_words() -> None:
    with pytest.raises(ConfigurationError, match=r"^'/dev/full' cannot be written: No space left on device\. Name"):
        ran("-", "--out", "/dev/full", given=written(noisy(50)))


def test_a_large_file_shows_how_far_it_is_and_leaves_findings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, findings, text = io.StringIO(), io.StringIO(), written(spiked())
    monkeypatch.setattr(command, "BIG", len(text))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    aside = Console(file=screen, force_terminal=True, width=100)
    command.detect(Console(file=findings, width=100), aside, command.Wish("-"))
    assert "looking" in screen.getvalue()
    assert findings.getvalue().startswith("1 unusual time in 600 samples")


def test_the_two_that_want_standard_output_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match="both"):
        ran("-", "--out", "-", "--json", given=written(noisy(5)))


def test_a_file_of_utf_16_is_read_by_its_mark() -> None:
    assert "600 samples" in ran("-", given=written(noisy(600)).encode("utf-16")).stdout


@pytest.mark.parametrize("failing", ["write_scores", "draw"])
def test_no_half_file_is_left_and_the_old_ones_stay_where_writing_fails(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, plot = tmp_path / "out.csv", tmp_path / "out.png"
    for each in (out, plot):
        each.write_text("old", encoding="utf-8")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, failing, fails)
    with pytest.raises(ConfigurationError, match="No space left"):
        ran("-", "--out", str(out), "--plot", str(plot), given=written(noisy(50)))
    left = sorted((each.name, each.read_text(encoding="utf-8")) for each in tmp_path.iterdir())
    assert left == [("out.csv", "old"), ("out.png", "old")]


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("", encoding="utf-8")
    link.symlink_to(real)
    ran("-", "--out", str(link), given=written(noisy(50)))
    assert link.is_symlink()
    assert len(cells_of(real.read_text(encoding="utf-8"))) == 51
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    ran("-", "--out", str(pipe), given=written(noisy(50)))
    assert os.read(reading, 20) == b"timestamp,value,anom"
    os.close(reading)
    assert pipe.is_fifo()


def test_a_header_cannot_command_the_terminal(tmp_path: Path) -> None:
    text = written(spiked(), header="timestamp,\x1b[31m[red]va\x07l[/red]")
    result = ran("-", "--plot", str(tmp_path / "x.png"), given=text)
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "[red]va l[/red]" in result.stdout
