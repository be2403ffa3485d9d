"""HTTP mode as an app meets it (signatures, challenge, retries, answers), and response_url in both modes."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import ClientSession, web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook.async_client import AsyncWebhookClient

from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.testing import Playground, Refused
from tests.sandbox.stage import MANIFEST, Heard, bolt_app, on_a_socket, over_http


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def workspace(port: int) -> AsyncIterator[Playground]:
    """In HTTP mode, with an app at `port`."""
    sandbox = SlackSandbox(
        MANIFEST,
        request_url=f"http://127.0.0.1:{port}/slack/events",
        ack_timeout=0.5,
        retry_delays=(0.01, 0.02, 0.03),
    )
    async with Playground.over(sandbox) as playground:
        yield playground


class Recorder:
    """An app that answers each request as it is told to, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], str]] = []
        self.answer: Callable[[], Awaitable[web.Response]] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        if text.startswith("{") and json.loads(text)["type"] == "url_verification":
            return web.json_response({"challenge": json.loads(text)["challenge"]})
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, text))
        return await self.answer() if self.answer else web.Response()


@pytest.fixture
async def recorder(port: int, workspace: Playground) -> AsyncIterator[Recorder]:
    held = Recorder()
    application = web.Application()
    application.router.add_post("/slack/events", held.handle)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await workspace.app_connected()
    yield held
    await runner.cleanup()


async def test_bolt_over_http_meets_a_mention_and_answers(workspace: Playground, port: int) -> None:
    heard = Heard(workspace)
    app = bolt_app(workspace, heard)

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: Any) -> None:
        await say("over HTTP", thread_ts=event["ts"])

    thread = await workspace.person("sre").says("#ops", "@copilot before the app is there")
    async with over_http(app, port):
        await thread.last(containing="over HTTP")
        assert workspace.sandbox.connected


async def test_an_app_that_does_not_know_the_secret_never_counts_as_connected(workspace: Playground, port: int) -> None:
    app = bolt_app(workspace, secret="other")
    async with over_http(app, port):
        with pytest.raises(AssertionError, match="app that connects"):
            await workspace.app_connected(timeout=0.7)


async def test_requests_are_signed_as_slack_signs_them(workspace: Playground, recorder: Recorder) -> None:
    await workspace.sandbox.deliver({"type": "event_callback", "event": {"type": "message", "text": "čšž"}})
    headers, body = recorder.came[-1]
    verifier = SignatureVerifier(workspace.signing_secret)
    assert verifier.is_valid(body, headers["x-slack-request-timestamp"], headers["x-slack-signature"])
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("Slackbot 1.0")
    assert "x-slack-retry-num" not in headers


async def test_an_event_that_fails_comes_again_with_number_and_reason(
    workspace: Playground, recorder: Recorder
) -> None:
    async def fail() -> web.Response:
        return web.Response(status=500)

    recorder.answer = fail
    assert await workspace.sandbox.deliver({"type": "event_callback", "event": {}}) == float("inf")
    told = [(headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")) for headers, _ in recorder.came]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]


async def test_an_app_may_refuse_to_be_told_again(workspace: Playground, recorder: Recorder) -> None:
    async def fail() -> web.Response:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    recorder.answer = fail
    await workspace.sandbox.deliver({"type": "event_callback", "event": {}})
    assert len(recorder.came) == 1


async def test_commands_come_as_a_form_and_clicks_as_json_in_a_form(workspace: Playground, recorder: Recorder) -> None:
    await workspace.person("sre").runs("/copilot", "deploy @sre & more", channel="#ops")
    form = {name: values[0] for name, values in parse_qs(recorder.came[-1][1], keep_blank_values=True).items()}
    assert form["text"] == "deploy <@U0SRE> &amp; more"
    assert (form["command"], form["channel_name"], form["user_name"]) == ("/copilot", "ops", "sre")
    await workspace.person("sre").uses_shortcut("Ask")
    payload = json.loads(parse_qs(recorder.came[-1][1])["payload"][0])
    assert (payload["type"], payload["callback_id"], payload["user"]["id"]) == ("shortcut", "ask", "U0SRE")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (web.Response, None),
        (lambda: web.Response(text="as text"), "as text"),
        (lambda: web.json_response({"text": "as JSON", "response_type": "ephemeral"}), "as JSON"),
    ],
)
async def test_what_a_command_is_answered_with_is_shown(
    workspace: Playground, recorder: Recorder, answer: Callable[[], web.Response], shown: str | None
) -> None:
    async def respond() -> web.Response:
        return answer()

    recorder.answer = respond
    sre = workspace.person("sre")
    await sre.runs("/copilot", "", channel="#ops")
    if shown is None:
        assert workspace.posted == []
    else:
        assert (await sre.sees_ephemeral("#ops")).text == shown


async def test_a_command_whose_app_breaks_says_so(workspace: Playground, recorder: Recorder) -> None:
    async def fail() -> web.Response:
        return web.Response(status=500)

    recorder.answer = fail
    with pytest.raises(Refused, match="http_service_error"):
        await workspace.person("sre").runs("/copilot", "", channel="#ops")


# ---------------------------------------------------------------- response_url


async def address_of(workspace: Playground, recorder: Recorder) -> str:
    await workspace.person("sre").runs("/copilot", "", channel="#ops")
    return parse_qs(recorder.came[-1][1])["response_url"][0]


async def test_a_response_url_is_good_five_times(workspace: Playground, recorder: Recorder) -> None:
    url = await address_of(workspace, recorder)
    webhook = AsyncWebhookClient(url)
    for n in range(5):
        response = await webhook.send(text=f"answer {n}")
        assert (response.status_code, response.body) == (200, "ok")
    late = await webhook.send(text="one too many")
    assert late.status_code == 404
    assert "used_url" in late.body
    assert len([m for m in workspace.posted if m.ephemeral_to == "U0SRE"]) == 5


async def test_a_response_url_ends_after_half_an_hour(workspace: Playground, recorder: Recorder) -> None:
    url = await address_of(workspace, recorder)
    clock = workspace.state.clock
    workspace.state.clock = lambda: clock() + 30 * 60 + 1
    late = await AsyncWebhookClient(url).send(text="too late")
    assert late.status_code == 404
    assert "expired_url" in late.body


async def test_a_response_url_posts_for_all_or_for_one_and_refuses_what_slack_refuses(
    workspace: Playground, recorder: Recorder
) -> None:
    url = await address_of(workspace, recorder)
    webhook = AsyncWebhookClient(url)
    await webhook.send(text="for all", response_type="in_channel")
    await webhook.send(text="for one")
    assert [(m.text, m.ephemeral_to) for m in workspace.posted] == [("for all", None), ("for one", "U0SRE")]
    assert "no_text" in (await webhook.send(text="")).body
    wrong = await webhook.send(text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 3001}}])
    assert "invalid_blocks" in wrong.body


async def test_a_guessed_response_url_leads_nowhere(workspace: Playground) -> None:
    async with (
        ClientSession() as session,
        session.post(f"{workspace.url}/actions/T0LOCAL/guessed", json={"text": "hello"}) as response,
    ):
        assert response.status == 404
    assert workspace.posted == []


async def test_a_click_may_replace_and_delete_its_message() -> None:
    async with Playground.over(SlackSandbox(MANIFEST)) as workspace:
        app = bolt_app(workspace)

        @app.event("app_mention")
        async def mention(say: Any) -> None:
            await say(
                text="Sure?",
                blocks=[
                    {
                        "type": "actions",
                        "elements": [
                            {"type": "button", "action_id": name, "text": {"type": "plain_text", "text": name}}
                            for name in ("replace", "remove")
                        ],
                    }
                ],
            )

        @app.action("replace")
        async def replace(ack: Any, respond: Any, body: dict[str, Any]) -> None:
            await ack()
            await respond(text="Replaced", blocks=body["message"]["blocks"], replace_original=True)

        @app.action("remove")
        async def remove(ack: Any, respond: Any) -> None:
            await ack()
            await respond(delete_original=True)

        async with on_a_socket(app, workspace):
            sre = workspace.person("sre")
            await sre.says("#ops", "@copilot sure?")
            card = await sre.sees("#ops", containing="replace")
            await sre.clicks(card, "replace")
            await workspace.until(lambda: sre.rereads(card).text == "Replaced" or None, "the replaced card")
            await sre.clicks(card, "remove")
            await workspace.until(lambda: not workspace.posted or None, "a card that is gone")
