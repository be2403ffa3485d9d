"""The page's API over HTTP, as its JavaScript uses it, and what each person may see of what happens."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, FormData

from bot.errors import ConfigurationError
from integrations.sandbox.slack.server import SlackSandbox
from integrations.sandbox.slack.testing import Playground
from tests.sandbox.stage import MANIFEST, bolt_app, client_of, on_a_socket


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


class Browser:
    """One person's page."""

    def __init__(self, session: ClientSession, url: str, person: str) -> None:
        self.session = session
        self.url = url
        self.person = person

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        headers = {"X-Person": self.person}
        async with self.session.get(f"{self.url}/page/{path}", params=query, headers=headers) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        headers = {"X-Person": self.person}
        async with self.session.post(f"{self.url}/page/{path}", json=body, headers=headers) as response:
            found: dict[str, Any] = await response.json()
            return found

    @contextlib.asynccontextmanager
    async def live(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.session.ws_connect(f"{self.url}/page/live?person={self.person}") as socket:
            assert (await socket.receive_json(timeout=30))["type"] == "hello"
            yield socket


@pytest.fixture
async def sre(workspace: Playground) -> AsyncIterator[Browser]:
    async with ClientSession() as session:
        yield Browser(session, workspace.url, "U0SRE")


def other(browser: Browser, person: str) -> Browser:
    return Browser(browser.session, browser.url, person)


async def frames_until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["type"] != kind:
        found.append(await socket.receive_json(timeout=30))
    return found


async def test_the_state_is_all_that_the_page_needs_to_draw_itself(workspace: Playground, sre: Browser) -> None:
    state = await sre.get("state")
    assert state["team"]["id"] == "T0LOCAL"
    assert state["me"]["name"] == "sre"
    assert {channel["name"] for channel in state["channels"]} == {"general", "ops", "deploys", "incidents", "ml"}
    assert all({"unread", "mention", "last_read", "members"} <= set(channel) for channel in state["channels"])
    assert [command["command"] for command in state["commands"]] == ["/copilot", "/raw", "/invite"]
    assert {shortcut["callback_id"] for shortcut in state["shortcuts"]} == {"ask", "explain"}
    assert state["assistant"] == {"enabled": True, "description": "Answers questions"}
    assert state["home"] == {"enabled": True}
    assert state["connected"] is False
    guest = await other(sre, "U0GUEST").get("state")
    assert {channel["name"] for channel in guest["channels"]} == {"general", "ops"}
    assert guest["joinable"] == []
    partner = await other(sre, "U0PARTNER").get("state")
    assert ([one["command"] for one in partner["commands"]], partner["home"]) == (["/invite"], {"enabled": False})


@pytest.mark.parametrize("person", ["", "U0NOBODY", "U0COPILOT"])
async def test_nobody_and_the_app_itself_have_no_page(sre: Browser, person: str) -> None:
    assert (await other(sre, person).get("state"))["error"] == "user_not_found"


async def test_a_conversation_is_read_page_by_page_with_its_threads(workspace: Playground, sre: Browser) -> None:
    said = [(await sre.post("say", channel="C0OPS", text=f"message {n}"))["message"] for n in range(7)]
    reply = await sre.post("say", channel="C0OPS", text="a reply", thread_ts=said[6]["ts"])
    first = await sre.get("messages", channel="C0OPS", limit=4)
    assert [message["text"] for message in first["messages"]] == [f"message {n}" for n in (3, 4, 5, 6)]
    assert first["has_more"] is True
    second = await sre.get("messages", channel="C0OPS", limit=4, before=first["messages"][0]["ts"])
    assert [message["text"] for message in second["messages"]] == [f"message {n}" for n in (0, 1, 2)]
    assert second["has_more"] is False
    parent = first["messages"][-1]
    assert (parent["reply_count"], parent["reply_users"], parent["latest_reply"]) == (
        1,
        ["U0SRE"],
        reply["message"]["ts"],
    )
    thread = await sre.get("thread", channel="C0OPS", ts=parent["ts"])
    assert [message["text"] for message in thread["messages"]] == ["message 6", "a reply"]


async def test_messages_are_edited_reacted_to_pinned_and_deleted(workspace: Playground, sre: Browser) -> None:
    ts = (await sre.post("say", channel="C0OPS", text="frist"))["message"]["ts"]
    assert (await sre.post("edit", channel="C0OPS", ts=ts, text="first"))["message"]["text"] == "first"
    await sre.post("react", channel="C0OPS", ts=ts, name="eyes")
    await other(sre, "U0ML").post("react", channel="C0OPS", ts=ts, name="eyes")
    await sre.post("pin", channel="C0OPS", ts=ts)
    held = (await sre.get("messages", channel="C0OPS"))["messages"][0]
    assert held["reactions"] == [{"name": "eyes", "users": ["U0SRE", "U0ML"]}]
    assert held["pinned"] is True
    assert held["edited"]["user"] == "U0SRE"
    assert (await other(sre, "U0ML").post("delete", channel="C0OPS", ts=ts))["error"] == "cant_delete_message"
    assert await sre.post("delete", channel="C0OPS", ts=ts) == {"ok": True}
    assert (await sre.get("messages", channel="C0OPS"))["messages"] == []


async def test_unread_marks_count_until_they_are_read(workspace: Playground, sre: Browser) -> None:
    manager = other(sre, "U0MANAGER")

    async def ops() -> dict[str, Any]:
        state = await sre.get("state")
        return next(channel for channel in state["channels"] if channel["id"] == "C0OPS")

    await manager.post("say", channel="C0OPS", text="one")
    last = await manager.post("say", channel="C0OPS", text="@sre two")
    assert ((await ops())["unread"], (await ops())["mention"]) == (2, 1)
    await sre.post("read", channel="C0OPS", ts=last["message"]["ts"])
    assert ((await ops())["unread"], (await ops())["mention"]) == (0, 0)


async def test_channels_are_made_joined_and_left_and_dms_opened(workspace: Playground, sre: Browser) -> None:
    made = (await sre.post("create", name="inc-1"))["channel"]
    manager = other(sre, "U0MANAGER")
    assert made["id"] in {channel["id"] for channel in (await manager.get("state"))["joinable"]}
    await manager.post("join", channel=made["id"])
    assert made["id"] in {channel["id"] for channel in (await manager.get("state"))["channels"]}
    assert await manager.post("leave", channel=made["id"]) == {"ok": True}
    dm = (await sre.post("dm", users=["U0MANAGER"]))["channel"]
    assert dm["id"] in {channel["id"] for channel in (await manager.get("state"))["dms"]}
    assert (await sre.post("create", name="Inc 1"))["error"] == "invalid_name_specials"


async def test_who_speaks_to_an_app_that_is_not_there_is_told_how_to_invite_it(
    workspace: Playground, sre: Browser
) -> None:
    made = (await sre.post("create", name="inc-1"))["channel"]["id"]
    await sre.post("say", channel=made, text="@copilot are you there?")
    hint = await workspace.person("sre").sees_ephemeral(made, containing="/invite @copilot")
    assert hint.username == "Slackbot"
    assert await sre.post("command", command="/invite", text="@copilot", channel=made) == {"ok": True}
    assert "U0COPILOT" in workspace.state.channel(made).members
    assert (await sre.post("command", command="/invite", text="@nobody", channel=made))["error"] == "user_not_found"


async def test_uploads_are_shared_and_only_shown_to_who_may_see_them(workspace: Playground, sre: Browser) -> None:
    form = FormData(quote_fields=False)
    form.add_field("file", b"<script>alert(1)</script>", filename="a page.html", content_type="text/html")
    form.add_field("channel", "C0ML")
    form.add_field("text", "look")
    headers = {"X-Person": "U0SRE"}
    async with sre.session.post(f"{sre.url}/page/upload", data=form, headers=headers) as response:
        found = await response.json()
    assert found["message"]["files"][0]["name"] == "a page.html"
    url = f"{sre.url}{found['file']['url']}"
    async with sre.session.get(url, headers=headers) as response:
        assert await response.read() == b"<script>alert(1)</script>"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["Content-Disposition"].startswith("attachment")
    async with sre.session.get(url, headers={"X-Person": "U0GUEST"}) as response:
        assert response.status == 404
    async with sre.session.get(url, headers={"Authorization": f"Bearer {workspace.bot_token}"}) as response:
        assert response.status == 200
    async with sre.session.get(url, allow_redirects=False) as response:
        assert response.status == 302
    assert (await other(sre, "U0GUEST").get(f"file/{found['file']['id']}"))["error"] == "file_not_found"


async def test_an_upload_without_a_file_is_refused(workspace: Playground, sre: Browser) -> None:
    form = FormData()
    form.add_field("text", "nothing", content_type="text/plain")
    async with sre.session.post(f"{sre.url}/page/upload", data=form, headers={"X-Person": "U0SRE"}) as response:
        assert (response.status, (await response.json())["error"]) == (400, "no_file_data")


async def test_live_frames_come_to_members_only_and_private_ones_to_their_person(
    workspace: Playground, sre: Browser
) -> None:
    client = client_of(workspace)
    async with sre.live() as mine, other(sre, "U0GUEST").live() as guests:
        await client.chat_postMessage(channel="C0ML", text="for members of #ml")
        await client.chat_postEphemeral(channel="C0OPS", user="U0SRE", text="for the sre")
        await client.chat_postMessage(channel="C0OPS", text="for both")
        seen = await frames_until(mine, "ephemeral")
        assert [(frame["type"], frame["message"]["text"]) for frame in seen] == [
            ("message", "for members of #ml"),
            ("ephemeral", "for the sre"),
        ]
        assert (await frames_until(guests, "message"))[0]["message"]["text"] == "for both"
    history = await sre.get("messages", channel="C0OPS")
    assert [message["text"] for message in history["messages"]] == ["for the sre", "for both"]
    assert [m["text"] for m in (await other(sre, "U0GUEST").get("messages", channel="C0OPS"))["messages"]] == [
        "for both"
    ]


async def test_live_frames_tell_of_reads_views_and_typing(workspace: Playground, sre: Browser) -> None:
    async with sre.live() as mine:
        view = {"type": "home", "blocks": [{"type": "divider"}]}
        await client_of(workspace).views_publish(user_id="U0SRE", view=view)
        published = (await frames_until(mine, "home_published"))[-1]
        assert published["view"]["blocks"][0]["type"] == "divider"
        await other(sre, "U0ML").post("typing", channel="C0OPS")
        assert (await frames_until(mine, "typing"))[-1]["user"] == "U0ML"
        ts = (await sre.post("say", channel="C0OPS", text="x"))["message"]["ts"]
        assert (await frames_until(mine, "read"))[-1]["ts"] == ts
        await other(sre, "U0ML").post("say", channel="C0OPS", text="reply", thread_ts=ts)
        frame = (await frames_until(mine, "message"))[-1]
        assert frame["parent"]["reply_count"] == 1


async def test_a_page_whose_stream_is_slow_gets_what_it_is_by_then(workspace: Playground, sre: Browser) -> None:
    client = client_of(workspace)
    workspace.sandbox.limits.enabled = False
    parent = await sre.post("say", channel="C0OPS", text="@copilot stream")
    async with sre.live() as mine:
        started = await client.chat_startStream(
            channel="C0OPS",
            thread_ts=parent["message"]["ts"],
            recipient_user_id="U0SRE",
            recipient_team_id="T0LOCAL",
        )
        for n in range(5):
            await client.chat_appendStream(channel="C0OPS", ts=started["ts"], markdown_text=f"part {n} ")
        await client.chat_stopStream(channel="C0OPS", ts=started["ts"])
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["message"]["streaming"] or frames[-1]["type"] != "message_changed":
            frames.append(await mine.receive_json(timeout=30))
    assert "part 4" in str(frames[-1]["message"])
    assert "previous" not in frames[-1]


async def test_the_page_acts_on_the_app_and_hears_when_it_comes_and_goes(workspace: Playground, sre: Browser) -> None:
    app = bolt_app(workspace)
    view = {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [
            {
                "type": "input",
                "block_id": "b",
                "label": {"type": "plain_text", "text": "Label"},
                "element": {"type": "plain_text_input", "action_id": "a"},
            }
        ],
    }

    @app.command("/copilot")
    async def command(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    async def submission(ack: Any, view: dict[str, Any]) -> None:
        given = view["state"]["values"]["b"]["a"]["value"]
        await (ack() if given == "right" else ack(response_action="errors", errors={"b": "is wrong"}))

    async with sre.live() as mine:
        async with on_a_socket(app, workspace):
            assert (await frames_until(mine, "app"))[-1]["connected"] is True
            assert await sre.post("command", command="/copilot", text="", channel="C0OPS") == {"ok": True}
            opened = (await frames_until(mine, "view_opened"))[-1]["view"]
            assert opened["title"]["text"] == "Form"
            assert (await sre.get("state"))["views"][0]["id"] == opened["id"]
            missing = await sre.post("submit", view_id=opened["id"], state={"values": {}})
            assert missing["errors"] == {"b": "Please complete this required field."}
            wrong = {"b": {"a": {"type": "plain_text_input", "value": "wrong"}}}
            assert (await sre.post("submit", view_id=opened["id"], state={"values": wrong}))["errors"] == {
                "b": "is wrong"
            }
            right = {"b": {"a": {"type": "plain_text_input", "value": "right"}}}
            assert await sre.post("submit", view_id=opened["id"], state={"values": right}) == {}
            assert (await frames_until(mine, "view_closed"))[-1]["view"]["id"] == opened["id"]
        assert (await frames_until(mine, "app"))[-1]["connected"] is False


async def test_faults_are_read_and_set_and_nonsense_refused(workspace: Playground, sre: Browser) -> None:
    assert (await sre.get("faults"))["error_rate"] == 0
    assert (await sre.post("faults", error_rate=0.5, latency_ms=20))["latency_ms"] == 20
    assert (await sre.post("faults", error_rate=2))["error"] == "invalid_arguments"
    assert (await sre.post("faults", gremlins=1))["error"] == "invalid_arguments"
    assert workspace.faults.as_json()["error_rate"] == 0.5


async def test_the_inspector_is_read_from_where_one_left_off(workspace: Playground, sre: Browser) -> None:
    await client_of(workspace).auth_test()
    entries = (await sre.get("inspector"))["entries"]
    assert entries[-1]["what"] == "auth.test"
    assert set(entries[-1]) == {"n", "at", "direction", "kind", "what", "status", "took_ms", "request", "response"}
    assert (await sre.get("inspector", after=entries[-1]["n"]))["entries"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", {}),
        ("say", {"channel": "C0NOWHERE", "text": "x"}),
        ("action", {"container": {"type": "message"}, "action_id": "a"}),
        ("submit", {"view_id": "V0"}),
        ("shortcut", {"callback_id": "unknown"}),
        ("command", {"command": "/copilot"}),
    ],
)
async def test_what_cannot_be_is_refused_and_not_a_crash(
    workspace: Playground, sre: Browser, path: str, body: dict[str, Any]
) -> None:
    assert (await sre.post(path, **body))["error"]


async def test_no_page_from_elsewhere_reaches_in(workspace: Playground, sre: Browser) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        async with sre.session.get(f"{sre.url}/page/state?person=U0SRE", headers=headers) as response:
            assert response.status == 403


async def test_the_page_may_load_nothing_from_elsewhere(workspace: Playground, sre: Browser) -> None:
    async with sre.session.get(f"{sre.url}/") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_sandbox_listens_on_loopback_unless_it_is_told_otherwise() -> None:
    with pytest.raises(ConfigurationError, match="password"):
        SlackSandbox(MANIFEST, host="0.0.0.0")
    SlackSandbox(MANIFEST, host="0.0.0.0", anywhere=True)


async def test_a_workspace_with_a_file_is_as_it_was_after_a_restart(tmp_path: Path) -> None:
    kept = tmp_path / "workspace.json"
    async with Playground.over(SlackSandbox(MANIFEST, state_file=kept)) as workspace:
        thread = await workspace.person("sre").says("#ops", "remember")
    async with Playground.over(SlackSandbox(MANIFEST, state_file=kept)) as workspace:
        assert workspace.state.message("C0OPS", thread.ts).text == "remember"
        assert float((await workspace.person("sre").says("#ops", "next")).ts) > float(thread.ts)
