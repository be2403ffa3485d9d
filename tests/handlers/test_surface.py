"""The tables of `handlers/surface.py` are what the code does: nothing beyond them is used, and nothing of them idle."""

from __future__ import annotations

import ast
from dataclasses import fields
from typing import Any
from unittest.mock import Mock

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from handlers.listeners import Listeners
from handlers.surface import COMMANDS, EVENTS, METHODS, SHORTCUTS
from tests.handlers.usage import (
    assistant_events,
    client_methods,
    methods_called,
    methods_named,
    registered,
    sources,
)

HEARD = {event.partition(".")[0] for event in EVENTS}


@pytest.fixture(scope="module")
def app() -> AsyncApp:
    """Bolt with our listeners; behind them is nothing, for here they are only asked whether they would listen."""
    made = AsyncApp(client=AsyncWebClient("xoxb-local"), request_verification_enabled=False)
    Listeners(**{field.name: Mock() for field in fields(Listeners)}).register(made)
    return made


async def listens(app: AsyncApp, payload: dict[str, Any]) -> bool:
    request = AsyncBoltRequest(mode="socket_mode", body=payload)
    response = BoltResponse(status=200)
    return any([await each.async_matches(req=request, resp=response) for each in app._async_listeners])


# ---------------------------------------------------------------- methods


def test_no_method_is_called_that_the_table_does_not_name() -> None:
    assert methods_called(sources()) - METHODS.keys() == set()


def test_no_method_of_the_table_is_idle() -> None:
    assert METHODS.keys() - methods_called(sources()) == set()


def test_no_limit_and_no_message_speaks_of_a_method_that_is_not_used() -> None:
    assert methods_named(sources()) - METHODS.keys() == set()


@pytest.mark.parametrize(
    ("code", "methods"),
    [
        ("await self._client.chat_postMessage(channel=c)", {"chat.postMessage"}),
        ("send = self.outbox.slack.client.users_info", {"users.info"}),
        ("await client.api_call('chat.startStream', json={})", {"chat.startStream"}),
        ("await c.files_upload_v2(file=f)", {"files.getUploadURLExternal", "files.completeUploadExternal"}),
        ("await c.chat_stream(channel=c)", {"chat.startStream", "chat.appendStream", "chat.stopStream"}),
        ("async def f(say): await say('x')", {"chat.postMessage"}),
        ("await set_status('…')", {"assistant.threads.setStatus"}),
        ("SocketModeClient(app_token=t)", {"apps.connections.open"}),
        ("JOB = 'pins.add'", set()),
    ],
)
def test_a_call_is_seen_however_it_is_written(code: str, methods: set[str]) -> None:
    assert methods_called(iter([ast.parse(code)])) - {"auth.test"} == methods


def test_a_method_that_is_only_named_is_seen_too() -> None:
    assert methods_named(iter([ast.parse("TIERS = {'pins.add': 2, 'runs.list': 1}")])) == {"pins.add"}


def test_slacks_client_still_looks_as_we_read_it() -> None:
    known = client_methods()
    assert known["chat_postMessage"] == {"chat.postMessage"}
    assert METHODS.keys() <= set().union(*known.values())


# ---------------------------------------------------------------- events


def test_no_event_is_listened_for_that_the_table_does_not_name() -> None:
    assert registered(sources(), "event") - HEARD == set()
    assert assistant_events(sources()) - set(EVENTS) == set()


async def test_every_event_of_the_table_is_listened_for(app: AsyncApp) -> None:
    for event in HEARD - assistant_events(sources()):
        said = {"type": event, "user": "U0SRE", "channel": "C0OPS", "ts": "1.2", "text": "x"}
        assert await listens(app, {"type": "event_callback", "event": said}), event


async def test_other_events_are_not_listened_for(app: AsyncApp) -> None:
    for event in ("pin_added", "channel_created", "team_join"):
        assert not await listens(app, {"type": "event_callback", "event": {"type": event, "user": "U0SRE"}})


# ---------------------------------------------------------------- commands and shortcuts


async def test_every_command_of_the_table_is_answered_and_no_other(app: AsyncApp) -> None:
    for command in COMMANDS:
        assert await listens(app, {"command": command, "text": "help", "user_id": "U0SRE"}), command
    assert not await listens(app, {"command": "/reboot", "text": "", "user_id": "U0SRE"})
    assert registered(sources(), "command") - COMMANDS.keys() == set()


async def test_every_shortcut_of_the_table_is_answered_by_its_type_and_no_other(app: AsyncApp) -> None:
    types = {"global": "shortcut", "message": "message_action"}
    for name, shortcut in SHORTCUTS.items():
        payload = {"callback_id": name, "trigger_id": "1.2", "user": {"id": "U0SRE"}}
        for kind, wire in types.items():
            heard = await listens(app, {**payload, "type": wire})
            assert heard == (kind == shortcut.type), (name, kind)
    assert not await listens(app, {"type": "shortcut", "callback_id": "reboot", "user": {"id": "U0SRE"}})
    assert registered(sources(), "shortcut") - SHORTCUTS.keys() == set()
