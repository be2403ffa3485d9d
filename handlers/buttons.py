"""What pressing something means: each act has one action id, and travels in the value of the button.

A value is at most 2,000 characters, and comes back from outside: it is read strictly, and the door checks the
rest. A block wants each action id once, so `:n` may follow it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from bot.errors import InvalidInput
from bot.ports import Json

MOST_VALUE: Final = 2_000
MOST_LABEL: Final = 75


@dataclass(frozen=True, slots=True)
class Run:
    """Run an operation with these values."""

    operation: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """Open the form of an operation, filled in as far as known."""

    operation: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Say:
    """As if the person had written it."""

    text: str


@dataclass(frozen=True, slots=True)
class OnAnswer:
    """Something about an answer that was given; `page` for what comes in pages."""

    answer: str
    verb: Literal["details", "query", "raw", "more", "stop", "up", "down", "again"]
    page: int = 1


@dataclass(frozen=True, slots=True)
class OnApproval:
    """Something about an approval."""

    approval: str
    verb: Literal["approve", "reject", "details", "withdraw"]


@dataclass(frozen=True, slots=True)
class OnThread:
    """Stop listening in this thread."""

    verb: Literal["leave"] = "leave"


@dataclass(frozen=True, slots=True)
class Open:
    """Show something of the bot itself: help of a group, a preference, the ask box."""

    what: Literal["ask", "help", "preferences", "home"]
    about: str = ""


Act = Run | Form | Say | OnAnswer | OnApproval | OnThread | Open
IDS: Final[dict[type, str]] = {
    Run: "run",
    Form: "form",
    Say: "say",
    OnAnswer: "answer",
    OnApproval: "approval",
    OnThread: "thread",
    Open: "open",
}
ACTION: Final = re.compile(rf"({'|'.join(IDS.values())})(?::[\w-]+)?")
_READERS: Final[Mapping[str, TypeAdapter[Any]]] = {name: TypeAdapter(kind) for kind, name in IDS.items()}


def value(act: Act) -> str:
    """Raises InvalidInput where it does not fit; whoever builds a button then offers the form instead."""
    text = json.dumps(asdict(act), separators=(",", ":"), ensure_ascii=False)
    if len(text) > MOST_VALUE:
        raise InvalidInput(f"the values of this button take {len(text)} characters, Slack allows {MOST_VALUE}")
    return text


def read(action_id: str, text: str) -> Act:
    found = ACTION.fullmatch(action_id)
    if not found:
        raise InvalidInput(f"no button of ours has the id {action_id[:80]!r}")
    try:
        act: Act = _READERS[found[1]].validate_json(text, strict=False)
    except ValidationError:
        raise InvalidInput(
            f"this button ({action_id[:80]}) holds something that cannot be read",
            mend="The message is from an older version; ask again.",
        ) from None
    return act


def button(
    label: str,
    act: Act,
    *,
    number: int | str = "",
    style: Literal["primary", "danger"] | None = None,
    confirm: Mapping[str, Any] | None = None,
    aloud: str = "",
) -> dict[str, Any]:
    """A button element; `aloud` is what a screen reader says where the label alone is not enough."""
    name = IDS[type(act)]
    element: dict[str, Any] = {
        "type": "button",
        "action_id": f"{name}:{number}" if number != "" else name,
        "text": {"type": "plain_text", "text": label if len(label) <= MOST_LABEL else f"{label[: MOST_LABEL - 1]}…"},
        "value": value(act),
    }
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = dict(confirm)
    if aloud:
        element["accessibility_label"] = aloud[:MOST_LABEL]
    return element
