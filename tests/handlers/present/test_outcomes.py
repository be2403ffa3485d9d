"""Outcomes in Slack: what happened, whether anything changed, and what can be done next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.agent.events import Result
from bot.door.outcomes import Done, Failed, Outcome, Problem, Refused, WaitingForApproval
from bot.ports import Json
from handlers import buttons
from handlers.buttons import Form, OnApproval, Run, Say
from handlers.present import Rendered, render
from handlers.present.outcomes import TONES
from tests.handlers.judges import judge
from tests.handlers.present.strategies import NOW, outcomes, scene
from tests.handlers.present.test_render import elements

FAILED = Failed(
    "the database is away", "Wait a minute", retryable=True, operation="runs.list", trace_id="tr", run_id="run-1"
)
REFUSED = Refused(
    "invalid", "2 fields are wrong", "Mend them", "maintenance.drill", "tr", (Problem("label", "", "too short"),)
)


def shown(outcome: Outcome, title: str = "Title", values: dict[str, Json] | None = None) -> Rendered:
    rendered = render([Result(outcome, title, values or {})], scene(""), done=True)
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return rendered


def acts(rendered: Rendered) -> dict[str, Any]:
    return {each["text"]["text"]: buttons.read(each["action_id"], each["value"]) for each in elements(rendered.blocks)}


def done(operation: str, output: Json) -> Done:
    return Done(output, operation, "trace-1", "run-1")


@given(outcomes)
@settings(deadline=None, max_examples=60)
def test_every_outcome_is_valid(outcome: Outcome) -> None:
    shown(outcome)


def test_done_says_so_with_its_values() -> None:
    output: Json = {"started_at": NOW.isoformat(), "count": 12_345, "ok": True, "nothing": None, "tags": ["a", "b"]}
    text = shown(done("gone.operation", output)).text
    assert "✓ *Title*" in text
    assert f"*Started*: <!date^{int(NOW.timestamp())}^" in text
    assert "*Count*: 12,345" in text
    assert "*Ok*: yes" in text
    assert "*Tags*: a, b" in text
    assert "Nothing" not in text


def test_values_within_values_are_shown() -> None:
    output: Json = {"rows": {"audit": 3, "names": ["a", {"deep": True}]}, "list": [{"x": {"y": 1}}, {"x": 2}]}
    rendered = shown(done("gone.operation", output))
    assert "*Rows*: Audit: 3, Names: a; Deep: yes" in rendered.text
    table = next(block for block in rendered.blocks if block["type"] == "table")
    assert [row[0]["text"] for row in table["rows"]] == ["X", "y=1", "2"]


def test_what_had_run_before_says_so() -> None:
    assert "It had run before" in shown(replace(done("gone.operation", {"a": 1}), repeated=True)).text


@pytest.mark.parametrize(
    ("operation", "output", "values", "words"),
    [
        ("approvals.list", {"approvals": []}, {}, "Nothing is waiting."),
        ("approvals.list", {"approvals": []}, {"state": "pending"}, "Nothing is waiting."),
        ("approvals.list", {"approvals": []}, {"state": "rejected"}, "Nothing fits what you asked for."),
        ("approvals.list", {"approvals": []}, {"mine": True}, "Nothing fits what you asked for."),
        ("runs.list", {"runs": []}, {}, "Nothing is running."),
        ("dead_letters.list", {"letters": []}, {"limit": 5}, "Nothing is left undone."),
        ("gone.operation", {}, {}, "There is nothing to show."),
    ],
)
def test_nothing_is_said_nicely(operation: str, output: Json, values: dict[str, Json], words: str) -> None:
    assert words in shown(done(operation, output), values=values).text


def test_a_list_is_a_table_with_local_times() -> None:
    rows: Json = [{"id": f"dl-{at}", "error": "boom", "created_at": NOW.isoformat()} for at in range(3)]
    table = next(b for b in shown(done("dead_letters.list", {"letters": rows})).blocks if b["type"] == "table")
    assert [cell["text"] for cell in table["rows"][0]] == ["Id", "Error", "Asked"]
    assert table["rows"][1][2]["text"] == "09:26"


@pytest.mark.parametrize("because", TONES)
def test_each_refusal_has_its_tone_and_its_mend(because: Any) -> None:
    rendered = shown(replace(REFUSED, because=because, problems=()))
    face, words = TONES[because]
    assert f"{face} *Title*: {words}." in rendered.text
    assert "Mend them." in rendered.text
    assert "Nothing was changed." in rendered.text
    assert "`tr`" in rendered.text


def test_wrong_values_are_listed_and_can_be_filled_in_again() -> None:
    problems = (Problem("label", "x<y", "it is too short", "Use three letters"), Problem("when", "", "it is missing"))
    rendered = shown(replace(REFUSED, problems=problems), values={"label": "x<y"})
    assert "• *label* = `x&lt;y`: it is too short. Use three letters" in rendered.text
    assert "• *when*: it is missing." in rendered.text
    assert acts(rendered) == {"Fill in again": Form("maintenance.drill", {"label": "x<y"})}


def test_a_missing_right_can_be_explained() -> None:
    found = acts(shown(replace(REFUSED, because="permission"), values={"environment": "production"}))
    asked: dict[str, Json] = {"operation": "maintenance.drill", "parameters": {"environment": "production"}}
    assert found == {"Why": Run("policies.explain", asked)}


def test_an_unknown_operation_leads_to_help() -> None:
    assert acts(shown(replace(REFUSED, because="unknown-operation"))) == {"Show what there is": Say("help")}


def test_many_problems_are_counted() -> None:
    problems = tuple(Problem(f"field{at}", "", "wrong") for at in range(20))
    assert "… 12 more problems" in shown(replace(REFUSED, problems=problems)).text


def test_a_failure_that_may_pass_can_be_tried_again() -> None:
    rendered = shown(replace(FAILED, retry_after=12.0), values={"limit": 5})
    assert "✗ *Title* did not work." in rendered.text
    assert "it may work again in 12 seconds" in rendered.text
    assert acts(rendered) == {"Try again": Run("runs.list", {"limit": 5})}


def test_a_failure_for_good_offers_nothing_but_its_reference() -> None:
    rendered = shown(replace(FAILED, retryable=False))
    assert acts(rendered) == {}
    assert "Reference `tr`" in rendered.text


def test_something_destructive_is_not_tried_again_by_a_slip() -> None:
    button = elements(shown(replace(FAILED, operation="maintenance.drill")).blocks)[0]
    assert button["confirm"]["confirm"]["text"] == "Run it"


def test_what_still_runs_is_not_called_failed() -> None:
    rendered = shown(replace(FAILED, still_running=True))
    assert "⏳ *Title* is still running." in rendered.text
    assert acts(rendered) == {"Show my runs": Run("runs.list"), "Cancel it": Run("runs.cancel", {"run": "run-1"})}


def test_what_waits_says_for_whom_and_until_when() -> None:
    waiting = WaitingForApproval(
        "apr-1",
        "maintenance.drill",
        2,
        "it is destructive",
        ("SRE", "Manager"),
        NOW + timedelta(hours=1),
        "Writes.",
        "tr",
    )
    rendered = shown(waiting)
    assert "⏳ *Title* needs 2 approvals." in rendered.text
    assert "Who may approve: SRE, Manager" in rendered.text
    assert "{ago}" in rendered.text
    assert acts(rendered) == {"Details": OnApproval("apr-1", "details")}


@pytest.mark.parametrize(
    ("verdict", "face"), [("runs at once", "✅"), ("waits for 1 approval: x", "🤝"), ("refused: no", "⛔")]
)
def test_an_explanation_says_its_verdict(verdict: str, face: str) -> None:
    output: Json = {"operation": "a.b", "person": "sre", "verdict": verdict, "policies": []}
    assert f"{face} {verdict[0].upper()}{verdict[1:].partition(':')[0]}" in shown(done("policies.explain", output)).text
