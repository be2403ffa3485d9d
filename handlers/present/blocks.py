"""The blocks we build with, in one voice: mrkdwn that Slack does not guess about, buttons that fit, alt texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

from bot.errors import InvalidInput
from handlers import buttons
from handlers.buttons import Act, Form, OnAnswer, Run
from handlers.present.escaping import CHANNEL, clean, literal
from handlers.present.message import Block, View

FEEDBACK: Final = "feedback"
"""The action of 👍 and 👎; their value reads as an `OnAnswer`."""
MOST_IN_A_ROW: Final = 5
MOST_TITLE: Final = 24
MOST_OPTION: Final = 150
NOTHING: Final = "–"
LONG: Final = 24
"""Characters of a cell that is wrapped."""
Style = Literal["primary", "danger"]
TaskStatus = Literal["pending", "in_progress", "complete", "error"]


def mrkdwn(text: str) -> Block:
    """`verbatim`: what looks like a name or an address in it stays text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def words(text: str, most: int = 3_000) -> Block:
    """Plain text; a colon in it makes no emoji."""
    shown = literal(text).strip() or NOTHING
    return {
        "type": "plain_text",
        "text": shown if len(shown) <= most else f"{shown[: most - 1].rstrip()}…",
        "emoji": True,
    }


def section(text: str, accessory: Block | None = None) -> Block:
    return {"type": "section", "text": mrkdwn(text), **({"accessory": accessory} if accessory else {})}


def fields(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """Names and values in two columns; both are mrkdwn already."""
    shown = [mrkdwn(f"*{name}*\n{value}") for name, value in pairs]
    return [{"type": "section", "fields": shown[at : at + 10]} for at in range(0, len(shown), 10)]


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts]}


def header(text: str) -> Block:
    return {"type": "header", "text": words(text, 150)}


def divider() -> Block:
    return {"type": "divider"}


def markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def image(url: str, alt: str, title: str = "") -> Block:
    shown = {"title": words(title, 2_000)} if title else {}
    return {"type": "image", "image_url": url, "alt_text": clean(alt)[:2_000] or "A picture", **shown}


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: frozenset[int] = frozenset(),
    channels: frozenset[int] = frozenset(),
) -> Block:
    """Cells are shown as they are: nothing in them is read as a mark, but the id of a channel among the `channels`.

    Only a column with something long in it is wrapped: one that is takes as much room as the others.
    """
    filled = [columns, *([*row, *[""] * (len(columns) - len(row))] for row in rows)]
    long = [any(len(row[at]) > LONG for row in filled) for at, _ in enumerate(columns)]
    return {
        "type": "table",
        "column_settings": [
            {"align": "right"} if at in numeric else {"align": "left", "is_wrapped": wraps}
            for at, wraps in enumerate(long)
        ],
        "rows": [_cells(filled[0]), *(_cells(row, channels) for row in filled[1:])],
    }


def _cells(texts: Sequence[str], channels: frozenset[int] = frozenset()) -> list[Block]:
    return [
        _channel(text)
        if at in channels and CHANNEL.fullmatch(text)
        else {"type": "raw_text", "text": clean(text).strip() or NOTHING}
        for at, text in enumerate(texts)
    ]


def _channel(name: str) -> Block:
    section = {"type": "rich_text_section", "elements": [{"type": "channel", "channel_id": name}]}
    return {"type": "rich_text", "elements": [section]}


def said(cell: Block) -> str:
    """What stands in the cell of a table, where it is no table."""
    if cell.get("type") != "rich_text":
        return str(cell.get("text", ""))
    parts = [each for part in cell.get("elements", ()) for each in part.get("elements", ())]
    return " ".join(str(each.get("text") or each.get("channel_id") or "") for each in parts)


def preformatted(text: str) -> Block:
    """Lines in a fixed-width font, exactly as they are."""
    element = {"type": "text", "text": clean(text).strip("\n") or NOTHING}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [element]}]}


def plan(title: str, tasks: Iterable[tuple[str, str, TaskStatus, str]]) -> Block:
    """A named piece of work and its steps: id, title, status and details of each."""
    return {
        "type": "plan",
        "title": clean(title).strip() or "Working on it",
        "tasks": [
            {
                "type": "task_card",
                "task_id": task_id,
                "title": clean(name).strip() or NOTHING,
                "status": status,
                **({"details": _rich(details)} if clean(details).strip() else {}),
            }
            for task_id, name, status, details in tasks
        ],
    }


def _rich(text: str) -> Block:
    element = {"type": "text", "text": clean(text).strip()}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


# ---------------------------------------------------------------- what can be pressed


def press(
    label: str, act: Act, *, style: Style | None = None, confirm: Mapping[str, Any] | None = None, aloud: str = ""
) -> Block | None:
    """A button. Values that do not fit are asked for in the form instead; None where nothing can be offered."""
    shown = literal(label).strip() or NOTHING
    wanted: list[tuple[Act, Mapping[str, Any] | None]] = [(act, confirm)]
    if isinstance(act, (Run, Form)):
        wanted.append((Form(act.operation, _fitting(act.values)), None))
    for each, sure in wanted:
        try:
            found = buttons.button(shown, each, style=style, confirm=sure, aloud=clean(aloud))
            found["value"].encode()
        except (InvalidInput, UnicodeEncodeError):  # too long, or half a character
            continue
        return found
    return None


def _fitting(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a form can be opened with: the longest are left for people to fill in."""
    kept: dict[str, Any] = {}
    room = buttons.MOST_VALUE // 2
    for name, value in sorted(values.items(), key=lambda each: len(str(each[1]))):
        room -= 2 * len(str(value)) + len(name) + 8
        if room < 0:
            break
        if "\\ud" not in ascii(value):  # half a character travels nowhere
            kept[name] = value
    return kept


def actions(elements: Iterable[Block | None]) -> list[Block]:
    """Rows of at most five, so that a narrow screen shows them all; action ids made unique."""
    found = [element for element in elements if element]
    numbered = [
        {**element, "action_id": f"{str(element['action_id']).partition(':')[0]}:{number}"}
        for number, element in enumerate(found)
    ]
    return [
        {"type": "actions", "elements": numbered[at : at + MOST_IN_A_ROW]}
        for at in range(0, len(numbered), MOST_IN_A_ROW)
    ]


def overflow(options: Sequence[tuple[str, Act]], confirm: Mapping[str, Any] | None = None) -> Block | None:
    """A menu of acts of one kind; None where a value is longer than a menu takes."""
    values = [buttons.value(act) for _, act in options]
    if not options or len(options) > 5 or any(len(value) > MOST_OPTION for value in values):  # noqa: PLR2004
        return None
    shown = [{"text": words(label, 75), "value": value} for (label, _), value in zip(options, values, strict=True)]
    menu: Block = {"type": "overflow", "action_id": buttons.IDS[type(options[0][1])], "options": shown}
    return {**menu, "confirm": dict(confirm)} if confirm else menu


def confirm(title: str, text: str, yes: str, no: str = "Not yet", *, danger: bool = False) -> Block:
    """The question before something that cannot simply be taken back."""
    shown: Block = {
        "title": words(title, 100),
        "text": words(text, 300),
        "confirm": words(yes, 30),
        "deny": words(no, 30),
    }
    return {**shown, "style": "danger"} if danger else shown


def feedback(answer: str) -> Block:
    """👍 and 👎 under an answer."""

    def one(face: str, verb: Literal["up", "down"], aloud: str) -> Block:
        return {
            "text": {"type": "plain_text", "text": face, "emoji": True},
            "accessibility_label": aloud,
            "value": buttons.value(OnAnswer(answer, verb)),
        }

    element = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK,
        "positive_button": one("👍", "up", "This answer helped"),
        "negative_button": one("👎", "down", "This answer did not help"),
    }
    return {"type": "context_actions", "elements": [element]}


def paged(answer: str, verb: Literal["details", "raw", "query", "more"], page: int, pages: int) -> list[Block]:
    """Where one is in a modal of several pages, and the way back and on."""
    if pages <= 1:
        return []
    act = OnAnswer(answer, verb)
    back = press("Previous", replace(act, page=page - 1)) if page > 1 else None
    on = press("Next", replace(act, page=page + 1)) if page < pages else None
    return [context(f"Page {page} of {pages}"), *actions([back, on])]


def modal(title: str, blocks: Sequence[Block], *, submit: str = "", callback: str = "", metadata: str = "") -> View:
    return {
        "type": "modal",
        "title": words(title, MOST_TITLE),
        "close": words("Cancel" if submit else "Close", MOST_TITLE),
        "blocks": list(blocks),
        **({"submit": words(submit, MOST_TITLE)} if submit else {}),
        **({"callback_id": callback} if callback else {}),
        **({"private_metadata": metadata} if metadata else {}),
    }
