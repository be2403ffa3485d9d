"""The address that comes with each interaction: the app may answer there five times within half an hour."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from integrations.sandbox.slack.inspector import Inspector
from integrations.sandbox.slack.state import Message, SlackError, Workspace

USES = 5
SECONDS = 30 * 60


@dataclass(slots=True)
class Address:
    """One response_url: for whom, where, and about which message."""

    person: str
    channel: str
    born: float
    message: str | None = None  # ts of the message with the button, ephemeral or not
    uses: int = 0


class ResponseUrls:
    """Gives them out and answers what is sent there."""

    def __init__(self, workspace: Workspace, inspector: Inspector) -> None:
        self._workspace = workspace
        self._inspector = inspector
        self._addresses: dict[str, Address] = {}
        self.base_url = ""
        self.on_sent: list[Callable[[str, dict[str, Any]], None]] = []

    def mint(self, person: str, channel: str, message: Message | None = None) -> str:
        now = self._workspace.clock()
        for old in [token for token, held in self._addresses.items() if now - held.born > 2 * SECONDS]:
            del self._addresses[old]
        token = secrets.token_urlsafe(24)
        self._addresses[token] = Address(person, channel, now, message.ts if message else None)
        return f"{self.base_url}/actions/{self._workspace.team_id}/{token}"

    async def answer(self, request: web.Request) -> web.Response:
        """`POST /actions/{team}/{token}`."""
        began = time.perf_counter()
        text = await request.text()
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        status, error = self.respond(request.match_info["token"], body)
        self._inspector.record(
            "app→slack",
            "response_url",
            "response_url",
            body if body is not None else text,
            response={"ok": not error} | ({"error": error} if error else {}),
            status=error or "ok",
            took_ms=round((time.perf_counter() - began) * 1000, 2),
        )
        if error:
            return web.json_response({"ok": False, "error": error}, status=status)
        return web.Response(text="ok")

    def respond(self, token: str, body: Any) -> tuple[int, str]:
        """HTTP status and Slack's error, which is empty when it went well."""
        address = self._addresses.get(token)
        if address is None:
            return 404, "no_service"
        if self._workspace.clock() - address.born > SECONDS:
            return 404, "expired_url"
        if address.uses >= USES:
            return 404, "used_url"
        if not isinstance(body, dict):
            return 400, "invalid_payload"
        address.uses += 1
        for listener in self.on_sent:
            listener("response_url", body)
        try:
            self._move(address, body)
        except SlackError as error:
            return 200, error.error
        return 200, ""

    def say(self, person: str, channel: str, body: dict[str, Any], *, username: str | None = None) -> None:
        """What a slash command was answered with directly; as over the address, and without one."""
        if username is None:
            for listener in self.on_sent:
                listener("slash_command", body)
        self._move(Address(person, channel, self._workspace.clock()), body, username=username)

    def _move(self, address: Address, body: dict[str, Any], *, username: str | None = None) -> None:
        workspace, bot = self._workspace, self._workspace.bot_user_id
        if body.get("delete_original") and address.message:
            workspace.delete(bot, address.channel, address.message, ephemeral_too=True)
            return
        text, blocks = str(body.get("text") or ""), body.get("blocks") or []
        if body.get("replace_original") and address.message:
            workspace.update(bot, address.channel, address.message, text, blocks=blocks, ephemeral_too=True)
            return
        workspace.post(
            bot,
            address.channel,
            text,
            blocks=blocks,
            thread_ts=body.get("thread_ts"),
            metadata=body.get("metadata"),
            ephemeral_to=None if body.get("response_type") == "in_channel" else address.person,
            username=username,
            anywhere=True,
        )
