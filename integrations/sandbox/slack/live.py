"""The page's live connection: every change that a person may see, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from integrations.sandbox.slack import shown
from integrations.sandbox.slack.state import Change, Wire, Workspace

MOST_WAITING = 5_000
HEARTBEAT_SECONDS = 30.0
_OF_THE_READER = frozenset({"home_published", "app_home_opened", "read", "file_created"})
_OF_THE_DIRECTORY = ("channel_", "member_", "bookmark_", "dm_")
_REDRAWN = frozenset({"message_changed", "ephemeral_changed"})


@dataclass(slots=True, eq=False)
class Reader:
    """One open page."""

    person: str
    frames: deque[Change | Wire] = field(default_factory=deque)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: Change | Wire) -> None:
        # A stream that outruns the page is drawn as it is by then, not once for each word.
        if isinstance(frame, Change) and frame.kind in _REDRAWN and self.frames:
            last = self.frames[-1]
            key = (frame.data["channel"], frame.data["ts"])
            if isinstance(last, Change) and last.kind == frame.kind and (last.data["channel"], last.data["ts"]) == key:
                self.frames.pop()
        self.frames.append(frame)
        self.more.set()


class Live:
    """All open pages."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._readers: set[Reader] = set()
        self._sockets: set[web.WebSocketResponse] = set()

    def tell(self, change: Change) -> None:
        for reader in self._readers:
            if self._concerns(reader.person, change):
                reader.put(change)

    def tell_all(self, frame: Wire, *, channel: str | None = None, but: str | None = None) -> None:
        """Something that is no change of the workspace: the app came or went, somebody types."""
        members = self._workspace.channel(channel).members if channel else None
        for reader in self._readers:
            if reader.person != but and (members is None or reader.person in members):
                reader.put(frame)

    async def serve(self, request: web.Request, person: str) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await socket.prepare(request)
        reader = Reader(person)
        reader.put({"type": "hello", "person": person})
        self._readers.add(reader)
        self._sockets.add(socket)
        writer = asyncio.create_task(self._write(reader, socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._readers.discard(reader)
            self._sockets.discard(socket)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    async def _write(self, reader: Reader, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await reader.more.wait()
                reader.more.clear()
                if len(reader.frames) > MOST_WAITING:  # it will come back and read anew
                    await socket.close(code=1013)
                    return
                while reader.frames:
                    frame = reader.frames.popleft()
                    text = json.dumps(self._frame(reader.person, frame) if isinstance(frame, Change) else frame)
                    await socket.send_str(text)

    async def close(self) -> None:
        for socket in list(self._sockets):
            with contextlib.suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(socket.close(), 1)

    # ---------------------------------------------------------------- who sees what

    def _concerns(self, person: str, change: Change) -> bool:
        data = change.data
        if "to" in data:
            return bool(data["to"] == person)
        if change.kind in _OF_THE_READER or change.kind.startswith("view_"):
            return bool(data["user"] == person)
        channel = self._workspace.channels.get(data.get("channel") or "")
        if channel is None:
            file = self._workspace.files.get(data.get("file") or "")
            return data.get("user") == person or (
                file is not None and any(self._workspace.can_see(person, one) for one in file.channels)
            )
        if change.kind.startswith(_OF_THE_DIRECTORY):
            return self._workspace.can_see(person, channel.id) or data.get("user") == person
        return person in channel.members

    def _frame(self, person: str, change: Change) -> Wire:
        workspace, data = self._workspace, change.data
        frame: dict[str, Any] = {
            "type": change.kind,
            **{k: v for k, v in data.items() if k not in {"previous", "payload"}},
        }
        channel, ts = data.get("channel"), data.get("ts")
        if channel and ts and change.kind.startswith(("message", "ephemeral", "reaction_", "pin_")):
            held = workspace.ephemeral.get(ts) if "to" in data else workspace.messages.get(channel, {}).get(ts)
            if held is not None:
                frame["message"] = shown.message(workspace, held)
            if (root := data.get("thread_ts")) and (parent := workspace.find(channel, root)) is not None:
                frame["parent"] = shown.message(workspace, parent)  # its count of replies changed
        if data.get("view") in workspace.views:
            frame["view"] = shown.view(workspace, workspace.views[data["view"]])
        elif "view" in data:
            frame["view"] = {"id": data["view"]}
        if change.kind.startswith(_OF_THE_DIRECTORY) and channel in workspace.channels:
            frame["channel"] = shown.channel(workspace, workspace.channels[channel], person)
            frame["channel_id"] = channel
        if data.get("file") in workspace.files:
            frame["file"] = shown.file(workspace.files[data["file"]])
        return frame
