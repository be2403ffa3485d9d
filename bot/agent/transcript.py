"""An answer as it is remembered: what was said in words, without the tables and pictures beside it."""

from __future__ import annotations

from typing import Final

from bot.agent.events import Choices, Event, FormWanted, Result, Text, Trouble
from bot.agent.threads import Standing
from bot.door.outcomes import Done, Failed, Refused, WaitingForApproval

MOST: Final = 4_000
MOST_OF_ONE: Final = 1_500


class Transcript:
    """Listens to the events of a turn."""

    def __init__(self) -> None:
        self.standing: Standing = "done"
        self._said: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._said)[:MOST]

    def hear(self, event: Event) -> None:
        match event:
            case Text(markdown):
                self._add(markdown)
            case Choices(choices, question):
                asks = question.endswith("?")  # what comes after a colon are ways to go on
                self._add(f"{question} ({', '.join(each.label for each in choices)})" if asks else "")
            case FormWanted(operation, title):
                self._add(f"{title} ({operation}): a form was shown.")
            case Result(Done(output), title):
                summary = output.get("summary") if isinstance(output, dict) else None
                self._add(f"{title}: {summary}" if isinstance(summary, str) else f"{title}: done.")
            case Result(WaitingForApproval(approval), title):
                self.standing = "waiting"
                self._add(f"{title}: waits for approval {approval}.")
            case Result(Refused() | Failed() as outcome, title):
                self.standing = "failed"
                self._add(f"{title}: {outcome.message}")
            case Trouble(message):
                self.standing = "failed"
                self._add(message)

    def _add(self, text: str) -> None:
        if text.strip():
            self._said.append(text.strip()[:MOST_OF_ONE])
