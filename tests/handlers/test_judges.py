"""The judges do refuse: each of these Slack would send back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.judges import Kind, judge

TEXT = {"type": "mrkdwn", "text": "x"}
SECTION = {"type": "section", "text": TEXT}
BUTTON: dict[str, Any] = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}, "value": "v"}
TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
TITLE = {"type": "plain_text", "text": "t"}


def message(*blocks: Any, text: str = "x") -> dict[str, Any]:
    return {"text": text, "blocks": list(blocks)}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("message", message(SECTION, text="")),
        ("message", message(SECTION, text="x" * 4_001)),
        ("message", message(*[SECTION] * 51)),
        ("message", message(TABLE, TABLE)),
        ("message", message(*[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_900}}] * 5)),
        ("message", message({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}})),
        ("message", message({"type": "section", "text": {"type": "mrkdwn", "text": " "}})),
        ("message", message({"type": "section"})),
        ("message", message({"type": "section", "text": TEXT, "colour": "red"})),
        ("message", message({"type": "section", "fields": [TEXT] * 11})),
        ("message", message({"type": "header", "text": TEXT})),
        ("message", message({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}})),
        ("message", message({"type": "context", "elements": [TEXT] * 11})),
        ("message", message({"type": "context", "elements": []})),
        ("message", message({"type": "actions", "elements": [BUTTON, BUTTON]})),
        ("message", message({"type": "actions", "elements": [{**BUTTON, "value": "v" * 2_001}]})),
        ("message", message({"type": "actions", "elements": [{**BUTTON, "action_id": ""}]})),
        ("message", message({"type": "actions", "elements": [{**BUTTON, "style": "blue"}]})),
        ("message", message({"type": "actions", "elements": [{"type": "knob", "action_id": "a"}]})),
        ("message", message({"type": "image", "image_url": "https://x.example/a.png", "alt_text": ""})),
        ("message", message({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * 101})),
        ("message", message({"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]})),
        ("message", message({"type": "table", "rows": [[{"type": "raw_text", "text": "a" * 10_001}]]})),
        (
            "message",
            message({"type": "plan", "title": "p", "tasks": [{"task_id": "1", "title": "t", "status": "maybe"}]}),
        ),
        ("message", message({"type": "mystery"})),
        ("message", message({**SECTION, "block_id": "b"}, {**SECTION, "block_id": "b"})),
        ("view", {"type": "modal", "title": TITLE, "blocks": []}),
        ("view", {"type": "modal", "blocks": [SECTION]}),
        ("view", {"type": "modal", "title": {**TITLE, "text": "t" * 25}, "blocks": [SECTION]}),
        ("view", {"type": "modal", "title": TITLE, "blocks": [TABLE]}),
        ("view", {"type": "modal", "title": TITLE, "blocks": [SECTION], "private_metadata": "x" * 3_001}),
        ("view", {"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}),
        ("view", {"type": "home", "blocks": [SECTION] * 101}),
    ],
)
def test_what_slack_would_send_back_is_refused(kind: Kind, payload: Any) -> None:
    with pytest.raises(AssertionError):
        judge(kind, payload)


def test_what_slack_takes_is_taken() -> None:
    judge("message", message(SECTION, TABLE, {"type": "actions", "elements": [BUTTON]}))
    judge("message", {"text": "words alone"})
    judge("view", {"type": "modal", "title": TITLE, "blocks": [SECTION]})
    judge("view", {"type": "home", "blocks": [SECTION, TABLE]})
