"""Bolt's listeners, all of them thin: payload in, `Request` or `Act` out. Nothing is decided here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.middleware.assistant.async_assistant import AsyncAssistant

from bot.agent.events import Text, Trouble
from bot.agent.preferences import FOLLOW, PreferenceStore, of_person
from bot.agent.request import Attachment, Request
from bot.door.outcomes import Origin
from bot.door.registry import Registry
from bot.errors import CopilotError
from bot.guard.people import Actor, People
from handlers import surface
from handlers.assistant import Assistant
from handlers.buttons import ACTION, Form, OnAnswer, read
from handlers.commands import Commands
from handlers.conversation import Conversation
from handlers.deliveries import mentions
from handlers.files import Files
from handlers.forms import Forms
from handlers.home import Home
from handlers.live import Place
from handlers.people import SlackDirectory
from handlers.presses import Press, Presses
from handlers.submissions import Submissions
from handlers.words import literal, plain, speaks_to_another

LIKES: Final[Mapping[str, str]] = {"+1": "up", "thumbsup": "up", "-1": "down", "thumbsdown": "down"}
PINS: Final = frozenset({"pushpin", "round_pushpin"})
TIMELINE: Final = "incidents.note"
DECLARE: Final = "incidents.declare"
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom the listeners hand over to."""

    conversation: Conversation
    presses: Presses
    submissions: Submissions
    commands: Commands
    assistant: Assistant
    home: Home
    files: Files
    forms: Forms
    registry: Registry
    directory: SlackDirectory
    people: People
    preferences: PreferenceStore

    def register(self, app: AsyncApp) -> None:
        assistant = AsyncAssistant()
        assistant.thread_started(self.assistant_began)
        assistant.thread_context_changed(self.assistant_looks_elsewhere)
        assistant.user_message(self.message)
        app.use(assistant)
        app.event("app_mention")(self.message)
        app.event("message")(self.message)
        app.event("reaction_added")(self.reaction_added)
        app.event("reaction_removed")(self.reaction_removed)
        app.event("app_home_opened")(self.home_opened)
        app.event("member_joined_channel")(self.joined)
        app.event("user_change")(self.person_changed)
        app.event("subteam_updated")(self.group_changed)
        for command in surface.COMMANDS:
            app.command(command)(self.command)
        app.action(re.compile(f"^{ACTION.pattern}$"))(self.pressed)
        app.action("feedback")(self.rated)
        app.action(re.compile(".*"))(self.touched)
        app.view(re.compile(".*"))(self.submitted)
        app.view_closed(re.compile(".*"))(self.touched)
        for callback, shortcut in surface.SHORTCUTS.items():
            kind: dict[str, Any] = {
                "type": "shortcut" if shortcut.type == "global" else "message_action",
                "callback_id": callback,
            }
            app.shortcut(kind)(getattr(self, callback))

    # ------------------------------------------------------------ words

    async def message(self, event: Payload, body: Payload, context: AsyncBoltContext) -> None:
        """A mention, a word in private, or a reply in a thread that the bot is in."""
        bot, text = str(context.bot_user_id or ""), str(event.get("text") or "")
        workspace, channel, ts = str(body.get("team_id", "")), str(event["channel"]), str(event["ts"])
        thread = event.get("thread_ts")
        direct = event.get("channel_type") == "im"
        mentioned = mentions(text, bot)
        words = plain(text, bot)
        if not direct and not mentioned and not await self._followed(workspace, channel, thread, event, words, bot):
            return
        place = Place(
            channel,
            str(thread or ts) if not direct or thread else None,
            recipient_user=str(event["user"]),
            recipient_team=str(event.get("user_team") or event.get("team") or workspace),
            surface=("assistant" if thread else "dm") if direct else "thread",
            can_stream=bool(thread or not direct),
        )
        if direct and thread:
            await self.assistant.begins(channel, str(thread), words)
        attachments = [await self.files.fetch(file) for file in (event.get("files") or [])[:5]]
        request = Request(
            Actor(str(event["user"])),
            Origin(place.surface, channel, place.thread, workspace),
            _key(context, f"{workspace}:{channel}:{ts}"),
            text=words,
            attachments=tuple(each for each in attachments if each),
            again=_again(context),
        )
        answer = await self.conversation.answer(request, place)
        if answer and place.surface == "thread":
            await self.conversation.join(place, request.actor.id, workspace)

    async def _followed(
        self, workspace: str, channel: str, thread: str | None, event: Payload, words: str, bot: str
    ) -> bool:
        """Not said to us, and yet meant for us: in a thread that we are in, and plain enough to be sure."""
        if not thread or not words or speaks_to_another(str(event.get("text") or ""), bot):
            return False
        if not await self.conversation.follows(workspace, channel, thread):
            return False
        preferred = await self.preferences.all(of_person(str(event["user"])))
        return bool(preferred.get(FOLLOW, True)) and self.conversation.understands(words)

    async def command(self, command: Payload, context: AsyncBoltContext) -> None:
        await self.commands.run(command, _key(context, str(command.get("trigger_id"))))

    # ------------------------------------------------------------ buttons and windows

    async def pressed(self, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
        press = press_of(body, _key(context, str(action.get("action_ts"))), again=_again(context))
        text = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
        try:
            act = read(str(action["action_id"]), str(text))
        except CopilotError as error:
            await self.presses.tell(press, Trouble(error.message, error.mend))
            return
        await self.presses.act(act, press)
        if press.surface == "home":
            await self.home.draw(press.person, press.workspace)

    async def rated(self, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
        """👍 and 👎 below an answer."""
        press = press_of(body, _key(context, str(action.get("action_ts"))), again=_again(context))
        verdict, _, answer = str(action.get("value") or "").partition(":")
        if verdict in {"up", "down"}:
            await self.presses.act(OnAnswer(answer, verdict), press)  # type: ignore[arg-type]

    async def touched(self) -> None:
        """A field of a form, a link, a closed window: nothing to do before it is sent."""

    async def submitted(self, body: Payload, context: AsyncBoltContext) -> None:
        press = press_of(body, _key(context, str(body["view"]["id"])), again=_again(context))
        await self.submissions.take(body["view"], press)

    # ------------------------------------------------------------ shortcuts

    async def ask(self, shortcut: Payload, context: AsyncBoltContext) -> None:
        await self.presses.ask(press_of(shortcut, _key(context, "")))

    async def declare_incident(self, shortcut: Payload, context: AsyncBoltContext) -> None:
        await self._declare(press_of(shortcut, _key(context, "")), "")

    async def declare_incident_from(self, shortcut: Payload, context: AsyncBoltContext) -> None:
        await self._declare(press_of(shortcut, _key(context, "")), literal(shortcut["message"].get("text") or ""))

    async def _declare(self, press: Press, text: str) -> None:
        await self._if_installed(press, DECLARE, {"description": text[:2_000]} if text else {}, "Incidents")

    async def add_to_timeline(self, shortcut: Payload, context: AsyncBoltContext) -> None:
        press = press_of(shortcut, _key(context, ""))
        text = literal(shortcut["message"].get("text") or "")
        await self._if_installed(press, TIMELINE, {"text": text[:2_000]}, "The timeline of incidents")

    async def _if_installed(self, press: Press, operation: str, values: dict[str, Any], what: str) -> None:
        if operation in {each.name for each in self.registry}:
            await self.presses.act(Form(operation, values), press)
            return
        await self.presses.tell(
            press,
            Trouble(
                f"{what} cannot be used here: no operation {operation!r} is installed.", "`help` shows what there is."
            ),
        )

    async def explain(self, shortcut: Payload, context: AsyncBoltContext) -> None:
        """A message is looked at like a file: as data."""
        press = press_of(shortcut, _key(context, ""))
        text = literal(shortcut["message"].get("text") or "")
        files = [await self.files.fetch(file) for file in (shortcut["message"].get("files") or [])[:5]]
        attachments = [each for each in files if each]
        if text.strip():
            data = text.encode()
            attachments.insert(0, Attachment("message", "message", "text", len(data), data))
        if not attachments:
            await self.presses.tell(press, Text("There is no text in this message that I could look at."))
            return
        place = await self.presses.place(press)
        origin = Origin(place.surface, place.channel, place.thread, press.workspace)
        request = Request(
            Actor(press.person),
            origin,
            press.key,
            text="Explain this",
            attachments=tuple(attachments),
            again=_again(context),
        )
        await self.conversation.answer(request, place)

    # ------------------------------------------------------------ what happens around

    async def reaction_added(self, event: Payload, body: Payload, context: AsyncBoltContext) -> None:
        item, name = event.get("item") or {}, str(event.get("reaction", "")).partition("::")[0]
        if item.get("type") != "message" or event.get("user") == context.bot_user_id:
            return
        press = Press(
            str(event["user"]),
            str(body.get("team_id", "")),
            _key(context, str(body.get("event_id"))),
            channel=str(item["channel"]),
            message=str(item["ts"]),
        )
        if name in LIKES:
            await self.presses.like(press, LIKES[name])
        elif name in PINS and TIMELINE in {each.name for each in self.registry}:
            await self.presses.note(press, TIMELINE)

    async def reaction_removed(self, event: Payload, body: Payload, context: AsyncBoltContext) -> None:
        item, name = event.get("item") or {}, str(event.get("reaction", "")).partition("::")[0]
        if item.get("type") == "message" and name in LIKES:
            press = Press(
                str(event["user"]),
                str(body.get("team_id", "")),
                _key(context, str(body.get("event_id"))),
                channel=str(item["channel"]),
                message=str(item["ts"]),
            )
            await self.presses.like(press, "none")

    async def home_opened(self, event: Payload, body: Payload) -> None:
        if event.get("tab", "home") == "home":
            await self.home.draw(str(event["user"]), str(body.get("team_id", "")))

    async def assistant_began(self, payload: Payload) -> None:
        thread = payload["assistant_thread"]
        await self.assistant.greet(str(thread["channel_id"]), str(thread["thread_ts"]), str(thread["user_id"]))

    async def assistant_looks_elsewhere(self, payload: Payload) -> None:
        thread = payload["assistant_thread"]
        await self.assistant.suggest(str(thread["channel_id"]), str(thread["thread_ts"]), str(thread["user_id"]))

    async def joined(self, event: Payload, body: Payload, context: AsyncBoltContext) -> None:
        if event.get("user") == context.bot_user_id and event.get("inviter"):
            await self.assistant.introduce(str(event["channel"]), str(body.get("event_id")))

    async def person_changed(self, event: Payload) -> None:
        person = str((event.get("user") or {}).get("id", ""))
        self.directory.forget(person)
        self.people.forget(person)

    async def group_changed(self) -> None:
        self.directory.forget_groups()
        self.people.forget_all()


def press_of(body: Payload, key: str, *, again: bool = False) -> Press:
    """Who pressed what, where; from a button, a window or a shortcut."""
    container, message, view = body.get("container") or {}, body.get("message") or {}, body.get("view") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    ts = message.get("ts") or body.get("message_ts") or container.get("message_ts")
    kind: Any = {"home": "home", "modal": "modal"}.get(view.get("type", ""), "channel")
    if kind == "channel" and channel and str(channel).startswith("D"):
        kind = "dm"
    return Press(
        str(body["user"]["id"]),
        str((body.get("team") or {}).get("id") or body["user"].get("team_id") or ""),
        key or f"press:{body.get('trigger_id')}",
        channel=channel,
        thread=message.get("thread_ts") or container.get("thread_ts"),
        message=ts,
        trigger=str(body.get("trigger_id") or ""),
        view=str(view.get("id") or "") if kind == "modal" else "",
        surface=kind,
        again=again,
    )


def _key(context: AsyncBoltContext, otherwise: str) -> str:
    """The id under which the delivery is kept: whatever it leads to, it leads to once."""
    delivery = context.get("delivery")
    return delivery.id if delivery else f"slack:{otherwise}"


def _again(context: AsyncBoltContext) -> bool:
    delivery = context.get("delivery")
    return bool(delivery and delivery.again)
