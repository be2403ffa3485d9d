"""Requests that want an approval, as people make them."""

from __future__ import annotations

from integrations.sandbox.slack.state import Message
from integrations.sandbox.slack.testing import Person, Playground, Thread, words


async def asks_for_a_drill(
    person: Person, where: str = "#ops", *, label: str = "drill", environment: str = "production"
) -> tuple[Thread, Message]:
    """The thread, and the card in it."""
    quoted = label.replace('"', "")
    thread = await person.says(where, f'@copilot maintenance.drill "label={quoted}" environment={environment}')
    return thread, await thread.last(containing="Waiting for approval")


async def redrawn(workspace: Playground, card: Message, containing: str) -> Message:
    """The card, once it shows that."""

    def find() -> Message | None:
        now = workspace.state.message(card.channel, card.ts)
        return now if containing in words(now) else None

    def shown() -> str:
        return words(workspace.state.message(card.channel, card.ts)) + "\n"

    return await workspace.until(find, f"a card with {containing!r}", shown=shown)
