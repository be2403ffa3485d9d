"""slack_sdk's own client against the workspace: answers, refusals, scopes, tokens, limits, pages and files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigurationError
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.inspector import Inspector
from integrations.sandbox.slack.limits import Limits
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.web.method import METHODS
from tests.sandbox.served import Clock, Served, manifest, refused, served

BOT = "U0COPILOT"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "shown"}}
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Declare"}, "blocks": [SECTION]}
HOME = {"type": "home", "blocks": [SECTION]}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x06\x00\x00\x00" + b"\x00" * 20

NAMED = [
    "auth.test",
    "apps.connections.open",
    "api.test",
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.postEphemeral",
    "chat.getPermalink",
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "conversations.list",
    "conversations.info",
    "conversations.create",
    "conversations.invite",
    "conversations.kick",
    "conversations.join",
    "conversations.leave",
    "conversations.members",
    "conversations.history",
    "conversations.replies",
    "conversations.setTopic",
    "conversations.setPurpose",
    "conversations.rename",
    "conversations.archive",
    "conversations.unarchive",
    "conversations.open",
    "conversations.mark",
    "users.info",
    "users.list",
    "users.lookupByEmail",
    "users.conversations",
    "usergroups.list",
    "usergroups.users.list",
    "views.open",
    "views.push",
    "views.update",
    "views.publish",
    "reactions.add",
    "reactions.remove",
    "reactions.get",
    "pins.add",
    "pins.remove",
    "pins.list",
    "bookmarks.add",
    "bookmarks.list",
    "bookmarks.remove",
    "bookmarks.edit",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
    "files.info",
    "files.list",
    "files.delete",
    "canvases.create",
    "canvases.edit",
    "canvases.delete",
    "conversations.canvases.create",
    "assistant.threads.setStatus",
    "assistant.threads.setTitle",
    "assistant.threads.setSuggestedPrompts",
    "team.info",
    "bots.info",
    "emoji.list",
]


@pytest.fixture
async def slack() -> AsyncIterator[Served]:
    async with served() as found:
        yield found


async def said(slack: Served, text: str = "hello", **more: Any) -> str:
    answer = await slack.client.chat_postMessage(channel="C0OPS", text=text, **more)
    return str(answer["ts"])


def test_the_methods_that_the_bot_needs_are_there() -> None:
    assert set(NAMED) <= set(METHODS)


# ---------------------------------------------------------------- tokens and scopes


async def test_who_am_i(slack: Served) -> None:
    answer = await slack.client.auth_test()
    assert (answer["user_id"], answer["team_id"], answer["bot_id"]) == (BOT, "T0LOCAL", "B0COPILOT")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-somebody-else", "invalid_auth"), ("nonsense", "invalid_auth")]
)
async def test_a_token_has_to_be_ours(slack: Served, token: str, error: str) -> None:
    async with refused(error):
        await AsyncWebClient(token, base_url=slack.client.base_url, session=slack.session).auth_test()


async def test_each_method_takes_its_kind_of_token(slack: Served) -> None:
    async with refused("not_allowed_token_type"):
        await slack.client.apps_connections_open(app_token=slack.client.token or "")
    async with refused("not_allowed_token_type"):
        await slack.app_client.chat_postMessage(channel="C0OPS", text="x")


async def test_a_socket_is_where_the_server_says() -> None:
    async with served(open_url=lambda: "wss://here/link?ticket=1") as slack:
        answer = await slack.app_client.apps_connections_open(app_token=slack.app_client.token or "")
        assert answer["url"] == "wss://here/link?ticket=1"


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("chat:write", "chat.postMessage", {"channel": "C0OPS", "text": "x"}),
        ("channels:history", "conversations.history", {"channel": "C0OPS"}),
        ("groups:read", "conversations.list", {"types": "public_channel,private_channel"}),
        ("users:read.email", "users.lookupByEmail", {"email": "sre@local.test"}),
        ("reactions:write", "reactions.add", {"channel": "C0OPS", "timestamp": "1.2", "name": "eyes"}),
        ("mpim:write", "conversations.open", {"users": "U0SRE,U0ML"}),
        ("chat:write.customize", "chat.postMessage", {"channel": "C0OPS", "text": "x", "username": "Somebody"}),
        ("assistant:write", "assistant.threads.setTitle", {"channel_id": "C0OPS", "thread_ts": "1.2", "title": "x"}),
    ],
)
async def test_what_the_manifest_does_not_ask_for_is_refused(scope: str, method: str, arguments: Any) -> None:
    async with served(manifest(scope)) as slack:
        async with refused("missing_scope") as caught:
            await slack.client.api_call(method, json=arguments)
        assert caught.value.response["needed"] == scope
        assert scope not in caught.value.response["provided"].split(",")


async def test_nobody_knows_this_method(slack: Served) -> None:
    async with refused("unknown_method") as caught:
        await slack.client.api_call("chat.scheduleMessage", json={"channel": "C0OPS"})
    assert caught.value.response["req_method"] == "chat.scheduleMessage"


async def test_what_is_missing_is_named(slack: Served) -> None:
    async with refused("invalid_arguments") as caught:
        await slack.client.api_call("chat.update", json={"channel": "C0OPS"})
    assert caught.value.response["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]


async def test_forms_json_and_query_say_the_same(slack: Served) -> None:
    arguments = {"channel": "C0OPS", "text": "x", "blocks": json.dumps([SECTION])}
    headers = {"Authorization": f"Bearer {slack.client.token}"}
    url = f"{slack.client.base_url}chat.postMessage"
    for how in ({"data": arguments}, {"json": {**arguments, "blocks": [SECTION]}}, {"params": arguments}):
        async with slack.session.post(url, headers=headers, **how) as response:
            answer = await response.json()
        assert answer["message"]["blocks"][0]["text"] == SECTION["text"]
    async with slack.session.post(url, data="{", headers={**headers, "Content-Type": "application/json"}) as response:
        assert await response.json() == {"ok": False, "error": "invalid_json"}


# ---------------------------------------------------------------- messages


async def test_a_message_is_posted_changed_and_deleted(slack: Served) -> None:
    answer = await slack.client.chat_postMessage(channel="#ops", text="<@U0SRE> *look* &amp; see", blocks=[SECTION])
    ts = answer["ts"]
    assert answer["channel"] == "C0OPS"
    assert answer["message"]["text"] == "<@U0SRE> *look* &amp; see"
    assert answer["message"]["bot_profile"]["app_id"] == "A0COPILOT"
    changed = await slack.client.chat_update(channel="C0OPS", ts=ts, text="done", blocks=[])
    assert (changed["text"], "blocks" in changed["message"]) == ("done", False)
    link = await slack.client.chat_getPermalink(channel="C0OPS", message_ts=ts)
    assert link["permalink"].endswith(f"/archives/C0OPS/p{ts.replace('.', '')}")
    await slack.client.chat_delete(channel="C0OPS", ts=ts)
    async with refused("message_not_found"):
        await slack.client.chat_update(channel="C0OPS", ts=ts, text="again")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OPS"}, "no_text"),
        ({"channel": "C0OPS", "text": " "}, "no_text"),
        ({"channel": "C0OPS", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0OPS", "text": "x", "blocks": [{"type": "chart"}]}, "invalid_blocks"),
        ({"channel": "C0OPS", "text": "x", "blocks": "not json"}, "invalid_blocks_format"),
        ({"channel": "C0OPS", "text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "C0OPS", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "C0OPS", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_schema"),
        ({"channel": BOT, "text": "x"}, "cannot_dm_bot"),
        ({"channel": "U0PARTNER", "text": "x"}, "channel_not_found"),
    ],
)
async def test_a_message_that_slack_refuses(slack: Served, arguments: Any, error: str) -> None:
    async with refused(error):
        await slack.client.api_call("chat.postMessage", json=arguments)


async def test_an_update_takes_less_text_than_a_new_message(slack: Served) -> None:
    ts = await said(slack, "x" * 4_001)
    async with refused("msg_too_long"):
        await slack.client.chat_update(channel="C0OPS", ts=ts, text="y" * 4_001)


async def test_others_messages_are_theirs(slack: Served) -> None:
    theirs = slack.workspace.post("U0SRE", "C0OPS", "mine")
    async with refused("cant_update_message"):
        await slack.client.chat_update(channel="C0OPS", ts=theirs.ts, text="ours")
    async with refused("cant_delete_message"):
        await slack.client.chat_delete(channel="C0OPS", ts=theirs.ts)


async def test_outside_a_channel_the_bot_is_silent_and_blind(slack: Served) -> None:
    room = slack.workspace.create_channel("U0SRE", "room").id
    secret = slack.workspace.create_channel("U0SRE", "secret", private=True).id
    async with refused("not_in_channel"):
        await slack.client.chat_postMessage(channel=room, text="x")
    async with refused("not_in_channel"):
        await slack.client.conversations_history(channel=room)
    async with refused("channel_not_found"):
        await slack.client.conversations_info(channel=secret)
    await slack.client.conversations_join(channel=room)
    await slack.client.chat_postMessage(channel=room, text="x")


async def test_a_person_is_written_to_by_id(slack: Served) -> None:
    answer = await slack.client.chat_postMessage(channel="U0SRE", text="for you")
    opened = await slack.client.conversations_open(users="U0SRE")
    assert answer["channel"] == opened["channel"]["id"]
    assert answer["channel"].startswith("D")


async def test_an_ephemeral_message_needs_its_reader_in_the_channel(slack: Served) -> None:
    answer = await slack.client.chat_postEphemeral(channel="C0OPS", user="U0GUEST", text="psst")
    assert answer["message_ts"]
    async with refused("user_not_in_channel"):
        await slack.client.chat_postEphemeral(channel="C0ML", user="U0GUEST", text="psst")
    async with refused("message_not_found"):
        await slack.client.chat_update(channel="C0OPS", ts=answer["message_ts"], text="x")


async def test_metadata_comes_back_only_when_asked_for(slack: Served) -> None:
    metadata = {"event_type": "approval", "event_payload": {"id": "a1"}}
    ts = await said(slack, metadata=metadata)
    plain = await slack.client.conversations_history(channel="C0OPS")
    asked = await slack.client.conversations_history(channel="C0OPS", include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert asked["messages"][0]["metadata"] == metadata
    await slack.client.chat_update(channel="C0OPS", ts=ts, text="x", metadata={})
    gone = await slack.client.conversations_replies(channel="C0OPS", ts=ts, include_all_metadata=True)
    assert "metadata" not in gone["messages"][0]


# ---------------------------------------------------------------- history


async def test_history_comes_newest_first_in_pages(slack: Served) -> None:
    for number in range(7):
        await said(slack, str(number))
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await slack.client.conversations_history(channel="C0OPS", limit=3, cursor=cursor)
        seen.extend(message["text"] for message in answer["messages"])
        more: dict[str, str] = answer.get("response_metadata") or {}
        cursor = more.get("next_cursor", "")
        assert answer["has_more"] == bool(cursor)
        if not cursor:
            break
        await said(slack, "said meanwhile")
    assert seen == list("6543210")
    async with refused("invalid_cursor"):
        await slack.client.conversations_history(channel="C0OPS", cursor="nonsense")


async def test_a_thread_comes_with_its_parent_oldest_first(slack: Served) -> None:
    parent = await said(slack, "parent")
    replies = [await said(slack, f"reply {number}", thread_ts=parent) for number in range(3)]
    answer = await slack.client.conversations_replies(channel="C0OPS", ts=parent, limit=2)
    assert [message["text"] for message in answer["messages"]] == ["parent", "reply 0", "reply 1"]
    assert (answer["messages"][0]["reply_count"], answer["messages"][0]["latest_reply"]) == (3, replies[-1])
    assert answer["messages"][1]["thread_ts"] == parent
    rest = await slack.client.conversations_replies(
        channel="C0OPS", ts=parent, cursor=answer["response_metadata"]["next_cursor"]
    )
    assert [message["text"] for message in rest["messages"]] == ["parent", "reply 2"]
    channel = await slack.client.conversations_history(channel="C0OPS")
    assert [message["text"] for message in channel["messages"]] == ["parent"]
    async with refused("thread_not_found"):
        await slack.client.conversations_replies(channel="C0OPS", ts="1.000001")


async def test_bounds_are_outside_unless_they_are_said_to_be_inside(slack: Served) -> None:
    first, second, third = [await said(slack, text) for text in "abc"]

    async def between(**bounds: Any) -> list[str]:
        answer = await slack.client.conversations_history(channel="C0OPS", **bounds)
        return [message["text"] for message in answer["messages"]]

    assert await between(oldest=first, latest=third) == ["b"]
    assert await between(oldest=first, latest=third, inclusive=True) == ["c", "b", "a"]
    assert await between(latest=second, inclusive=True, limit=1) == ["b"]
    async with refused("invalid_ts_oldest"):
        await between(oldest="yesterday")


# ---------------------------------------------------------------- streams


async def test_the_sdk_streams_an_answer(slack: Served) -> None:
    asked = slack.workspace.post("U0SRE", "C0OPS", "why?")
    stream = await slack.client.chat_stream(
        channel="C0OPS", thread_ts=asked.ts, recipient_user_id="U0SRE", recipient_team_id="T0LOCAL", buffer_size=1
    )
    await stream.append(markdown_text="**Because** ")
    await stream.append(markdown_text="of the cache.")
    answer = await stream.stop(blocks=[SECTION])
    assert answer is not None
    held = slack.workspace.message("C0OPS", answer["ts"])
    assert (held.text, held.streaming) == ("**Because** of the cache.", False)
    async with refused("message_not_in_streaming_state"):
        await slack.client.chat_appendStream(channel="C0OPS", ts=answer["ts"], markdown_text="more")


@pytest.mark.parametrize(
    ("without", "error"),
    [
        ("recipient_user_id", "missing_recipient_user_id"),
        ("recipient_team_id", "missing_recipient_team_id"),
        ("thread_ts", "invalid_arguments"),
    ],
)
async def test_a_stream_in_a_channel_says_for_whom(slack: Served, without: str, error: str) -> None:
    asked = slack.workspace.post("U0SRE", "C0OPS", "why?")
    arguments = {"thread_ts": asked.ts, "recipient_user_id": "U0SRE", "recipient_team_id": "T0LOCAL"}
    del arguments[without]
    async with refused(error):
        await slack.client.api_call("chat.startStream", json={"channel": "C0OPS", **arguments})


async def test_in_direct_messages_a_stream_needs_no_recipient(slack: Served) -> None:
    channel = slack.workspace.dm_with_bot("U0SRE").id
    asked = slack.workspace.post("U0SRE", channel, "why?")
    started = await slack.client.chat_startStream(channel=channel, thread_ts=asked.ts)
    slack.clock.move(301)
    async with refused("message_not_in_streaming_state"):
        await slack.client.chat_stopStream(channel=channel, ts=started["ts"])


# ---------------------------------------------------------------- conversations


async def test_a_channel_is_made_named_filled_and_archived(slack: Served) -> None:
    made = await slack.client.conversations_create(name="inc-42")
    channel = made["channel"]["id"]
    await slack.client.conversations_invite(channel=channel, users=["U0SRE", "U0ML"])
    members = await slack.client.conversations_members(channel=channel)
    assert members["members"] == [BOT, "U0SRE", "U0ML"]
    await slack.client.conversations_setTopic(channel=channel, topic="checkout is slow")
    await slack.client.conversations_setPurpose(channel=channel, purpose="incident 42")
    await slack.client.conversations_rename(channel=channel, name="inc-43")
    info = await slack.client.conversations_info(channel=channel, include_num_members=True)
    shown = info["channel"]
    assert (shown["name"], shown["topic"]["value"], shown["num_members"]) == ("inc-43", "checkout is slow", 3)
    await slack.client.conversations_kick(channel=channel, user="U0ML")
    await slack.client.conversations_archive(channel=channel)
    async with refused("is_archived"):
        await slack.client.chat_postMessage(channel=channel, text="late")
    async with refused("already_archived"):
        await slack.client.conversations_archive(channel=channel)


@pytest.mark.parametrize(
    ("users", "error"),
    [("U0SRE", "already_in_channel"), (BOT, "cant_invite_self"), ("U0NOBODY", "user_not_found")],
)
async def test_an_invitation_that_slack_refuses(slack: Served, users: str, error: str) -> None:
    async with refused(error):
        await slack.client.conversations_invite(channel="C0OPS", users=users)


async def test_a_list_shows_what_the_bot_may_know_of(slack: Served) -> None:
    slack.workspace.create_channel("U0SRE", "secret", private=True)
    mine = slack.workspace.create_channel("U0SRE", "ours", private=True)
    slack.workspace.invite("U0SRE", mine.id, [BOT])
    answer = await slack.client.conversations_list(types="public_channel,private_channel", limit=4)
    more = await slack.client.conversations_list(
        types="public_channel,private_channel", cursor=answer["response_metadata"]["next_cursor"]
    )
    names = [channel["name"] for channel in [*answer["channels"], *more["channels"]]]
    assert names == ["general", "ops", "deploys", "incidents", "ml", "ours"]
    theirs = await slack.client.users_conversations(user="U0GUEST")
    assert [channel["name"] for channel in theirs["channels"]] == ["general", "ops"]


# ---------------------------------------------------------------- people


async def test_people_and_groups_are_looked_up(slack: Served) -> None:
    partner = (await slack.client.users_info(user="U0PARTNER"))["user"]
    assert (partner["is_stranger"], partner["team_id"]) == (True, "T0PARTNER")
    assert (await slack.client.users_info(user="U0GUEST"))["user"]["is_restricted"]
    assert (await slack.client.users_lookupByEmail(email="SRE@local.test"))["user"]["id"] == "U0SRE"
    everybody = await slack.client.users_list(limit=4)
    assert len(everybody["members"]) == 4
    assert everybody["response_metadata"]["next_cursor"]
    groups = await slack.client.usergroups_list(include_users=True)
    assert {group["handle"]: group["users"] for group in groups["usergroups"]}["managers"] == ["U0MANAGER"]
    assert (await slack.client.usergroups_users_list(usergroup="S0ML"))["users"] == ["U0ML"]
    async with refused("users_not_found"):
        await slack.client.users_lookupByEmail(email="nobody@local.test")
    async with refused("user_not_found"):
        await slack.client.users_info(user="U0NOBODY")


async def test_an_email_is_shown_only_with_its_scope() -> None:
    async with served(manifest("users:read.email")) as slack:
        assert "email" not in (await slack.client.users_info(user="U0SRE"))["user"]["profile"]


# ---------------------------------------------------------------- views


async def test_a_modal_is_opened_pushed_and_updated(slack: Served) -> None:
    workspace = slack.workspace
    opened = await slack.client.views_open(trigger_id=workspace.new_trigger("U0SRE"), view=MODAL)
    view = opened["view"]
    assert (view["team_id"], view["root_view_id"], view["state"]) == ("T0LOCAL", view["id"], {"values": {}})
    pushed = await slack.client.views_push(trigger_id=workspace.new_trigger("U0SRE"), view=MODAL)
    assert pushed["view"]["previous_view_id"] == view["id"]
    await slack.client.views_update(view_id=view["id"], hash=view["hash"], view={**MODAL, "callback_id": "new"})
    async with refused("hash_conflict"):
        await slack.client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    async with refused("not_found"):
        await slack.client.views_update(view_id="V0NOWHERE", view=MODAL)
    async with refused("invalid_arguments"):
        both = {"view_id": view["id"], "external_id": "mine", "view": MODAL}
        await slack.client.api_call("views.update", json=both)


async def test_a_view_that_is_refused_leaves_the_ticket(slack: Served) -> None:
    ticket = slack.workspace.new_trigger("U0SRE")
    async with refused("invalid_arguments") as caught:
        await slack.client.views_open(
            trigger_id=ticket, view={**MODAL, "title": {"type": "plain_text", "text": "x" * 25}}
        )
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    await slack.client.views_open(trigger_id=ticket, view=MODAL)
    async with refused("exchanged_trigger_id"):
        await slack.client.views_open(trigger_id=ticket, view=MODAL)


async def test_a_slow_lookup_meets_an_expired_ticket(slack: Served) -> None:
    ticket = slack.workspace.new_trigger("U0SRE")
    slack.clock.move(3.5)
    async with refused("expired_trigger_id"):
        await slack.client.views_open(trigger_id=ticket, view=MODAL)
    async with refused("invalid_trigger_id"):
        await slack.client.views_open(trigger_id="made-up", view=MODAL)


async def test_home_is_published_for_a_person(slack: Served) -> None:
    first = (await slack.client.views_publish(user_id="U0SRE", view=HOME))["view"]
    second = (await slack.client.views_publish(user_id="U0SRE", view=HOME, hash=first["hash"]))["view"]
    assert first["id"] == second["id"]
    async with refused("hash_conflict"):
        await slack.client.views_publish(user_id="U0SRE", view=HOME, hash=first["hash"])
    async with served(manifest(app_home={"home_tab_enabled": False})) as other, refused("not_enabled"):
        await other.client.views_publish(user_id="U0SRE", view=HOME)


# ---------------------------------------------------------------- reactions, pins, bookmarks


async def test_a_reaction_is_said_once(slack: Served) -> None:
    message = slack.workspace.post("U0SRE", "C0OPS", "look")
    item: dict[str, Any] = {"channel": "C0OPS", "timestamp": message.ts}
    await slack.client.reactions_add(name="eyes", **item)
    async with refused("already_reacted"):
        await slack.client.reactions_add(name="eyes", **item)
    shown = await slack.client.reactions_get(**item)
    assert shown["message"]["reactions"] == [{"name": "eyes", "users": [BOT], "count": 1}]
    await slack.client.reactions_remove(name="eyes", **item)
    async with refused("no_reaction"):
        await slack.client.reactions_remove(name="eyes", **item)
    async with refused("no_item_specified"):
        await slack.client.api_call("reactions.add", json={"name": "eyes"})
    async with refused("invalid_name"):
        await slack.client.reactions_add(name="not an emoji", **item)


async def test_pins_and_bookmarks_are_kept(slack: Served) -> None:
    ts = await said(slack)
    await slack.client.pins_add(channel="C0OPS", timestamp=ts)
    async with refused("already_pinned"):
        await slack.client.pins_add(channel="C0OPS", timestamp=ts)
    assert [item["message"]["ts"] for item in (await slack.client.pins_list(channel="C0OPS"))["items"]] == [ts]
    await slack.client.pins_remove(channel="C0OPS", timestamp=ts)
    async with refused("no_pin"):
        await slack.client.pins_remove(channel="C0OPS", timestamp=ts)
    made = await slack.client.bookmarks_add(channel_id="C0OPS", title="Board", type="link", link="https://a.test")
    bookmark = made["bookmark"]["id"]
    await slack.client.bookmarks_edit(channel_id="C0OPS", bookmark_id=bookmark, title="Dashboard")
    held = await slack.client.bookmarks_list(channel_id="C0OPS")
    assert [one["title"] for one in held["bookmarks"]] == ["Dashboard"]
    await slack.client.bookmarks_remove(channel_id="C0OPS", bookmark_id=bookmark)


# ---------------------------------------------------------------- files and canvases


async def test_the_sdk_uploads_a_picture_into_a_thread(slack: Served) -> None:
    asked = slack.workspace.post("U0SRE", "C0OPS", "show me")
    answer = await slack.client.files_upload_v2(
        channel="C0OPS",
        thread_ts=asked.ts,
        filename="p95 & more.png",
        content=PNG,
        title="p95",
        alt_txt="A curve that goes up",
        initial_comment="Here",
    )
    [shown] = answer["files"]
    assert (shown["mimetype"], shown["original_w"], shown["alt_txt"]) == ("image/png", 2, "A curve that goes up")
    [message] = slack.workspace.replies_to("C0OPS", asked.ts)
    assert (message.text, message.subtype, message.files) == ("Here", "file_share", [shown["id"]])
    async with slack.session.get(
        shown["url_private"], headers={"Authorization": f"Bearer {slack.client.token}"}
    ) as response:
        assert await response.read() == PNG
    for person, status in (("U0SRE", 200), ("U0GUEST", 200), ("U0NOBODY", 404)):
        async with slack.session.get(shown["url_private"], params={"person": person}) as response:
            assert response.status == status
    async with slack.session.get(shown["url_private"], allow_redirects=False) as response:
        assert response.status == 302
    await slack.client.files_delete(file=shown["id"])
    async with refused("file_not_found"):
        await slack.client.files_info(file=shown["id"])


async def test_nobody_reads_a_file_from_where_they_are_not(slack: Served) -> None:
    file = slack.workspace.add_file("U0ML", "notes.txt", b"secret")
    slack.workspace.share_file("U0ML", file.id, "C0ML")
    url = f"{slack.workspace.base_url}/files/{file.id}/notes.txt"
    async with slack.session.get(url, params={"person": "U0GUEST"}) as response:
        assert response.status == 404
    assert (await slack.client.files_info(file=file.id))["file"]["channels"] == ["C0ML"]
    assert (await slack.client.files_list(channel="C0ML"))["paging"]["total"] == 1


async def test_an_upload_has_the_size_that_was_announced(slack: Served) -> None:
    place = await slack.client.files_getUploadURLExternal(filename="a.log", length=3)
    async with slack.session.post(place["upload_url"], data=b"more than three") as response:
        assert response.status == 400
    async with refused("file_not_found"):
        await slack.client.files_completeUploadExternal(files=[{"id": place["file_id"]}], channel_id="C0OPS")
    async with slack.session.post(place["upload_url"], data=b"abc") as response:
        assert response.status == 200
    async with refused("channel_not_found"):
        await slack.client.files_completeUploadExternal(files=[{"id": place["file_id"]}], channel_id="C0NOWHERE")
    await slack.client.files_completeUploadExternal(files=[{"id": place["file_id"]}], channel_id="C0OPS")
    assert slack.workspace.files[place["file_id"]].content == b"abc"


async def test_a_canvas_is_written_section_by_section(slack: Served) -> None:
    def markdown(text: str) -> dict[str, str]:
        return {"type": "markdown", "markdown": text}

    made = await slack.client.conversations_canvases_create(channel_id="C0OPS", document_content=markdown("# Incident"))
    canvas = made["canvas_id"]
    async with refused("channel_canvas_already_exists"):
        await slack.client.conversations_canvases_create(channel_id="C0OPS", document_content=markdown("again"))
    await slack.client.canvases_edit(
        canvas_id=canvas, changes=[{"operation": "insert_at_end", "document_content": markdown("15:00 slow")}]
    )
    found = await slack.client.canvases_sections_lookup(canvas_id=canvas, criteria={"contains_text": "15:00"})
    section = found["sections"][0]["id"]
    await slack.client.canvases_edit(
        canvas_id=canvas,
        changes=[{"operation": "replace", "section_id": section, "document_content": markdown("15:02 slow")}],
    )
    assert slack.workspace.files[canvas].content.decode() == "# Incident\n\n15:02 slow"
    await slack.client.canvases_delete(canvas_id=canvas)
    async with refused("canvas_not_found"):
        await slack.client.canvases_delete(canvas_id=canvas)


# ---------------------------------------------------------------- the assistant pane


async def test_the_pane_shows_status_title_and_prompts(slack: Served) -> None:
    thread = slack.workspace.start_assistant_thread("U0SRE")
    place: dict[str, Any] = {"channel_id": thread.channel, "thread_ts": thread.ts}
    await slack.client.assistant_threads_setStatus(status="is thinking…", loading_messages=["Looking"], **place)
    await slack.client.assistant_threads_setTitle(title="p95", **place)
    prompts = [{"title": "Help", "message": "help"}]
    await slack.client.assistant_threads_setSuggestedPrompts(prompts=prompts, **place)
    assert (thread.status, thread.title, thread.prompts) == ("is thinking…", "p95", prompts)
    await slack.client.assistant_threads_setStatus(status="", **place)
    assert thread.status == ""
    async with refused("invalid_arguments"):
        await slack.client.assistant_threads_setSuggestedPrompts(prompts=prompts * 5, **place)


# ---------------------------------------------------------------- limits and faults


async def test_a_channel_takes_a_burst_and_then_one_message_a_second() -> None:
    clock = Clock()
    async with served(limits=Limits(clock=clock)) as slack:
        for _ in range(5):
            await said(slack)
        with pytest.raises(SlackApiError) as caught:
            await said(slack)
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
        await slack.client.chat_postMessage(channel="C0ML", text="another channel")
        clock.move(1)
        await said(slack)


@dataclass
class Steps:
    """How many calls a method takes at once, and after how long it takes the next."""

    method: str
    at_once: int
    wait: int


@pytest.mark.parametrize(
    "steps",
    [
        Steps("apps.connections.open", 10, 60),
        Steps("users.list", 20, 3),
        Steps("chat.update", 50, 2),
        Steps("chat.appendStream", 100, 1),
        Steps("views.open", 100, 1),
        Steps("some.other", 50, 2),
    ],
)
def test_tiers_are_slacks(steps: Steps) -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    assert [limits.wait(steps.method) for _ in range(steps.at_once)] == [None] * steps.at_once
    assert limits.wait(steps.method) == steps.wait
    clock.move(steps.wait)
    assert limits.wait(steps.method) is None
    assert Limits(scale=2, clock=clock).wait(steps.method) is None


async def test_faults_come_in_slacks_forms() -> None:
    faults = Faults(seed=1)
    async with served(faults=faults) as slack:
        faults.fail("chat.postMessage", status=503, after_effect=True)
        with pytest.raises(SlackApiError):
            await said(slack, "did it arrive?")
        assert [message.text for message in slack.workspace.history("U0SRE", "C0OPS")] == ["did it arrive?"]
        faults.fail("auth.test", status=429, retry_after=7)
        with pytest.raises(SlackApiError) as caught:
            await slack.client.auth_test()
        assert caught.value.response.headers["Retry-After"] == "7"
        faults.fail("auth.test", error="internal_error")
        async with refused("internal_error"):
            await slack.client.auth_test()


async def test_the_inspector_sees_what_was_asked_and_answered_but_no_token() -> None:
    inspector = Inspector()
    async with served(inspector=inspector) as slack:
        await said(slack, blocks=[SECTION])
        async with refused("channel_not_found"):
            await slack.client.chat_postMessage(channel="C0NOWHERE", text="x")
        first, second = inspector.entries()
        assert (first["what"], first["status"], first["request"]["blocks"]) == ("chat.postMessage", "ok", [SECTION])
        assert (second["status"], second["response"]["ok"]) == ("channel_not_found", False)
        assert slack.api.tokens.bot not in json.dumps(inspector.entries())


# ---------------------------------------------------------------- the manifest


def test_a_manifest_says_what_the_app_offers() -> None:
    told = manifest(
        slash_commands=[{"command": "/copilot", "description": "Ask", "usage_hint": "help"}],
        shortcuts=[{"type": "message", "name": "Explain", "callback_id": "explain", "description": "Explain this"}],
        assistant_view={"assistant_description": "Answers"},
    )
    assert told.home
    assert told.socket_mode
    assert told.assistant == "Answers"
    assert told.command("/copilot") == {"command": "/copilot", "description": "Ask", "usage_hint": "help"}
    assert told.command("/other") is None
    assert told.shortcut("explain", "message") is not None
    assert told.shortcut("explain", "global") is None
    assert manifest().assistant is None


@pytest.mark.parametrize("wrong", [None, [], "text", {"oauth": {}}])
def test_what_is_no_manifest_is_said_to_be_none(wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        Manifest.of(wrong)


def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        Manifest.read(tmp_path / "nowhere.yml")
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(ConfigurationError, match="no YAML"):
        Manifest.read(tmp_path / "broken.yml")
