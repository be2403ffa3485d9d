"""Socket Mode as a client meets it: real Bolt on the other end, and bare sockets where Bolt would hide what matters."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from integrations.sandbox.slack.testing import Playground, Refused
from tests.sandbox.stage import MANIFEST, Heard, bolt_app, client_of, on_a_socket


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


@pytest.fixture
def heard(workspace: Playground) -> Heard:
    return Heard(workspace)


class BareSocket:
    """A client that acknowledges when the test says so."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def frame(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.socket.receive_json(timeout=30)
        return found

    async def acknowledge(self, envelope: dict[str, Any], payload: Any = None) -> None:
        answer = {"envelope_id": envelope["envelope_id"]} | ({"payload": payload} if payload is not None else {})
        await self.socket.send_json(answer)


@contextlib.asynccontextmanager
async def bare(workspace: Playground) -> AsyncIterator[BareSocket]:
    opened = await client_of(workspace).apps_connections_open(app_token=workspace.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        link = BareSocket(socket)
        assert (await link.frame())["type"] == "hello"
        yield link


async def test_bolt_meets_a_mention_and_answers_in_its_thread(workspace: Playground, heard: Heard) -> None:
    app = bolt_app(workspace, heard)

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: Any) -> None:
        await say(f"hello <@{event['user']}>", thread_ts=event["ts"])

    async with on_a_socket(app, workspace):
        thread = await workspace.person("sre").says("#ops", "@copilot status of #deploys & <more>")
        answer = await thread.last(containing="hello")
        assert answer.text == "hello <@U0SRE>"
        mention_event = await heard.until("app_mention")
        message_event = next(event for event in heard.of("message") if event["user"] == "U0SRE")
        own = await heard.until("message", 2)
    assert mention_event["text"] == "<@U0COPILOT> status of <#C0DEPLOYS|deploys> &amp; &lt;more&gt;"
    assert mention_event["ts"] == message_event["ts"]
    assert mention_event["client_msg_id"] == message_event["client_msg_id"]
    assert message_event["channel_type"] == "channel"
    assert message_event["blocks"][0]["elements"][0]["elements"] == [
        {"type": "user", "user_id": "U0COPILOT"},
        {"type": "text", "text": " status of "},
        {"type": "channel", "channel_id": "C0DEPLOYS"},
        {"type": "text", "text": " & <more>"},
    ]
    assert own["bot_id"] == "B0COPILOT"
    assert own["parent_user_id"] == "U0SRE"


async def test_hello_says_which_app_and_how_many_connections(workspace: Playground) -> None:
    async with bare(workspace):
        opened = await client_of(workspace).apps_connections_open(app_token=workspace.app_token)
        async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
            hello = await socket.receive_json(timeout=30)
    assert hello["connection_info"] == {"app_id": "A0COPILOT"}
    assert hello["num_connections"] == 2


async def test_a_ticket_that_was_not_given_out_opens_nothing(workspace: Playground) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{workspace.url}/link?ticket=guessed")


async def test_each_envelope_goes_to_one_of_several_connections(workspace: Playground) -> None:
    async with bare(workspace) as one, bare(workspace) as other:
        sent = [workspace.sandbox.deliver({"type": "event_callback", "n": n, "event": {}}) for n in range(10)]
        seen: Counter[int] = Counter()
        for link in (one, other):
            for _ in range(5):
                envelope = await link.frame()
                seen[envelope["payload"]["n"]] += 1
                await link.acknowledge(envelope)
        assert seen == Counter(range(10))
        assert all(took < 5 for took in await asyncio.gather(*sent))


@pytest.mark.slack(ack_timeout=0.05, retry_delays=(0.01, 0.02, 0.03))
async def test_an_event_that_nobody_acknowledges_comes_four_times_and_is_given_up(workspace: Playground) -> None:
    async with bare(workspace) as link:
        took = workspace.sandbox.deliver({"type": "event_callback", "event_id": "Ev1", "event": {}})
        envelopes = [await link.frame() for _ in range(4)]
        assert await took == float("inf")
    assert [(e["retry_attempt"], e["retry_reason"]) for e in envelopes] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert {e["payload"]["event_id"] for e in envelopes} == {"Ev1"}
    assert len({e["envelope_id"] for e in envelopes}) == 4


@pytest.mark.slack(ack_timeout=0.05, retry_delays=(0.01,))
async def test_a_late_acknowledgement_of_an_earlier_attempt_counts(workspace: Playground) -> None:
    async with bare(workspace) as link:
        took = workspace.sandbox.deliver({"type": "event_callback", "event": {}})
        first, _ = await link.frame(), await link.frame()
        await link.acknowledge(first)
        assert await took < float("inf")


async def test_what_was_under_way_on_a_lost_connection_comes_again_on_the_next(workspace: Playground) -> None:
    async with bare(workspace) as link:
        took = workspace.sandbox.deliver({"type": "event_callback", "event_id": "Ev1", "event": {}})
        await link.frame()
        workspace.sandbox.sockets.drop()
    async with bare(workspace) as link:
        again = await link.frame()
        await link.acknowledge(again)
        assert again["payload"]["event_id"] == "Ev1"
        assert again["retry_attempt"] == 1
        assert await took < float("inf")


async def test_envelopes_wait_for_an_app_and_come_in_order(workspace: Playground, heard: Heard) -> None:
    for n in range(5):
        await workspace.person("sre").says("#ops", f"message {n}")
    async with on_a_socket(bolt_app(workspace, heard), workspace):
        await heard.until("message", 5)
    assert [event["text"] for event in heard.of("message")] == [f"message {n}" for n in range(5)]


async def test_a_refreshed_bolt_app_misses_nothing(workspace: Playground, heard: Heard) -> None:
    async with on_a_socket(bolt_app(workspace, heard), workspace):
        for n in range(6):
            if n % 2:
                workspace.sandbox.sockets.refresh(grace=0.05)
            await workspace.person("sre").says("#ops", f"message {n}")
            await heard.until("message", n + 1)
    assert {event["text"] for event in heard.of("message")} == {f"message {n}" for n in range(6)}


@pytest.mark.slack(seed=7, limits=False, retry_delays=(0.05, 0.05, 0.05))
async def test_with_dropped_sockets_duplicates_and_reordering_every_event_arrives(
    workspace: Playground, heard: Heard
) -> None:
    workspace.faults.set(drop_sockets=0.02, duplicates=0.3, reorder=0.3)
    async with on_a_socket(bolt_app(workspace, heard), workspace):
        sent = [
            workspace.sandbox.deliver(
                {
                    "type": "event_callback",
                    "team_id": "T0LOCAL",
                    "event_id": f"Ev{n}",
                    "event": {"type": "message", "user": "U0SRE", "channel": "C0OPS", "ts": f"1.{n}", "text": "x"},
                }
            )
            for n in range(60)
        ]
        assert max(await asyncio.gather(*sent)) < float("inf")
    ids = [body["event_id"] for body in heard.bodies]
    assert set(ids) == {f"Ev{n}" for n in range(60)}
    assert len(ids) > 60
    assert ids != sorted(ids, key=lambda name: int(name[2:]))


@pytest.mark.slack(ack_timeout=0.1)
async def test_a_slash_command_that_is_not_acknowledged_fails_before_the_person(workspace: Playground) -> None:
    sre = workspace.person("sre")
    async with bare(workspace) as link:
        running = asyncio.create_task(sre.runs("/copilot", "help", channel="#ops"))
        envelope = await link.frame()
        with pytest.raises(Refused, match="operation_timeout"):
            await running
    assert envelope["type"] == "slash_commands"
    assert envelope["accepts_response_payload"] is True
    told = await sre.sees_ephemeral("#ops", containing="operation_timeout")
    assert told.text == '/copilot failed with the error "operation_timeout"'


@pytest.mark.slack(ack_timeout=0.1)
async def test_a_click_is_never_tried_again(workspace: Playground) -> None:
    async with bare(workspace) as link:
        answer = await workspace.sandbox.deliveries.send({"type": "block_actions"}, "interactive")
        assert (answer.acknowledged, answer.attempts) == (False, 1)
        await link.frame()
        workspace.sandbox.deliveries.send({"marker": True, "event": {}})
        assert (await link.frame())["payload"] == {"marker": True, "event": {}}


async def test_what_is_no_acknowledgement_is_noted_and_harms_nothing(workspace: Playground) -> None:
    async with bare(workspace) as link:
        for text in ("no JSON", "[]", json.dumps({"envelope_id": 7}), json.dumps({"envelope_id": "unknown"})):
            await link.socket.send_str(text)
        took = workspace.sandbox.deliver({"event": {}})
        await link.acknowledge(await link.frame())
        assert await took < float("inf")
    assert [e["what"] for e in workspace.inspector.entries() if e["status"] == "invalid"] == [
        "not JSON",
        "no envelope_id",
        "no envelope_id",
    ]


async def test_the_inspector_shows_both_directions_and_no_token(workspace: Playground, heard: Heard) -> None:
    app = bolt_app(workspace, heard)

    @app.event("app_mention")
    async def mention(say: Any) -> None:
        await say("the token is xoxb-not-really-one")

    async with on_a_socket(app, workspace):
        await workspace.person("sre").says("#ops", "@copilot hello")
        await workspace.person("sre").sees("#ops", containing="token")
    entries = workspace.inspector.entries()
    assert {"app→slack", "slack→app"} == {entry["direction"] for entry in entries}
    assert {"apps.connections.open", "chat.postMessage", "app_mention", "message"} <= {e["what"] for e in entries}
    shown = json.dumps(entries)
    assert workspace.bot_token not in shown
    assert workspace.app_token not in shown
    assert "xoxb-not-really-one" not in shown


async def test_a_thousand_deliveries_a_second_are_no_burden(workspace: Playground) -> None:
    """The generator of our benches: here only that it keeps up by a wide margin."""
    count = 3_000
    async with bare(workspace) as link:

        async def answer() -> None:
            for _ in range(count):
                await link.acknowledge(json.loads(await link.socket.receive_str()))

        answering = asyncio.create_task(answer())
        began = asyncio.get_running_loop().time()
        sent = [workspace.sandbox.deliver({"event_id": f"Ev{n}", "event": {"type": "message"}}) for n in range(count)]
        took = await asyncio.gather(*sent)
        spent = asyncio.get_running_loop().time() - began
        await answering
    assert max(took) < float("inf")
    assert count / spent > 1_000
