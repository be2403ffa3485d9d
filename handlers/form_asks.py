"""Two windows of the bot's own: the ask box, and what was wrong with an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args

from bot.errors import InvalidInput
from bot.operations.answers import Reason
from handlers.form_texts import Line
from handlers.form_views import named
from handlers.present.blocks import context, modal, words
from handlers.present.message import Block, View
from handlers.widgets import AGAIN, BLANK, MOST_TEXT, UTC, Blank, Choice, Looks, Maybe, Pick, Slacks, Unread, Widget

ASK: Final = "ask"
FEEDBACK: Final = "feedback"
_REASONS: Final[dict[Reason, str]] = {
    "wrong": "The answer is wrong",
    "not-asked": "It is not what I asked",
    "slow": "It took too long",
    "unclear": "I do not understand it",
    "other": "Something else",
}
assert set(_REASONS) == set(get_args(Reason))
_TEXT: Final = Line(multiline=True)
_REASON: Final = Pick(tuple(Choice(reason, label) for reason, label in _REASONS.items()))
_CHANNEL: Final = Slacks("conversation")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question from the ask box; without a channel the answer comes as a direct message."""

    text: str
    channel: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody found wrong with an answer, and what would have been right."""

    answer: str
    channel: str
    reason: Reason
    correction: str


def ask_view(initial: str = "", channel: str = "") -> View:
    """The conversation in which it was opened is where the answer goes, unless another is chosen."""
    blocks: list[Block] = []
    if len(initial) > MOST_TEXT:
        blocks.append(context(f"What you began with is too long for this window: {len(initial):,} characters."))
        initial = ""
    question = _TEXT.element(initial, Looks(placeholder="What happened to checkout this morning?"))
    where = {**_CHANNEL.element(channel, Looks()), "default_to_current_conversation": True}
    hint = "Left empty, the answer comes as a direct message."
    blocks += [_input("text", "Your question", question), _input("channel", "Where to answer", where, hint)]
    return modal("Ask CoPilot", blocks, callback=ASK, submit="Ask")


def feedback_view(answer: str, channel: str = "") -> View:
    blocks = [
        _input("reason", "What was wrong?", _REASON.element(BLANK, Looks())),
        _input(
            "correction",
            "What would have been right?",
            _TEXT.element(BLANK, Looks()),
            "Those who look after the bot read this.",
        ),
    ]
    metadata = json.dumps({"answer": answer, "channel": channel})
    return modal(named("What was wrong?"), blocks, callback=FEEDBACK, metadata=metadata, submit="Send")


def read_ask(view: Mapping[str, object]) -> Asked:
    """Raises InvalidInput."""
    text = _value(view, "text", _TEXT).strip()
    if not text:
        raise InvalidInput("there is no question in it", mend="Write one.")
    return Asked(text, _value(view, "channel", _CHANNEL))


def read_feedback(view: Mapping[str, object]) -> Verdict:
    """Raises InvalidInput."""
    try:
        told = json.loads(str(view.get("private_metadata")))
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in ("answer", "channel")):
        raise InvalidInput("this window does not say which answer it is about", mend=AGAIN)
    reason = _value(view, "reason", _REASON)
    if not reason:
        raise InvalidInput("it does not say what was wrong", mend="Choose one of the reasons.")
    return Verdict(told["answer"], told["channel"], cast("Reason", reason), _value(view, "correction", _TEXT).strip())


def _input(block: str, label: str, element: Block, hint: str = "") -> Block:
    """What has a hint may stay empty."""
    made: Block = {"type": "input", "block_id": block, "label": words(label), "element": element}
    return {**made, "hint": words(hint), "optional": True} if hint else {**made, "optional": False}


def _value(view: Mapping[str, object], block: str, widget: Widget) -> str:
    """What stands in one block; raises InvalidInput."""
    step: object = view
    for key in ("state", "values", block):
        step = step.get(key) if isinstance(step, Mapping) else None
    if step is None:
        return ""
    answers = list(step.values()) if isinstance(step, Mapping) else []
    try:
        if len(answers) != 1 or not isinstance(answers[0], Mapping):
            raise Unread("", "cannot be read", AGAIN)  # noqa: TRY301
        found: Maybe = widget.read(answers[0], UTC)
    except Unread as error:
        raise InvalidInput(f"the answer in {block!r} {error.why}", mend=error.mend) from None
    return "" if isinstance(found, Blank) else str(found)
