"""The bot's own HTTP, over real sockets: what Slack posts, what is no word of Slack's, liveness, readiness, metrics."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

from bot.errors import ConfigurationError, Unavailable
from handlers.http import MOST_BODY, HttpServer, Kind, Part, _parsed, http_app
from tests.conftest import MovedClock

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass
class Desk:
    """Stands for the intake and the rest of the bot; everything it was given is kept."""

    clock: MovedClock
    got: list[tuple[Kind, dict[str, Any], int]] = field(default_factory=list)
    answer: Mapping[str, Any] | None = None
    error: Exception | None = None
    parts: dict[str, Part] = field(default_factory=lambda: {"database": Part(ok=True, detail="sqlite")})
    hangs: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    base: str = ""

    async def receive(self, kind: Kind, payload: dict[str, Any], retries: int) -> Mapping[str, Any] | None:
        if self.error:
            raise self.error
        self.got.append((kind, payload, retries))
        self.begun.set()
        if self.hangs:
            await self.hangs.wait()
        return self.answer

    async def ready(self) -> Mapping[str, Part]:
        if self.error:
            raise self.error
        if self.hangs:
            await self.hangs.wait()
        return self.parts

    def signed(self, body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
        stamp = str(int(self.clock().timestamp() if at is None else at))
        made = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        assert made
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": made}

    async def post(self, body: bytes, kind: str = JSON, **headers: str) -> tuple[int, str]:
        return await self.send(body, {"content-type": kind, **self.signed(body), **headers})

    async def send(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.base}/slack/events", data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    async def get(self, path: str, **headers: str) -> tuple[int, str, Mapping[str, str]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.base}{path}", headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers


@asynccontextmanager
async def serving(desk: Desk, *, socket_mode: bool = False) -> AsyncIterator[HttpServer]:
    app = http_app(
        None if socket_mode else desk.receive,
        None if socket_mode else SecretStr(SECRET),
        health=lambda: {"version": "0.1.0"},
        ready=desk.ready,
        metrics=desk.metrics,
        clock=desk.clock,
        patience=0.05,
    )
    server = HttpServer(app, host="127.0.0.1", port=0)
    desk.base = f"http://127.0.0.1:{await server.start()}"
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
async def desk(clock: MovedClock) -> AsyncIterator[Desk]:
    made = Desk(clock)
    async with serving(made):
        yield made


def event(text: str = "<@U0COPILOT> status") -> dict[str, Any]:
    said = {"type": "app_mention", "user": "U0SRE", "text": text, "ts": "1700000000.000100", "channel": "C0OPS"}
    return {"type": "event_callback", "event_id": "Ev1", "team_id": "T0LOCAL", "event": said}


# ---------------------------------------------------------------- what Slack posts


async def test_an_event_arrives_as_socket_mode_would_give_it(desk: Desk) -> None:
    payload = event("Grüße 🙂 &lt;b&gt;")
    assert await desk.post(json.dumps(payload, ensure_ascii=False).encode(), "application/json; charset=utf-8") == (
        200,
        "",
    )
    assert desk.got == [("events_api", payload, 0)]


async def test_a_slash_command_arrives_with_every_field_even_the_empty_ones(desk: Desk) -> None:
    fields = {"command": "/copilot", "text": "", "user_id": "U0SRE", "channel_id": "C0OPS", "trigger_id": "1.2.3"}
    assert await desk.post(urlencode(fields).encode(), FORM) == (200, "")
    assert desk.got == [("slash_commands", fields, 0)]


@pytest.mark.parametrize("text", ["payload", "payload={}", 'payload={"type":"block_actions"}', "&payload=x", "{"])
async def test_words_of_a_command_are_never_taken_for_another_delivery(desk: Desk, text: str) -> None:
    fields = {"command": "/copilot", "text": text}
    assert await desk.post(urlencode(fields).encode(), FORM) == (200, "")
    assert desk.got == [("slash_commands", fields, 0)]


async def test_interactions_and_options_arrive_unwrapped(desk: Desk) -> None:
    for kind in ("block_actions", "view_submission", "shortcut", "message_action", "block_suggestion"):
        payload = {"type": kind, "user": {"id": "U0SRE"}, "state": {"values": {"a": {"b": {"value": "x & y+%"}}}}}
        assert await desk.post(urlencode({"payload": json.dumps(payload)}).encode(), FORM) == (200, "")
        assert desk.got.pop() == ("interactive", payload, 0)


async def test_the_answer_goes_back_as_json(desk: Desk) -> None:
    desk.answer = {"response_action": "errors", "errors": {"label": "says nothing – “x”"}}
    status, text = await desk.post(urlencode({"payload": '{"type":"view_submission"}'}).encode(), FORM)
    assert (status, json.loads(text)) == (200, desk.answer)


async def test_an_answer_that_is_empty_is_still_an_answer(desk: Desk) -> None:
    desk.answer = {}
    assert await desk.post(b'{"type":"event_callback"}') == (200, "{}")


async def test_slack_is_told_that_the_address_is_ours_and_nothing_is_kept(desk: Desk) -> None:
    status, text = await desk.post(b'{"type":"url_verification","token":"x","challenge":"3eZbrw"}')
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw"})
    assert desk.got == []


async def test_slacks_check_of_the_certificate_is_no_command(desk: Desk) -> None:
    assert await desk.post(b"ssl_check=1&token=x", FORM) == (200, "")
    assert desk.got == []


async def test_a_delivery_says_how_often_slack_tried(desk: Desk) -> None:
    body = json.dumps(event()).encode()
    for header, count in (("1", 1), ("3", 3), ("", 0), ("-1", 0), ("x", 0), ("²", 0)):
        assert (await desk.post(body, **{"x-slack-retry-num": header}))[0] == 200
        assert desk.got.pop()[2] == count, header


# ---------------------------------------------------------------- what is no word of Slack's


async def test_what_was_changed_on_the_way_is_refused(desk: Desk) -> None:
    body = json.dumps(event()).encode()
    headers = {"content-type": JSON, **desk.signed(body)}
    status, text = await desk.send(body.replace(b"status", b"reboot"), headers)
    assert status == 401
    assert SECRET not in text
    assert desk.got == []


async def test_the_signature_of_another_app_is_refused(desk: Desk) -> None:
    body = json.dumps(event()).encode()
    assert (await desk.send(body, {"content-type": JSON, **desk.signed(body, secret="another")}))[0] == 401
    assert desk.got == []


async def test_signatures_that_are_none_are_refused(desk: Desk) -> None:
    body = json.dumps(event()).encode()
    stamp, signature = "x-slack-request-timestamp", "x-slack-signature"
    for spoilt in (
        {signature: ""},
        {signature: "v0="},
        {signature: "v0=é"},
        {stamp: ""},
        {stamp: "soon"},
        {stamp: "9" * 400},
        {stamp: "9" * 5_000},
        {stamp: "nan"},
    ):
        headers = {"content-type": JSON, **desk.signed(body), **spoilt}
        assert (await desk.send(body, headers))[0] == 401, spoilt
    assert desk.got == []


async def test_an_unsigned_request_is_refused_whatever_it_asks(desk: Desk) -> None:
    for body in (b'{"type":"url_verification","challenge":"x"}', b"ssl_check=1", b"", b"\xff\xfe"):
        assert (await desk.send(body, {"content-type": JSON}))[0] == 401
    assert desk.got == []


async def test_what_was_signed_more_than_five_minutes_away_is_refused(desk: Desk) -> None:
    body, now = json.dumps(event()).encode(), desk.clock().timestamp()
    for seconds, status in ((0, 200), (299, 200), (-299, 200), (301, 401), (-301, 401)):
        headers = {"content-type": JSON, **desk.signed(body, at=now + seconds)}
        assert (await desk.send(body, headers))[0] == status, seconds
    assert len(desk.got) == 3


async def test_bytes_that_are_no_text_are_refused_even_when_signed(desk: Desk) -> None:
    headers = desk.signed(b"x")
    assert (await desk.send(b"\xff\xfe{}", {"content-type": JSON, **headers}))[0] == 401


async def test_a_body_beyond_a_megabyte_is_not_read_to_its_end(desk: Desk) -> None:
    body = b'{"x":"' + b"a" * (MOST_BODY - 8) + b'"}'
    assert len(body) == MOST_BODY
    assert (await desk.post(body))[0] == 200
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"a" * 65_536

    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(f"{desk.base}/slack/events", data=endless()) as answer:
                assert answer.status == 413
        except aiohttp.ClientError:  # the connection is closed on whoever goes on sending
            pass
    assert read < 1_000
    assert len(desk.got) == 1


# ---------------------------------------------------------------- what Slack is told


async def test_what_cannot_be_read_is_not_asked_for_again(desk: Desk) -> None:
    for body, kind in (
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b'"x"', JSON),
        (b"[" * 50_000, JSON),
        (b"payload=%7B", FORM),
        (b"payload=[]", FORM),
        (b"a=b", FORM),
        (b"<xml/>", "text/xml"),
        (b"{}", ""),
    ):
        assert await desk.post(body, kind) == (200, ""), body[:20]
    assert desk.got == []


@pytest.mark.parametrize("error", [Unavailable("the database is away"), RuntimeError("a slip")])
async def test_what_could_not_be_kept_is_asked_for_again(desk: Desk, error: Exception) -> None:
    desk.error = error
    assert await desk.post(json.dumps(event()).encode()) == (503, "")
    desk.error = None
    assert (await desk.post(json.dumps(event()).encode(), **{"x-slack-retry-num": "1"}))[0] == 200
    assert desk.got == [("events_api", event(), 1)]


@settings(deadline=None)
@given(body=st.binary(max_size=200), kind=st.sampled_from([JSON, FORM, "", "text/plain"]))
def test_whatever_is_posted_is_a_payload_or_a_value_error(body: bytes, kind: str) -> None:
    try:
        _, payload = _parsed(body, kind)
    except ValueError:
        return
    assert isinstance(payload, dict)


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), max_size=5))
def test_every_form_of_a_command_comes_back_as_it_was_written(fields: dict[str, str]) -> None:
    fields = {**fields, "command": "/copilot"}
    fields.pop("payload", None)
    body = "&".join(f"{quote(key)}={quote(value)}" for key, value in fields.items())
    assert _parsed(body.encode(), FORM) == ("slash_commands", fields)


# ---------------------------------------------------------------- health, readiness, metrics


async def test_the_bot_is_alive_even_when_nothing_behind_it_is(desk: Desk) -> None:
    desk.error = Unavailable("the database is away")
    status, text, _ = await desk.get("/health")
    assert (status, json.loads(text)) == (200, {"alive": True, "version": "0.1.0"})


async def test_ready_means_that_every_part_is(desk: Desk) -> None:
    desk.parts["slack"] = Part(ok=True, detail="connected")
    status, text, _ = await desk.get("/ready")
    assert status == 200
    assert json.loads(text) == {
        "ready": True,
        "parts": {"database": {"ok": True, "detail": "sqlite"}, "slack": {"ok": True, "detail": "connected"}},
    }
    desk.parts["slack"] = Part(ok=False, detail="no socket is open")
    status, text, _ = await desk.get("/ready")
    assert status == 503
    assert json.loads(text)["ready"] is False
    assert json.loads(text)["parts"]["slack"] == {"ok": False, "detail": "no socket is open"}


async def test_a_part_that_hangs_is_not_ready(desk: Desk) -> None:
    desk.hangs = asyncio.Event()
    status, text, _ = await desk.get("/ready")
    assert status == 503
    assert "no answer within" in json.loads(text)["parts"]["bot"]["detail"]


async def test_a_part_that_fails_is_not_ready_and_tells_strangers_no_details(desk: Desk) -> None:
    desk.error = RuntimeError("postgresql://copilot:hunter2@db.internal")
    status, text, _ = await desk.get("/ready")
    assert status == 503
    assert "hunter2" not in text


async def test_metrics_tell_what_the_bot_counts_and_its_own_requests(desk: Desk) -> None:
    Counter("copilot_messages", "Messages.", registry=desk.metrics).inc(3)
    await desk.post(json.dumps(event()).encode())
    await desk.send(b"{}", {"content-type": JSON})
    await desk.get("/no/such/path/U0SRE")
    status, text, headers = await desk.get("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert "copilot_messages_total 3.0" in text
    assert 'http_requests_total{route="/slack/events",status="200"} 1.0' in text
    assert 'http_requests_total{route="/slack/events",status="401"} 1.0' in text
    assert 'http_requests_total{route="other",status="404"} 1.0' in text
    assert 'http_request_duration_seconds_count{route="/slack/events"} 2.0' in text
    assert "U0SRE" not in text


async def test_metrics_come_as_openmetrics_to_whoever_asks(desk: Desk) -> None:
    _, text, headers = await desk.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


async def test_nothing_else_is_there(desk: Desk) -> None:
    for path in ("/", "/docs", "/openapi.json", "/redoc", "/slack"):
        assert (await desk.get(path))[0] == 404
    assert (await desk.get("/slack/events"))[0] == 405


async def test_in_socket_mode_slack_can_post_nothing(clock: MovedClock) -> None:
    desk = Desk(clock)
    async with serving(desk, socket_mode=True):
        assert (await desk.post(json.dumps(event()).encode()))[0] == 404
        assert (await desk.get("/health"))[0] == 200
    assert desk.got == []


def test_http_mode_without_a_signing_secret_does_not_start(clock: MovedClock) -> None:
    desk = Desk(clock)
    with pytest.raises(ConfigurationError, match="slack_signing_secret"):
        http_app(desk.receive, None, health=dict, ready=desk.ready, metrics=desk.metrics, clock=clock)


# ---------------------------------------------------------------- starting and stopping


async def test_a_port_that_is_taken_is_said_with_its_number(clock: MovedClock) -> None:
    desk = Desk(clock)
    app = http_app(None, None, health=dict, ready=desk.ready, metrics=desk.metrics, clock=clock)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=str(port)):
            await HttpServer(app, host="127.0.0.1", port=port).start()


async def test_stopping_answers_what_was_begun_and_frees_the_port(clock: MovedClock) -> None:
    desk = Desk(clock, hangs=asyncio.Event())
    assert desk.hangs
    async with serving(desk) as server:
        begun = asyncio.create_task(desk.post(json.dumps(event()).encode()))
        await desk.begun.wait()
        stopping = asyncio.create_task(server.stop())
        desk.hangs.set()
        assert await begun == (200, "")
        await stopping
        with pytest.raises(aiohttp.ClientConnectionError):
            await desk.get("/health")
        again = HttpServer(
            http_app(None, None, health=dict, ready=desk.ready, metrics=CollectorRegistry(), clock=clock),
            host="127.0.0.1",
            port=int(desk.base.rpartition(":")[2]),
        )
        assert await again.start() == int(desk.base.rpartition(":")[2])
        await again.stop()


async def test_a_server_that_never_started_can_be_stopped(clock: MovedClock) -> None:
    desk = Desk(clock)
    app = http_app(None, None, health=dict, ready=desk.ready, metrics=desk.metrics, clock=clock)
    await HttpServer(app, host="127.0.0.1", port=0).stop()
