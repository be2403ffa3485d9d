"""Finding what is unusual in a file: files as people have them, and what they get back."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bot.cli import cli, main
from bot.detection import command
from bot.detection.scoring import ALONE, Event, Scored, events, remarks, scored, step_of
from bot.detection.showing import CELLS, Report
from bot.detection.table import Table, read
from bot.errors import ConfigurationError
from bot.telemetry.charts.draw import draw
from bot.telemetry.charts.shapes import Lines, Small
from bot.telemetry.signals import Floats
from bot.watch.detecting import Kind

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
        ("ts,value\n60,\n120,\n", "No cell holds anything in column 'value'"),
        ("ts,label\n60,1\n120,0\n", "No column holds values"),
        ('ts,value\n60,"1\n' + "2" * 200_000, "cannot be read as CSV"),
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
    assert 5 * MINUTE <= event.seconds <= 8 * MINUTE
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
    """As if the detectors had said so."""
    told = np.array([surprise], dtype=np.float32)
    flat = np.ones_like(told)
    at: Floats = np.array(times if times is not None else 60.0 * np.arange(len(surprise)), dtype=np.float64)
    kinds = np.full(told.shape, Kind.spike.value, dtype=np.int8)
    return Scored(
        ("v",), 60.0, line, np.arange(len(at)), at, np.full(told.shape, 2.0), told, flat, flat, flat, kinds, (True,)
    )


def spans(found: Scored) -> list[tuple[float, float, bool]]:
    return [(event.since, event.seconds, event.ended) for event in events(found)]


def test_samples_near_each_other_are_one_event_and_three_calm_ones_end_it() -> None:
    assert spans(made([0, 5, 0, 0, 5, 0, 0, 0, 5, 5, 0, 0])) == [(60, 240, True), (480, 120, False)]
    assert spans(made([0, 5, 3, 3, 3, 3, 5, 0, 0, 0])) == [(60, 360, True)], "half of the line is not calm"


def test_a_lone_sample_must_be_rarer_than_several() -> None:
    assert spans(made([0, 4.5, 0, 0, 0])) == []
    assert spans(made([0, 4.0 + ALONE, 0, 0, 0])) == [(60, 60, True)]


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
    assert (curve[1], curve[2], curve[3], curve[30], curve[-1]) == (2, 2, 2, None, 2)
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
    assert words[1].split("/")[0] in capfd.readouterr().err


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\xff", b"ts,value\n60,abc\n", b""])
def test_wrong_input_ends_with_2(
    raw: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_bytes(raw)
    monkeypatch.setattr(sys, "argv", ["llm-copilot", "detect", str(tmp_path / "in.csv")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capfd.readouterr().err.startswith("Error: ")


def test_the_two_that_want_standard_output_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match="both"):
        ran("-", "--out", "-", "--json", given=written(noisy(5)))


def test_a_file_of_utf_16_is_read_by_its_mark() -> None:
    assert "600 samples" in ran("-", given=written(noisy(600)).encode("utf-16")).stdout


def test_no_half_file_is_left_and_the_old_one_stays_where_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "write_scores", fails)
    with pytest.raises(ConfigurationError, match="No space left"):
        ran("-", "--out", str(out), given=written(noisy(50)))
    assert [(each.name, each.read_text(encoding="utf-8")) for each in tmp_path.iterdir()] == [("out.csv", "old")]


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
