"""Bolt's listeners, all of them thin: payload in, `Request` or `Act` out. Nothing is decided here.

The receivers have acknowledged long ago; `ack` only tells Bolt that the request was not for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.agent.events import Text, Trouble
from bot.agent.preferences import FOLLOW, PreferenceStore, of_person
from bot.agent.request import Attachment, Request
from bot.door.outcomes import Origin
from bot.door.registry import Registry
from bot.errors import CopilotError
from bot.guard.people import Actor, People
from handlers import surface
from handlers.assistant import Assistant, Pane
from handlers.buttons import ACTION, Form, OnAnswer, read
from handlers.commands import Commands
from handlers.conversation import Conversation
from handlers.deliveries import MESSAGES, mentions
from handlers.files import Files
from handlers.forms import MORE, Forms
from handlers.home import Home
from handlers.live import Place
from handlers.people import SlackDirectory
from handlers.presses import Press, Presses
from handlers.submissions import Submissions
from handlers.words import literal, plain, speaks_to_another

FEEDBACK: Final = "feedback"
LIKES: Final[Mapping[str, str]] = {"+1": "up", "thumbsup": "up", "-1": "down", "thumbsdown": "down"}
CHANNEL: Final = re.compile(r"[CDG][A-Z0-9]+")
PINS: Final = frozenset({"pushpin", "round_pushpin"})
TIMELINE: Final = "incidents.note"
DECLARE: Final = "incidents.declare"
Payload = dict[str, Any]
Listener = Callable[[Payload, Payload, AsyncBoltContext], Awaitable[None]]


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
        assistant = Pane()
        assistant.thread_started(self.assistant_began)
        assistant.thread_context_changed(self.assistant_looks_elsewhere)
        assistant.user_message(self.message)
        app.use(assistant)
        # One listener for all events, one for all buttons: Bolt asks one after the other, and each costs.
        app.event(_one_of(self._events))(self.happened)
        app.action(re.compile(".*"))(self.touched)
        app.view(re.compile(".*"))(self.submitted)
        app.view_closed(re.compile(".*"))(self.closed)
        app.command(_one_of(surface.COMMANDS))(self.command)
        for kind, wire in (("global", "shortcut"), ("message", "message_action")):
            names = [name for name, shortcut in surface.SHORTCUTS.items() if shortcut.type == kind]
            app.shortcut({"type": wire, "callback_id": _one_of(names)})(self.taken)

    @property
    def _events(self) -> Mapping[str, Listener]:
        return {
            "app_mention": self.message,
            "message": self.message,
            "reaction_added": self.reaction_added,
            "reaction_removed": self.reaction_removed,
            "app_home_opened": self.home_opened,
            "member_joined_channel": self.joined,
            "user_change": self.person_changed,
            "subteam_updated": self.group_changed,
        }

    async def happened(self, event: Payload, body: Payload, context: AsyncBoltContext) -> None:
        await self._events[str(event["type"])](event, body, context)

    async def taken(self, ack: AsyncAck, shortcut: Payload, context: AsyncBoltContext) -> None:
        await ack()
        await getattr(self, str(shortcut["callback_id"]))(shortcut, context)

    async def touched(self, ack: AsyncAck, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
        """A button; or a field of a form, or a link, with which there is nothing to do yet."""
        await ack()
        if action["action_id"] == FEEDBACK:
            await self.rated(body, action, context)
        elif action["action_id"] == MORE:
            await self.presses.unfold(body["view"], press_of(body, _key(context, str(action.get("action_ts")))))
        elif ACTION.fullmatch(str(action["action_id"])):
            await self.pressed(body, action, context)

    async def closed(self, ack: AsyncAck) -> None:
        """A window, without having been sent."""
        await ack()

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
        person = str(event["user"])
        if not (await self.preferences.all(of_person(person))).get(FOLLOW, True):
            return False
        request = Request(Actor(person), Origin("thread", channel, thread, workspace), "", text=words)
        return await self.conversation.concerns(request)

    async def command(self, ack: AsyncAck, command: Payload, context: AsyncBoltContext) -> None:
        await ack()
        await self.commands.run(command, _key(context, str(command.get("trigger_id"))), again=_again(context))

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
        if press.surface == "home" and self.home.changes_by(act):
            await self.home.draw(press.person, press.workspace)

    async def rated(self, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
        """👍 and 👎 below an answer."""
        press = press_of(body, _key(context, str(action.get("action_ts"))), again=_again(context))
        act = read("answer", str(action.get("value") or ""))
        if isinstance(act, OnAnswer) and act.verb in {"up", "down"}:
            await self.presses.act(act, press)

    async def submitted(self, ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
        await ack()
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
        if item.get("type") == "message" and name in LIKES and event.get("user") != context.bot_user_id:
            press = Press(
                str(event["user"]),
                str(body.get("team_id", "")),
                _key(context, str(body.get("event_id"))),
                channel=str(item["channel"]),
                message=str(item["ts"]),
            )
            await self.presses.unlike(press, LIKES[name])

    async def home_opened(self, event: Payload, body: Payload, _: AsyncBoltContext) -> None:
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

    async def person_changed(self, event: Payload, _: Payload, __: AsyncBoltContext) -> None:
        person = str((event.get("user") or {}).get("id", ""))
        self.directory.forget(person)
        self.people.forget(person)

    async def group_changed(self, _: Payload, __: Payload, ___: AsyncBoltContext) -> None:
        self.directory.forget_groups()
        self.people.forget_all()


def _one_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(f"^(?:{'|'.join(map(re.escape, names))})$")


def press_of(body: Payload, key: str, *, again: bool = False) -> Press:
    """Who pressed what, where; from a button, a window or a shortcut."""
    container, message, view = body.get("container") or {}, body.get("message") or {}, body.get("view") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    if not channel and CHANNEL.fullmatch(str(view.get("private_metadata", ""))):
        channel = view["private_metadata"]  # a window that was opened from an answer there
    private = bool(container.get("is_ephemeral"))
    ts = None if private else message.get("ts") or body.get("message_ts") or container.get("message_ts")
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
        reply=str(body.get("response_url") or "") if private else "",
    )


def whose(payload: Payload, key: str) -> Press | None:
    """Who waits for an answer to a delivery, whatever its kind; None where nobody does."""
    event = payload.get("event")
    if event is None and "command" not in payload:
        return press_of(payload, key)
    if event is None:
        person, channel, team = (str(payload.get(name) or "") for name in ("user_id", "channel_id", "team_id"))
        return Press(person, team, key, channel=channel, surface="command")
    if event.get("type") not in MESSAGES:
        return None
    return Press(
        str(event["user"]),
        str(payload.get("team_id", "")),
        key,
        channel=str(event["channel"]),
        thread=event.get("thread_ts"),
        message=str(event["ts"]),
    )


def _key(context: AsyncBoltContext, otherwise: str) -> str:
    """The id under which the delivery is kept: whatever it leads to, it leads to once."""
    delivery = context.get("delivery")
    return delivery.id if delivery else f"slack:{otherwise}"


def _again(context: AsyncBoltContext) -> bool:
    delivery = context.get("delivery")
    return bool(delivery and delivery.again)
