"""The card says how an approval stands, offers what can still be done, and nothing more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.errors import InvalidInput
from bot.guard.approvals import Approval, ApprovalState, Decision, Route, Verdict
from bot.guard.risk import Risk
from handlers import buttons
from handlers.buttons import OnApproval
from handlers.present.approval import REASON, STATES, card, details, read_reject, reject_view
from handlers.present.message import Rendered
from tests.handlers.judges import judge
from tests.handlers.present.strategies import NOW, REGISTRY, approvals
from tests.handlers.present.test_render import elements

PENDING = Approval(
    id="apr-1",
    operation="maintenance.drill",
    parameters={"label": "<!channel> rehearsal", "environment": "staging"},
    parameters_hash="0" * 64,
    risk=Risk.DESTRUCTIVE,
    environment="staging",
    service=None,
    why="it is destructive",
    preview="Writes one row.",
    requester="U0QA",
    requester_kind="person",
    route=Route("channel", "C0OPS"),
    approvers="Site reliability engineer, Administrator",
    quorum=2,
    self_approval=False,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    escalate_at=NOW + timedelta(minutes=30),
    escalate_to="sre",
)
AGREED = Decision("U0SRE", "sre", Verdict.APPROVE, "looks fine", NOW)


def shown(approval: Approval, **given: Any) -> Rendered:
    rendered = card(approval, REGISTRY, NOW, **given)
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return rendered


def labels(rendered: Rendered) -> list[str]:
    return [each["text"]["text"] if "text" in each else "menu" for each in elements(rendered.blocks)]


@given(approvals)
@settings(deadline=None, max_examples=60)
def test_every_approval_has_a_valid_card_and_windows(approval: Approval) -> None:
    shown(approval)
    judge("view", details(approval, NOW))
    judge("view", reject_view(approval))


def test_the_card_has_all_that_a_decision_needs() -> None:
    text = shown(replace(PENDING, decisions=(AGREED,))).text
    for words in (
        "⏳ Waiting for approval",
        "*Practice drill* · `maintenance.drill`",
        "<@U0QA>",
        "🔴 destructive",
        "`&lt;!channel&gt; rehearsal`",
        "Writes one row.",
        "It is destructive.",
        "*1 of 2* agreed ▰▱",
        "✅ <@U0SRE> approved as sre",
        "Looks fine.",
        "Who may approve: Site reliability engineer, Administrator",
        "{ago}",
        "`apr-1`",
    ):
        assert words in text, words


def test_an_open_card_can_be_decided_and_withdrawn() -> None:
    rendered = shown(PENDING)
    assert labels(rendered) == ["Approve", "Reject", "Details", "menu"]
    approve, reject, look, menu = elements(rendered.blocks)
    assert approve["style"] == "primary"
    assert "confirm" in approve
    assert reject["style"] == "danger"
    assert buttons.read(approve["action_id"], approve["value"]) == OnApproval("apr-1", "approve")
    assert buttons.read(reject["action_id"], reject["value"]) == OnApproval("apr-1", "reject")
    assert buttons.read(look["action_id"], look["value"]) == OnApproval("apr-1", "details")
    assert buttons.read(menu["action_id"], menu["options"][0]["value"]) == OnApproval("apr-1", "withdraw")


def test_only_what_cannot_be_taken_back_is_asked_twice() -> None:
    assert "confirm" not in elements(shown(replace(PENDING, risk=Risk.WRITE)).blocks)[0]


@pytest.mark.parametrize("state", [state for state in ApprovalState if state is not ApprovalState.PENDING])
def test_an_ended_card_says_how_in_words_and_offers_only_details(state: ApprovalState) -> None:
    rendered = shown(replace(PENDING, state=state, decided_at=NOW, ended_because="no longer needed"))
    assert " ".join(STATES[state]) in rendered.text
    assert labels(rendered) == ["Details"]


def test_time_alone_ends_a_card() -> None:
    rendered = card(PENDING, REGISTRY, NOW + timedelta(hours=2))
    assert "⌛ Expired" in rendered.text
    assert "Nobody decided in time." in rendered.text
    assert labels(rendered) == ["Details"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "It is running"),
        ({"kind": "done", "output": {"drills": 3}, "trace_id": "tr-1"}, "✓ It ran."),
        (
            {"kind": "failed", "message": "the disk is full", "mend": "Free some", "trace_id": "tr-1"},
            "✗ It ran, and did",
        ),
        ({"kind": "failed", "message": "x", "still_running": True}, "⏳ It is still running."),
        ({"kind": "refused", "message": "a freeze began"}, "✗ It did not run. A freeze began."),
    ],
)
def test_an_approved_card_says_how_it_went(outcome: Any, words: str) -> None:
    text = shown(replace(PENDING, state=ApprovalState.APPROVED, outcome=outcome)).text
    assert words in text
    assert ("`tr-1`" in text) == bool(outcome and outcome.get("trace_id"))


def test_a_rejection_shows_its_reason() -> None:
    no = Decision("U0SRE", "sre", Verdict.REJECT, "not today", NOW)
    text = shown(replace(PENDING, state=ApprovalState.REJECTED, decisions=(no,), ended_because="not today")).text
    assert "⛔ <@U0SRE> rejected as sre" in text
    assert text.count("ot today") == 1


def test_escalation_is_said() -> None:
    assert "sre was asked too" in shown(replace(PENDING, escalated_at=NOW)).text


def test_somebody_unknown_to_slack_is_named() -> None:
    assert "Asked by QA engineer" in shown(replace(PENDING, requester="qa-engineer"), requester="QA engineer").text


def test_many_and_long_parameters_are_whole_in_the_details() -> None:
    long = "word " * 300
    approval = replace(PENDING, parameters={f"p{at}": at for at in range(30)} | {"long": long})
    text = shown(approval).text
    assert "… 21 more parameters: see Details" in text
    window = json.dumps(details(approval))
    assert "word word" in window
    assert all(f"P{at}*" in window for at in range(30))
    assert "more characters" not in window


def test_the_reason_for_a_no_comes_back_from_its_window() -> None:
    view = reject_view(PENDING)
    assert view["callback_id"] == "reject"
    answered = {**view, "state": {"values": {REASON: {REASON: {"type": "plain_text_input", "value": " not now "}}}}}
    assert read_reject(answered) == ("apr-1", "not now")
    with pytest.raises(InvalidInput, match="which request"):
        read_reject({"state": {}})
