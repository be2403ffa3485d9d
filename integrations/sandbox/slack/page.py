"""What the page in the browser asks for and does, as JSON over HTTP; the acting person is in `X-Person`."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from bot.errors import InvalidInput
from integrations.sandbox.slack import shown
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.forms import NotPossible
from integrations.sandbox.slack.inspector import Inspector
from integrations.sandbox.slack.interactions import Interactions
from integrations.sandbox.slack.live import Live
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.state import Message, SlackError, Wire, Workspace
from integrations.sandbox.slack.typed import understood

STATIC = Path(__file__).with_name("static")
MOST_UPLOADED = 50 * 2**20
Move = Callable[[str, Wire], Awaitable[Wire] | Wire]


class Page:
    """The routes under `/page/`, and the page itself."""

    def __init__(
        self,
        workspace: Workspace,
        manifest: Manifest,
        interactions: Interactions,
        live: Live,
        inspector: Inspector,
        faults: Faults,
        *,
        connected: Callable[[], bool],
    ) -> None:
        self._workspace = workspace
        self._manifest = manifest
        self._interactions = interactions
        self._live = live
        self._inspector = inspector
        self._faults = faults
        self._connected = connected
        self.welcome: Wire | None = (
            None  # what the page shows on a first visit: {title, steps: [{text, say?, link?, …}]}
        )

    def routes(self) -> list[web.AbstractRouteDef]:
        reads: dict[str, Move] = {
            "state": self._state,
            "messages": self._messages,
            "thread": self._thread,
            "file/{file}": self._file,
            "inspector": self._inspect,
            "faults": self._read_faults,
        }
        moves: dict[str, Move] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "pin": self._pin,
            "join": self._join,
            "leave": self._leave,
            "read": self._read,
            "dm": self._dm,
            "create": self._create,
            "typing": self._typing,
            "command": self._command,
            "action": self._action,
            "options": self._options,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "home": self._home,
            "assistant": self._assistant,
            "faults": self._set_faults,
        }
        return [
            web.get("/", self._index),
            *(web.get(f"/page/{path}", self._answering(move)) for path, move in reads.items()),
            *(web.post(f"/page/{path}", self._answering(move)) for path, move in moves.items()),
            web.post("/page/upload", self._upload),
            web.get("/page/live", self._follow),
            web.get("/archives/{channel}/p{ts}", self._permalink),
            *([web.static("/static", STATIC)] if STATIC.is_dir() else []),
        ]

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    def _answering(self, move: Move) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            try:
                given: Wire = dict(request.query) | dict(request.match_info)
                if request.method == "POST" and request.can_read_body:
                    body = await request.json()
                    if not isinstance(body, dict):
                        return refusal("invalid_arguments", "the body is no JSON object")
                    given |= body
                made = move(self._person(request), given)
                return web.json_response(made if isinstance(made, dict) else await made)
            except SlackError as error:
                return refusal(error.error, error.why, error.messages)
            except NotPossible as error:
                return refusal("not_possible", str(error))
            except InvalidInput as error:
                return refusal("invalid_arguments", str(error))
            except (KeyError, ValueError) as error:
                return refusal("invalid_arguments", f"{type(error).__name__}: {error}")

        return answer

    def _person(self, request: web.Request) -> str:
        named = request.headers.get("X-Person") or request.query.get("person") or ""
        person = self._workspace.person(named)
        if person.is_bot:
            raise SlackError("user_not_found", f"{named} is the app, not a person")
        return person.id

    # ---------------------------------------------------------------- reading

    def _state(self, person: str, _: Wire) -> Wire:
        state = shown.state(self._workspace, self._manifest, person, connected=self._connected())
        return state | ({"welcome": self.welcome} if self.welcome else {})

    def _messages(self, person: str, given: Wire) -> Wire:
        channel = self._workspace.channel(given["channel"]).id
        limit = max(1, min(200, int(given.get("limit", 50))))
        before = given.get("before") or "9"
        held = self._with_private(person, channel, None, self._workspace.history(person, channel))
        older = [message for message in held if message.ts < before]
        return {
            "messages": [shown.message(self._workspace, message) for message in older[-limit:]],
            "has_more": len(older) > limit,
        }

    def _thread(self, person: str, given: Wire) -> Wire:
        channel = self._workspace.channel(given["channel"]).id
        parent, *replies = self._workspace.thread(person, channel, given["ts"])
        held = [parent, *self._with_private(person, channel, parent.ts, replies)]
        found: Wire = {"messages": [shown.message(self._workspace, message) for message in held]}
        if (thread := self._workspace.assistant.get((channel, parent.ts))) is not None:
            found["assistant"] = thread.as_json()
        return found

    def _with_private(self, person: str, channel: str, thread: str | None, held: list[Message]) -> list[Message]:
        """Those that only this person sees stand between the others."""
        private = [
            message
            for message in self._workspace.ephemeral.values()
            if (message.channel, message.thread_ts, message.ephemeral_to) == (channel, thread, person)
        ]
        return sorted([*held, *private], key=lambda message: message.ts)

    def _file(self, person: str, given: Wire) -> Wire:
        return {"file": shown.file(self._workspace.file(person, given["file"]))}

    def _inspect(self, _: str, given: Wire) -> Wire:
        return {"entries": self._inspector.entries(int(given.get("after", 0)))}

    def _read_faults(self, _: str, __: Wire) -> Wire:
        return self._faults.as_json()

    def _set_faults(self, _: str, given: Wire) -> Wire:
        return self._faults.set(**{name: value for name, value in given.items() if name != "person"})

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        try:
            person = self._person(request)
        except SlackError as error:
            return refusal(error.error, error.why)
        return await self._live.serve(request, person)

    # ---------------------------------------------------------------- messages

    def _say(self, person: str, given: Wire) -> Wire:
        message = self.say(
            person,
            given["channel"],
            given.get("text", ""),
            thread_ts=given.get("thread_ts"),
            files=given.get("files", ()),
        )
        return {"message": shown.message(self._workspace, message)}

    def typed(self, text: str) -> tuple[str, list[Wire]]:
        return understood(self._workspace, text)

    def say(
        self,
        person: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Any = (),
        broadcast: bool = False,
    ) -> Message:
        """As the composer sends it."""
        workspace = self._workspace
        sent, blocks = understood(workspace, text)
        where = workspace.channel(channel).id
        if files:
            message = workspace.share_file(person, list(files), where, thread_ts=thread_ts, text=sent, blocks=blocks)
        else:
            message = workspace.post(
                person,
                where,
                sent,
                blocks=blocks,
                thread_ts=thread_ts,
                client_msg_id=str(uuid.uuid4()),
                reply_broadcast=broadcast,
            )
        if message.thread_ts is None:
            workspace.mark_read(person, where, message.ts)
        self._hint(person, message)
        return message

    def _hint(self, person: str, message: Message) -> None:
        """Slackbot says so when the app is spoken to where it cannot hear."""
        workspace = self._workspace
        app = workspace.people[workspace.bot_user_id]
        if f"<@{app.id}>" not in message.text or app.id in workspace.channel(message.channel).members:
            return
        text = f"{app.real_name} is not in this channel. `/invite @{app.name}` brings it in."
        with contextlib.suppress(SlackError):  # of a private channel it must not know
            workspace.post(
                app.id,
                message.channel,
                text,
                thread_ts=message.thread_ts,
                ephemeral_to=person,
                username="Slackbot",
                anywhere=True,
            )

    def _edit(self, person: str, given: Wire) -> Wire:
        text, blocks = understood(self._workspace, given["text"])
        message = self._workspace.update(person, given["channel"], given["ts"], text, blocks=blocks)
        return {"message": shown.message(self._workspace, message)}

    def _delete(self, person: str, given: Wire) -> Wire:
        self._workspace.delete(person, given["channel"], given["ts"])
        return {"ok": True}

    def _react(self, person: str, given: Wire) -> Wire:
        self._workspace.react(person, given["channel"], given["ts"], given["name"], add=not given.get("remove"))
        return {"ok": True}

    def _pin(self, person: str, given: Wire) -> Wire:
        move = self._workspace.unpin if given.get("remove") else self._workspace.pin
        move(person, given["channel"], given["ts"])
        return {"ok": True}

    def _read(self, person: str, given: Wire) -> Wire:
        self._workspace.mark_read(person, given["channel"], given["ts"])
        return {"ok": True}

    def _typing(self, person: str, given: Wire) -> Wire:
        channel = self._workspace.joined(person, given["channel"]).id
        frame = {"type": "typing", "channel": channel, "user": person, "thread_ts": given.get("thread_ts")}
        self._live.tell_all(frame, channel=channel, but=person)
        return {"ok": True}

    async def _upload(self, request: web.Request) -> web.Response:
        try:
            person = self._person(request)
            fields: dict[str, str] = {}
            content, name = None, ""
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader):
                    continue
                if part.name == "file":
                    content, name = await _read_within(part, MOST_UPLOADED), part.filename or "file"
                else:
                    fields[part.name or ""] = await part.text()
            if content is None:
                return refusal("no_file_data", "there is no part called file")
            held = self._workspace.add_file(person, name, content)
            found: Wire = {"file": shown.file(held)}
            if channel := fields.get("channel"):
                message = self.say(
                    person, channel, fields.get("text", ""), thread_ts=fields.get("thread_ts") or None, files=[held.id]
                )
                found = {"file": shown.file(held), "message": shown.message(self._workspace, message)}
            return web.json_response(found)
        except SlackError as error:
            return refusal(error.error, error.why)
        except (AssertionError, ValueError) as error:
            return refusal("invalid_form_data", str(error))

    async def _permalink(self, request: web.Request) -> web.StreamResponse:
        channel, digits = request.match_info["channel"], request.match_info["ts"]
        ts, thread = f"{digits[:-6]}.{digits[-6:]}", request.query.get("thread_ts")
        raise web.HTTPFound(
            f"/#/c/{channel}/t/{thread}/m/{ts}" if thread and thread != ts else f"/#/c/{channel}/m/{ts}"
        )

    # ---------------------------------------------------------------- channels

    def _join(self, person: str, given: Wire) -> Wire:
        return self._shown_channel(person, self._workspace.join(person, given["channel"]).id)

    def _leave(self, person: str, given: Wire) -> Wire:
        return {"ok": self._workspace.leave(person, given["channel"])}

    def _dm(self, person: str, given: Wire) -> Wire:
        return self._shown_channel(person, self._workspace.open_dm(given["users"], by=person).id)

    def _create(self, person: str, given: Wire) -> Wire:
        made = self._workspace.create_channel(person, given["name"], private=bool(given.get("private")))
        return self._shown_channel(person, made.id)

    def _invite(self, person: str, channel: str, text: str) -> Wire:
        """Slack's own command."""
        names = [name.removeprefix("@").lower() for name in text.split()]
        self._workspace.invite(person, channel, [self._workspace.person(name).id for name in names])
        return {"ok": True}

    def _shown_channel(self, person: str, channel: str) -> Wire:
        return {"channel": shown.channel(self._workspace, self._workspace.channels[channel], person)}

    # ---------------------------------------------------------------- the app

    async def _command(self, person: str, given: Wire) -> Wire:
        if given["command"] == "/invite":
            return self._invite(person, given["channel"], given.get("text", ""))
        return _outcome(
            await self._interactions.command(person, given["command"], given.get("text", ""), given["channel"])
        )

    async def _action(self, person: str, given: Wire) -> Wire:
        error = await self._interactions.action(
            person, given["container"], given.get("block_id", ""), given["action_id"], given, _values(given)
        )
        return _outcome(error)

    async def _options(self, person: str, given: Wire) -> Wire:
        return await self._interactions.options(
            person, given["container"], given.get("block_id", ""), given["action_id"], given.get("value", "")
        )

    async def _submit(self, person: str, given: Wire) -> Wire:
        found = await self._interactions.submit(person, given["view_id"], _values(given) or {})
        if found.get("view") in self._workspace.views:
            found["view"] = shown.view(self._workspace, self._workspace.views[found["view"]])
        return found

    async def _close(self, person: str, given: Wire) -> Wire:
        await self._interactions.close(person, given["view_id"], clear=bool(given.get("clear")))
        return {"ok": True}

    async def _shortcut(self, person: str, given: Wire) -> Wire:
        error = await self._interactions.shortcut(
            person, given["callback_id"], channel=given.get("channel"), message_ts=given.get("message_ts")
        )
        return _outcome(error)

    def _home(self, person: str, _: Wire) -> Wire:
        if self._workspace.person(person).is_stranger:
            return {"view": None}
        self._workspace.dm_with_bot(person)
        view = self._workspace.open_home(person)
        return {"view": None if view is None else shown.view(self._workspace, view)}

    def _assistant(self, person: str, given: Wire) -> Wire:
        workspace, context = self._workspace, given.get("context_channel")
        if ts := given.get("thread_ts"):
            channel = workspace.dm_with_bot(person).id
            thread = workspace.change_assistant_context(channel, ts, context_channel=context)
        else:
            thread = workspace.start_assistant_thread(person, context_channel=context)
        return {"channel": thread.channel, "thread_ts": thread.ts, "thread": thread.as_json()}


def refusal(error: str, why: str = "", messages: list[str] | None = None) -> web.Response:
    body = {"ok": False, "error": error, "why": why, "messages": messages or []}
    return web.json_response(body, status=404 if error.endswith("_not_found") else 400)


def _outcome(error: str) -> Wire:
    return {"ok": False, "error": error} if error else {"ok": True}


def _values(given: Wire) -> Wire | None:
    """`state` as `{values: {…}}` or as the values themselves."""
    state = given.get("state")
    if not isinstance(state, dict):
        return None
    values = state.get("values", state)
    return values if isinstance(values, dict) else None


async def _read_within(part: BodyPartReader, most: int) -> bytes:
    held = bytearray()
    while chunk := await part.read_chunk(2**16):
        held += chunk
        if len(held) > most:
            raise ValueError(f"a file has at most {most} bytes")
    return bytes(held)
