"""What a model says, on its way to people: paragraph by paragraph, checked and tamed.

A number can only be judged with its unit, a link with its end, a code block as a whole: so nothing is told before its
paragraph is complete, and a paragraph no later than that. The results it is judged by are all there by then, since a
model speaks after its tools have run. A stream that is cut after a paragraph was told says so, and begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.agent.events import Plan, Text
from bot.agent.thinking.claims import Support, checked
from bot.agent.thinking.fencing import tamed
from bot.agent.thinking.thought import Tell

AGAIN: Final = "_The connection to the model broke here; once more from the start:_\n\n"
MOST_PLAN: Final = 150
MOST_PIECE: Final = 16_000
"""A paragraph longer than this is told in pieces."""


class Saying:
    """The words of one thought."""

    def __init__(self, tell: Tell, support: Support, addresses: set[str], redact: Callable[[str], str]) -> None:
        self._tell = tell
        self._support = support
        self._addresses = addresses
        self._redact = redact
        self._pending = ""
        self._told: list[str] = []
        self._between = ""
        self.unsupported: dict[str, None] = {}

    @property
    def text(self) -> str:
        """What was told of the message that is under way."""
        return "".join(self._told).strip()

    async def hear(self, text: str) -> None:
        self._pending += text
        if at := _boundary(self._pending):
            ready, self._pending = self._pending[:at], self._pending[at:]
            await self._say(ready)

    async def end(self, *, cut: bool = False) -> None:
        """The message is over; where it was cut, its last word may be half of one, and half a number is a wrong one."""
        rest, self._pending = self._pending, ""
        await self._say(rest[: max(rest.rfind(" "), rest.rfind("\n")) + 1] if cut else rest)

    async def note(self, text: str) -> None:
        """Words of our own, in a paragraph of their own."""
        self._apart()
        await self._out(text)

    async def aside(self) -> None:
        """What was said on the way to a tool: the name of the next step, where it is no paragraph of its own yet."""
        rest, self._pending = self._pending.strip(), ""
        if rest:
            line = " ".join(self._judged(rest).split())
            await self._tell(Plan(line if len(line) <= MOST_PLAN else f"{line[:MOST_PLAN]}…"))
        self._anew()

    async def broken(self) -> None:
        """What was heard is no answer."""
        self._pending = ""
        if self._told:
            self._anew()
            await self._tell(Text(f"{self._between}{AGAIN}"))
            self._between = ""

    def _anew(self) -> None:
        if self._told:
            self._told.clear()
            self._between = "\n\n"

    def _apart(self) -> None:
        if self._told and not self._told[-1].endswith("\n\n"):
            self._between = "\n\n"

    async def _say(self, text: str) -> None:
        if text.strip():
            await self._out(self._judged(text))

    async def _out(self, text: str) -> None:
        text, self._between = f"{self._between}{text}", ""
        self._told.append(text)
        await self._tell(Text(text))

    def _judged(self, text: str) -> str:
        found = checked(tamed(self._redact(text), self._addresses), self._support)
        self.unsupported.update(dict.fromkeys(found.unsupported))
        return found.text


def _boundary(text: str) -> int:
    """The end of the last paragraph that is complete, outside of code blocks; 0 where there is none."""
    at = start = 0
    fence = ""
    while (end := text.find("\n", start)) >= 0:
        line = text[start:end].strip()
        if not fence and line.startswith(("```", "~~~")):
            fence = line[:3]
        elif fence and line.startswith(fence):
            fence = ""
        elif not line and not fence:
            at = end + 1
        start = end + 1
    return at or (MOST_PIECE if len(text) > 2 * MOST_PIECE else 0)
