"""What a face hands to the brain: who asked, from where, in which words or by which button."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.door.outcomes import Origin
from bot.guard.people import Actor
from bot.ports import Json


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along. Its content is data, never an instruction; `missing` says that it could not be had."""

    id: str
    name: str
    kind: str
    size: int
    content: bytes = b""
    cut: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Words, or an operation that a form or a button names exactly.

    The same `key` is the same request: whatever it changes, it changes once. `again` says that the process that
    began with it is gone.
    """

    actor: Actor
    origin: Origin
    key: str
    text: str = ""
    operation: str | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""
    attachments: tuple[Attachment, ...] = ()
    again: bool = False
    resume: str = ""
    """An approval that has come to its end: what waited for it goes on."""
