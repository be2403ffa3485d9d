from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.door.outcomes import Done, Failed, Outcome, Problem, Refused, WaitingForApproval
from bot.terminal import EXIT, show


def shown(outcome: Outcome, *, as_json: bool = False, width: int = 100) -> str:
    file = io.StringIO()
    assert show(Console(file=file, width=width), outcome, as_json=as_json) == EXIT[outcome.kind]
    return file.getvalue()


def done(output: object, operation: str = "x.y", *, repeated: bool = False) -> Done:
    return Done(output, operation, "t" * 32, "run-1", repeated=repeated)  # type: ignore[arg-type]


def test_a_refusal_shows_every_problem_the_mend_and_the_reference() -> None:
    problems = (Problem("a", "'1'", "is odd"), Problem("b", "'2'", "is even", "Halve it."))
    text = shown(Refused("invalid", str(problems[0]), "See the help.", "x.y", "ref-1", problems))
    for expected in ("Refused: a = '1': is odd.", "- b = '2': is even. Halve it.", "See the help.", "ref: ref-1"):
        assert expected in text


def test_a_failure_says_whether_trying_again_may_help_and_whether_it_still_runs() -> None:
    assert "It may work if you try again." in shown(Failed("no answer", "Wait.", True, "x.y", "t", "r"))
    assert "Still running: " in shown(Failed("late", "", False, "x.y", "t", "r", still_running=True))


def test_a_repeated_result_says_so() -> None:
    assert "It had run before" in shown(done({"n": 1}, repeated=True))


def test_a_waiting_approval_says_how_many_must_agree_and_until_when() -> None:
    until = datetime.now(UTC) + timedelta(minutes=59, seconds=59)
    text = shown(WaitingForApproval("apr-1", "x.y", 2, "because", ("Admin",), until, "one row", "t"))
    assert "2 people must agree" in text
    assert "(60 minutes)" in text


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"rows": []}, "No rows."),
        ({"rows": [{"id": "a", "n": 1}, {"id": "b", "n": None}]}, "2 rows"),
        ({"rows": [{"id": "a", "ok": True}]}, "1 row"),
        ({"name": "x", "empty": "", "tags": ["a", "b"]}, "a, b"),
        ("just text", "just text"),
        (None, ""),
    ],
)
def test_every_shape_of_output_is_shown(output: object, expected: str) -> None:
    assert expected in shown(done(output))


def test_ids_and_names_are_never_broken_over_lines() -> None:
    rows = [{"id": f"run-{number:012d}", "operation": "maintenance.drill", "actor": "a" * 60} for number in range(3)]
    text = shown(done({"runs": rows}, "runs.list"), width=80)
    assert all(f"run-{number:012d}" in text for number in range(3))


def test_a_wide_row_becomes_a_record_with_every_field() -> None:
    row = {f"field_{number}": number for number in range(12)}
    text = shown(done({"rows": [row, row]}))
    assert all(f"field {number}" in text for number in range(12))


@given(st.text(alphabet=st.characters(categories=("L", "Cc", "P", "S"))))
def test_outside_text_never_commands_the_terminal_nor_the_markup(text: str) -> None:
    out = shown(done({"text": text, "rows": [{"id": text}]}), width=4000)
    assert "\x1b" not in out
    assert "\x07" not in out
    assert show(Console(file=io.StringIO()), done({"text": f"[bold]{text}[/nope]"})) == 0


def test_json_is_the_whole_outcome() -> None:
    assert '"run_id": "run-1"' in shown(done({"n": 1}), as_json=True)
