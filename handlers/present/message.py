"""What a presenter gives back, and what it is told about where its work will be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.agent.events import Picture
from bot.door.registry import Registry
from bot.guard.people import Identity

Block = dict[str, Any]
View = dict[str, Any]
Surface = Literal["channel", "thread", "dm", "assistant", "command", "home", "modal"]


@dataclass(frozen=True, slots=True)
class Attached:
    """What is too long for a message, as a file of its own."""

    name: str
    content: bytes
    title: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A whole message: `text` is what notifications and screen readers say."""

    text: str
    blocks: tuple[Block, ...]
    pictures: tuple[Picture, ...] = ()
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Who looks, from where, and what can be offered there.

    `answer` is the id under which the answer is kept ("" if it is not kept: nothing can be opened behind it).
    `stop` offers to stop a turn under way, `following` to leave a thread that is listened to.
    """

    viewer: Identity | None
    answer: str
    surface: Surface
    now: datetime
    registry: Registry
    timezone: str = "UTC"
    stop: bool = False
    following: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """An output in two depths: what is shown at once, and what is behind Details."""

    summary: list[Block]
    details: list[Block]
