"""Slash commands: the same words as everywhere, answered to the caller alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bot.agent.events import Choices, Event, FormWanted, Text
from bot.agent.meaning import group_of
from bot.agent.request import Request
from bot.door.outcomes import Origin
from bot.door.registry import AnyOperation, Registry
from bot.guard.people import Actor
from handlers.conversation import Conversation
from handlers.live import Place
from handlers.outbox import Outbox
from handlers.present.blocks import context
from handlers.present.escaping import code
from handlers.present.help import command_help
from handlers.present.limits import fit
from handlers.present.message import Rendered
from handlers.presses import Press, Presses
from handlers.surface import COMMANDS
from handlers.words import plain

PATIENCE: Final = 1.0
"""Seconds without a word; a form is opened within three."""
FIRST: Final = "Looking; the answer follows."
"""It stays: Slack changes no message through the address that came with a command."""
HELP: Final = frozenset({"", "help", "?"})
"""Words that ask what there is."""
VERBS: Final = {
    "add": "create",
    "disable": "pause",
    "enable": "resume",
    "mute": "pause",
    "remove": "delete",
    "rm": "delete",
    "stop": "delete",
    "unmute": "resume",
    "unpause": "resume",
    "unwatch": "delete",
}
"""What people say for the verbs that there are, where words without one would make something new."""


class Commands:
    """Words behind a slash."""

    def __init__(self, conversation: Conversation, presses: Presses, outbox: Outbox, registry: Registry) -> None:
        self._conversation = conversation
        self._presses = presses
        self._outbox = outbox
        self._registry = registry

    async def run(self, command: dict[str, Any], key: str, *, again: bool = False) -> None:
        person, channel = str(command["user_id"]), str(command["channel_id"])
        name, text = str(command["command"]), plain(str(command.get("text") or ""))
        known = COMMANDS.get(name)
        groups = known.groups if known else ()
        listing = None if text else self._listing(groups)
        asks = text.lower() in HELP and not listing
        if known and known.means:
            verb, space, rest = text.strip().partition(" ")
            text = f"{VERBS.get(verb.lower(), verb)}{space}{rest}"
        said = text
        for group in () if asks else groups:
            text = group_of(text, group, self._registry)
        if known and known.means and text and text == said and not asks:
            text = f"{known.means} {text}"
        press = Press(
            person,
            str(command["team_id"]),
            key,
            channel=channel,
            trigger=str(command.get("trigger_id") or ""),
            surface="command",
            again=again,
        )
        url = str(command.get("response_url") or "")
        place = Place(channel, None, recipient_user=person, surface="command")
        request = Request(
            Actor(person),
            Origin("command", channel, None, press.workspace),
            key,
            text="help" if asks else text,
            operation=listing.name if listing else None,
            values={"here": True} if listing and "here" in listing.input.model_fields else {},
            again=again,
        )
        if groups and (asks or not any(map(self._has, groups))):  # what is behind it, or that nothing is
            about = await self._conversation.shown(request, place, lambda scene: command_help(name, scene))
            await self._outbox.respond(url, about)
            return
        answering = asyncio.create_task(self._conversation.whole(request, place))
        try:
            done, _ = await asyncio.wait({answering}, timeout=PATIENCE)
            if not done:
                await self._outbox.respond(url, Rendered(FIRST, ()))
            rendered, answer = await answering
        finally:
            answering.cancel()
        wanted = _form(answer.events)
        if wanted and done:  # the window at once; beside it only what no window says
            await self._presses.open_form(press, wanted.operation, dict(wanted.values))
        if not (wanted and done) or any(isinstance(each, Text) for each in answer.events):
            shown = _going_on(rendered, name) if listing else rendered
            await self._outbox.respond(url, shown)

    def _listing(self, groups: Sequence[str]) -> AnyOperation | None:
        """What there is already, behind a command without words; None where that takes more than a glance."""
        names = {f"{group}.list" for group in groups}
        found = next((each for each in self._registry if each.name in names), None)
        return found if found and not any(each.is_required() for each in found.input.model_fields.values()) else None

    def _has(self, group: str) -> bool:
        return any(each.name.startswith(f"{group}.") for each in self._registry)


def _going_on(rendered: Rendered, command: str) -> Rendered:
    """With what else the command takes."""
    more = context(f"Go on with {code(f'{command} {COMMANDS[command].usage}')}")
    return replace(rendered, blocks=tuple(fit([*rendered.blocks, more])))


def _form(events: tuple[Event, ...]) -> FormWanted | None:
    """The form, where that is all there is to say."""
    rest = [event for event in events if not isinstance(event, (FormWanted, Choices, Text))]
    found = [event for event in events if isinstance(event, FormWanted)]
    return found[0] if found and not rest else None
