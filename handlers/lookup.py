"""Whether a message of ours is there already, when the answer to its sending was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Interrupted
from handlers.courier import Courier
from handlers.lanes import Job
from handlers.refused import SlackRefused

PAGES: Final = 5


class Lookup:
    """Reads a thread, or a channel, as far as it has to."""

    def __init__(self, client: AsyncWebClient, courier: Courier) -> None:
        self._client = client
        self._courier = courier

    async def find(
        self, channel: str, thread: str | None, fits: Callable[[Mapping[str, Any]], bool], oldest: float
    ) -> Mapping[str, Any] | None:
        """The newest fitting message of a bot since then."""
        method = "conversations.replies" if thread else "conversations.history"
        asked: dict[str, Any] = {"channel": channel, "oldest": f"{oldest:.6f}", "limit": 200}
        cursor, found = "", None
        for _ in range(PAGES):

            async def read(cursor: str = cursor) -> Any:
                page = {**asked, "include_all_metadata": True, "cursor": cursor or None}
                if thread:
                    return await self._client.conversations_replies(ts=thread, **page)
                return await self._client.conversations_history(**page)

            try:
                answer = await self._courier.attempt(Job(method, None, read, joined=self._courier.clock()))
            except SlackRefused as error:
                doubt = f"It is not known whether the message is in {channel}: it may not be looked for ({error.code})."
                raise Interrupted(doubt, mend="Look there, and ask again if it is not.") from error
            for message in answer["messages"]:
                if message.get("bot_id") and fits(message):
                    found = message
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return found


def holds(message: Mapping[str, Any], key: str) -> bool:
    """Whether it is the one with this key: in its metadata, or, while it is streamed, as the id of a task."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return payload.get("key") == key or _has_task(message.get("blocks"), key) or _has_task(message.get("chunks"), key)


def _has_task(value: object, key: str) -> bool:
    match value:
        case Mapping():
            mine = value.get("task_id") == key or (value.get("type") == "task_update" and value.get("id") == key)
            return mine or any(_has_task(item, key) for item in value.values())
        case list():
            return any(_has_task(item, key) for item in value)
        case _:
            return False
