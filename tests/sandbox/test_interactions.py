"""What people do, as Bolt hears it: clicks and menus of every kind, forms, shortcuts; and what comes back to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.middleware.assistant.async_assistant import AsyncAssistant
from slack_sdk.errors import SlackApiError

from integrations.sandbox.slack.forms import NotPossible
from integrations.sandbox.slack.testing import Modal, NotSeen, Person, Playground, Refused, words
from tests.sandbox.stage import MANIFEST, Heard, bolt_app, client_of, on_a_socket

OPTIONS: list[dict[str, Any]] = [
    {"text": {"type": "plain_text", "text": "Staging", "emoji": True}, "value": "stg"},
    {"text": {"type": "plain_text", "text": "Production", "emoji": True}, "value": "prod"},
]


def text(words_: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words_, "emoji": True}


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


@pytest.fixture
def heard(workspace: Playground) -> Heard:
    return Heard(workspace)


@pytest.fixture
async def app(workspace: Playground, heard: Heard) -> AsyncIterator[AsyncApp]:
    """An app that takes every click; tests add what else they want."""
    made = bolt_app(workspace, heard)

    async def take(ack: Any) -> None:
        await ack()

    async with on_a_socket(made, workspace):
        yield made
        made.action({"type": "block_actions"})(take)


@pytest.fixture
def sre(workspace: Playground) -> Person:
    return workspace.person("sre")


async def card(workspace: Playground, *blocks: dict[str, Any]) -> Any:
    """A message of the app with these blocks, in #ops."""
    sent = await client_of(workspace).chat_postMessage(channel="C0OPS", text="card", blocks=list(blocks))
    return workspace.state.message("C0OPS", str(sent["ts"]))


def takes(app: AsyncApp, *action_ids: str) -> None:
    async def take(ack: Any) -> None:
        await ack()

    for action_id in action_ids:
        app.action(action_id)(take)


# ---------------------------------------------------------------- clicks


async def test_a_button_comes_with_all_that_slack_sends(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    takes(app, "approve")
    button = {"type": "button", "action_id": "approve", "text": text("Approve"), "value": "42", "style": "primary"}
    message = await card(workspace, {"type": "actions", "block_id": "row", "elements": [button]})
    await sre.clicks(message, "Approve")
    body = heard.of("block_actions")[0]
    assert body["user"] == {"id": "U0SRE", "username": "sre", "name": "sre", "team_id": "T0LOCAL"}
    assert body["team"] == {"id": "T0LOCAL", "domain": "local"}
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C0OPS",
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": "C0OPS", "name": "ops"}
    assert (body["enterprise"], body["is_enterprise_install"]) == (None, False)
    assert body["message"]["ts"] == message.ts
    assert body["message"]["blocks"][0]["elements"][0]["action_id"] == "approve"
    assert body["state"] == {"values": {}}
    assert body["response_url"].startswith(f"{workspace.url}/actions/")
    action = body["actions"][0]
    assert float(action.pop("action_ts")) > float(message.ts)
    assert action == {
        "type": "button",
        "action_id": "approve",
        "block_id": "row",
        "text": text("Approve"),
        "value": "42",
        "style": "primary",
    }


MENUS: list[tuple[dict[str, Any], Any, str, Any]] = [
    ({"type": "static_select", "options": OPTIONS}, "Production", "selected_option", OPTIONS[1]),
    ({"type": "multi_static_select", "options": OPTIONS}, ["stg", "Production"], "selected_options", OPTIONS),
    ({"type": "radio_buttons", "options": OPTIONS}, "Staging", "selected_option", OPTIONS[0]),
    ({"type": "checkboxes", "options": OPTIONS}, ["Staging"], "selected_options", OPTIONS[:1]),
    ({"type": "users_select"}, "U0ML", "selected_user", "U0ML"),
    ({"type": "multi_users_select"}, ["U0ML", "U0QA"], "selected_users", ["U0ML", "U0QA"]),
    ({"type": "conversations_select"}, "C0ML", "selected_conversation", "C0ML"),
    ({"type": "multi_conversations_select"}, ["C0ML"], "selected_conversations", ["C0ML"]),
    ({"type": "channels_select"}, "C0ML", "selected_channel", "C0ML"),
    ({"type": "multi_channels_select"}, ["C0ML"], "selected_channels", ["C0ML"]),
    ({"type": "datepicker"}, "2026-03-18", "selected_date", "2026-03-18"),
    ({"type": "timepicker"}, "09:30", "selected_time", "09:30"),
]


@pytest.mark.parametrize(("element", "value", "key", "expected"), MENUS, ids=[menu[0]["type"] for menu in MENUS])
async def test_every_menu_and_picker_says_what_was_chosen_and_keeps_it(
    workspace: Playground,
    app: AsyncApp,
    heard: Heard,
    sre: Person,
    element: dict[str, Any],
    value: Any,
    key: str,
    expected: Any,
) -> None:
    takes(app, "pick", "other")
    section = {
        "type": "section",
        "block_id": "s",
        "text": {"type": "mrkdwn", "text": "Where?"},
        "accessory": element | {"action_id": "pick"},
    }
    row = {
        "type": "actions",
        "block_id": "row",
        "elements": [{"type": "button", "action_id": "other", "text": text("Other")}],
    }
    message = await card(workspace, section, row)
    await sre.chooses(message, "pick", value)
    await sre.clicks(message, "Other")
    first, second = heard.of("block_actions")
    assert first["actions"][0]["type"] == element["type"]
    assert first["actions"][0][key] == expected
    held = {"s": {"pick": {"type": element["type"], key: expected}}}
    assert first["state"]["values"] == held
    assert second["state"]["values"] == held


async def test_overflow_feedback_and_icons_say_which_part_was_clicked(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    takes(app, "more", "feedback", "trash", "when")
    message = await card(
        workspace,
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "x"},
            "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS},
        },
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "feedback",
                    "positive_button": {"text": text("Good"), "value": "up", "accessibility_label": "Good answer"},
                    "negative_button": {"text": text("Bad"), "value": "down"},
                },
                {"type": "icon_button", "action_id": "trash", "icon": "trash", "text": text("Delete")},
            ],
        },
        {"type": "actions", "elements": [{"type": "datetimepicker", "action_id": "when"}]},
    )
    await sre.clicks(message, "Production")
    await sre.clicks(message, "Bad")
    await sre.clicks(message, "Good answer")
    await sre.clicks(message, "Delete")
    await sre.chooses(message, "when", 1_780_000_000)
    actions = [body["actions"][0] for body in heard.of("block_actions")]
    assert actions[0]["selected_option"] == OPTIONS[1]
    assert (actions[1]["type"], actions[1]["value"]) == ("feedback_buttons", "down")
    assert (actions[2]["text"], actions[2]["value"]) == (text("Good"), "up")
    assert (actions[3]["type"], actions[3]["icon"]) == ("icon_button", "trash")
    assert actions[4]["selected_date_time"] == 1_780_000_000


async def test_nobody_clicks_what_is_not_there_or_what_they_cannot_see(workspace: Playground, sre: Person) -> None:
    button = {"type": "button", "action_id": "go", "text": text("Go")}
    message = await card(workspace, {"type": "actions", "elements": [button]})
    with pytest.raises(NotPossible, match="'Go'"):
        await sre.clicks(message, "Stop")
    secret = workspace.state.create_channel("U0SRE", "secret", private=True)
    workspace.state.invite("U0SRE", secret.id, ["U0COPILOT"])
    sent = await client_of(workspace).chat_postMessage(
        channel=secret.id, text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    hidden = workspace.state.message(secret.id, str(sent["ts"]))
    with pytest.raises(Refused, match="message_not_found"):
        await workspace.person("manager").clicks(hidden, "Go")


# ---------------------------------------------------------------- modals


def asks(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": text(label), "element": element | {"action_id": "v"}} | more


FIELDS = [
    asks("t", "Label", {"type": "plain_text_input", "min_length": 3, "max_length": 8}),
    asks("n", "Replicas", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "9"}),
    asks("e", "Environment", {"type": "static_select", "options": OPTIONS}),
    asks("m", "Mail", {"type": "email_text_input"}, optional=True),
    asks("u", "Address", {"type": "url_text_input"}, optional=True),
    asks("f", "Logs", {"type": "file_input", "filetypes": ["log"], "max_files": 1}, optional=True),
]


def modal(*blocks: dict[str, Any], title: str = "Form", **more: Any) -> dict[str, Any]:
    found = {
        "type": "modal",
        "callback_id": "form",
        "title": text(title),
        "submit": text("Save"),
        "close": text("Cancel"),
        "blocks": list(blocks) or FIELDS,
    }
    return found | more


def opens(app: AsyncApp, view: dict[str, Any]) -> None:
    async def shortcut(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    app.shortcut("ask")(shortcut)


async def opened(app: AsyncApp, person: Person, view: dict[str, Any]) -> Modal:
    opens(app, view)
    await person.uses_shortcut("Ask")
    return await person.modal()


async def test_a_form_is_checked_as_slacks_client_does_before_the_app_hears(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    form = await opened(app, sre, modal())
    assert set(await sre.submits(form)) == {"Label", "Replicas", "Environment"}
    log = workspace.state.add_file("U0SRE", "notes.txt", b"x")
    await sre.fills(
        form,
        {
            "Label": "ab",
            "Replicas": "12",
            "Environment": "Staging",
            "Mail": "nobody",
            "Address": "ftp://x",
            "Logs": [{"id": log.id}],
        },
    )
    errors = await sre.submits(form)
    assert set(errors) == {"Label", "Replicas", "Mail", "Address", "Logs"}
    assert errors["Replicas"] == "Must be less than or equal to 9."
    assert form.value("Label") == "ab"
    assert heard.of("view_submission") == []


async def test_a_submitted_form_holds_the_state_of_every_input(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def submission(ack: Any) -> None:
        await ack()

    app.view("form")(submission)
    form = await opened(app, sre, modal(private_metadata="kept"))
    await sre.fills(form, {"Label": "drill", "Replicas": 3, "Environment": "Production"})
    assert await sre.submits(form) == {}
    assert not form.open
    body = heard.of("view_submission")[0]
    assert body["view"]["private_metadata"] == "kept"
    assert body["response_urls"] == []
    assert body["view"]["state"]["values"] == {
        "t": {"v": {"type": "plain_text_input", "value": "drill"}},
        "n": {"v": {"type": "number_input", "value": "3"}},
        "e": {"v": {"type": "static_select", "selected_option": OPTIONS[1]}},
        "m": {"v": {"type": "email_text_input", "value": None}},
        "u": {"v": {"type": "url_text_input", "value": None}},
        "f": {"v": {"type": "file_input", "files": []}},
    }


async def test_the_app_answers_a_form_with_errors_then_another_view_then_clears(
    workspace: Playground, app: AsyncApp, sre: Person
) -> None:
    answers: list[dict[str, Any]] = [
        {"response_action": "errors", "errors": {"t": "is taken"}},
        {"response_action": "update", "view": modal(FIELDS[0], title="Second")},
        {"response_action": "push", "view": modal(FIELDS[0], title="Third")},
        {"response_action": "clear"},
    ]

    async def submission(ack: Any) -> None:
        await ack(**answers.pop(0))

    app.view("form")(submission)
    form = await opened(app, sre, modal(FIELDS[0]))
    await sre.fills(form, {"Label": "drill"})
    assert await sre.submits(form) == {"Label": "is taken"}
    assert await sre.submits(form) == {}
    assert (form.title, form.value("Label")) == ("Second", "drill")  # what was typed stays, as block and action do
    await sre.submits(form)
    third = await sre.modal(titled="Third")
    assert third.view.root_view_id == form.id
    await sre.fills(third, {"Label": "again"})
    await sre.submits(third)
    assert workspace.state.modals_of("U0SRE") == []


@pytest.mark.slack(ack_timeout=0.2)
async def test_a_form_that_the_app_does_not_take_stays_open_with_its_values(
    workspace: Playground, app: AsyncApp, sre: Person
) -> None:
    form = await opened(app, sre, modal(FIELDS[0]))
    await sre.fills(form, {"Label": "drill"})
    with pytest.raises(Refused, match="trouble connecting"):
        await sre.submits(form)
    assert form.value("Label") == "drill"


async def test_an_invalid_view_as_an_answer_is_trouble_for_the_person(
    workspace: Playground, app: AsyncApp, sre: Person
) -> None:
    async def submission(ack: Any) -> None:
        await ack(response_action="update", view=modal(FIELDS[0], title="much too long a title for Slack"))

    app.view("form")(submission)
    form = await opened(app, sre, modal(FIELDS[0]))
    await sre.fills(form, {"Label": "drill"})
    with pytest.raises(Refused, match="invalid_arguments"):
        await sre.submits(form)


@pytest.mark.parametrize("notified", [True, False])
async def test_closing_is_told_to_apps_that_asked_for_it(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person, *, notified: bool
) -> None:
    async def closed(ack: Any) -> None:
        await ack()

    app.view_closed("form")(closed)
    form = await opened(app, sre, modal(FIELDS[0], notify_on_close=notified))
    await sre.closes(form)
    assert not form.open
    assert [body["is_cleared"] for body in heard.of("view_closed")] == ([False] if notified else [])


async def test_a_menu_that_the_app_fills_offers_what_fits_what_is_typed(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def offers(ack: Any, payload: dict[str, Any]) -> None:
        await ack(options=[option for option in OPTIONS if payload["value"].lower() in option["text"]["text"].lower()])

    app.options("v")(offers)
    element = {"type": "external_select", "action_id": "v", "min_query_length": 0}
    form = await opened(app, sre, modal({"type": "input", "block_id": "x", "label": text("Where"), "element": element}))
    assert await sre.options(form, "Where", "prod") == [OPTIONS[1]]
    await sre.fills(form, {"Where": "Production"})
    assert form.value("Where") == OPTIONS[1]
    body = heard.of("block_suggestion")[0]
    assert (body["action_id"], body["block_id"], body["value"]) == ("v", "x", "prod")
    assert body["container"] == {"type": "view", "view_id": form.id}


async def test_an_input_that_dispatches_is_heard_while_the_form_is_open(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def changed(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        shown = {"type": "section", "text": {"type": "mrkdwn", "text": f"You wrote {body['actions'][0]['value']}"}}
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=modal(dispatching, shown))

    dispatching = FIELDS[0] | {"dispatch_action": True}
    app.action("v")(changed)
    form = await opened(app, sre, modal(dispatching))
    await sre.fills(form, {"Label": "drill"})
    await form.until("You wrote drill")
    assert form.value("Label") == "drill"
    assert "response_url" not in heard.of("block_actions")[0]


async def test_a_conversation_asked_for_with_a_response_url_gets_one(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def submission(ack: Any, respond: Any) -> None:
        await ack()
        await respond("to the chosen channel", response_type="in_channel")

    app.view("form")(submission)
    element = {"type": "conversations_select", "action_id": "c", "response_url_enabled": True}
    block = {"type": "input", "block_id": "x", "label": text("Where"), "element": element}
    form = await opened(app, sre, modal(block))
    await sre.fills(form, {"Where": "C0ML"})
    await sre.submits(form)
    assert (await sre.sees("#ml", containing="chosen channel")).channel == "C0ML"


async def test_a_trigger_opens_one_modal_and_only_at_once(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def shortcut(ack: Any) -> None:
        await ack()

    app.shortcut("ask")(shortcut)
    await sre.uses_shortcut("Ask")
    client, clock = client_of(workspace), workspace.state.clock
    trigger = heard.of("shortcut")[0]["trigger_id"]
    await client.views_open(trigger_id=trigger, view=modal(FIELDS[0]))
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=modal(FIELDS[0]))
    await sre.uses_shortcut("Ask")
    workspace.state.clock = lambda: clock() + 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=heard.of("shortcut")[1]["trigger_id"], view=modal(FIELDS[0]))


# ---------------------------------------------------------------- shortcuts, Home, assistant, files


async def test_a_message_shortcut_brings_the_message(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def explain(ack: Any, respond: Any, payload: dict[str, Any]) -> None:
        await ack()
        await respond(f"about: {payload['message']['text']}")

    app.shortcut("explain")(explain)
    thread = await workspace.person("manager").says("#ops", "what does 503 mean")
    await sre.uses_shortcut("Explain this", message=thread)
    assert "about: what does 503 mean" in words(await sre.sees_ephemeral("#ops"))
    body = heard.of("message_action")[0]
    assert (body["message_ts"], body["channel"]["id"], body["message"]["user"]) == (thread.ts, "C0OPS", "U0MANAGER")


async def test_a_shortcut_or_command_that_the_manifest_does_not_name_is_not_there(
    workspace: Playground, sre: Person
) -> None:
    with pytest.raises(Refused, match="Explain this"):
        await sre.uses_shortcut("Declare", message=await sre.says("#ops", "x"))
    with pytest.raises(Refused, match="not a valid command"):
        await sre.runs("/deploy")


async def test_people_of_another_organisation_have_neither_commands_nor_shortcuts(
    workspace: Playground, app: AsyncApp, heard: Heard
) -> None:
    partner = workspace.person("partner-engineer")
    with pytest.raises(Refused, match="another workspace"):
        await partner.runs("/copilot", channel="#ops")
    with pytest.raises(Refused, match="another workspace"):
        await partner.uses_shortcut("Ask")
    await partner.says("#ops", "@copilot hello")
    event = await heard.until("app_mention")
    assert (event["user_team"], event["team"]) == ("T0PARTNER", "T0PARTNER")
    assert heard.bodies[-1]["is_ext_shared_channel"] is True


async def test_the_home_tab_is_published_when_it_is_opened_and_its_buttons_work(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    async def opened_home(event: dict[str, Any], client: Any) -> None:
        button = {"type": "button", "action_id": "refresh", "text": text("Refresh")}
        await client.views_publish(
            user_id=event["user"],
            view={"type": "home", "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}]},
        )

    app.event("app_home_opened")(opened_home)
    takes(app, "refresh")
    home = await sre.home(containing="Refresh")
    await sre.clicks(home, "Refresh")
    body = heard.of("block_actions")[0]
    assert body["view"]["type"] == "home"
    assert body["container"] == {"type": "view", "view_id": home.id}
    again = await sre.home()
    assert again.id == home.id
    events = heard.of("app_home_opened")
    assert "view" not in events[0]
    assert events[1]["view"]["id"] == home.id
    assert events[0]["channel"].startswith("D")


async def test_the_assistant_pane_starts_threads_with_prompts_status_and_title(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    assistant = AsyncAssistant()

    async def started(say: Any, set_suggested_prompts: Any, get_thread_context: Any) -> None:
        context = await get_thread_context()
        await say(f"How can I help in {context['channel_id']}?")
        await set_suggested_prompts(prompts=[{"title": "Status", "message": "status of everything"}])

    async def asked(payload: dict[str, Any], say: Any, set_status: Any, set_title: Any) -> None:
        await set_status("is looking")
        await set_title("About " + payload["text"])
        await say("all is well")

    assistant.thread_started(started)
    assistant.user_message(asked)
    app.assistant(assistant)
    thread = await sre.opens_assistant(context="#ops")
    await thread.last(containing="help in C0OPS")
    prompts = await thread.prompts()
    assert prompts == [{"title": "Status", "message": "status of everything"}]
    asked_thread = await sre.asks_assistant(prompts[0]["message"], thread=thread)
    await asked_thread.last(containing="all is well")
    assert thread.assistant is not None
    assert (thread.assistant.title, thread.assistant.status) == ("About status of everything", "")
    assert "is looking" in [c.data["status"] for c in workspace.changes if c.kind == "assistant_status"]
    event = heard.of("assistant_thread_started")[0]
    assert event["assistant_thread"]["context"]["channel_id"] == "C0OPS"


async def test_reactions_pins_files_and_comings_and_goings_are_told(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    thread = await sre.says("#ops", "remember this")
    await workspace.person("manager").reacts(thread, "pushpin")
    await sre.pins(thread)
    await sre.uploads("#ops", "a.log", b"line\n", text="look")
    channel = workspace.state.create_channel("U0SRE", "inc-1")
    workspace.state.invite("U0SRE", channel.id, ["U0COPILOT"])
    workspace.sandbox.emit({"type": "user_change", "user": {"id": "U0SRE"}})
    workspace.sandbox.emit({"type": "team_join", "user": {"id": "U0SRE"}})
    await heard.until("user_change")
    reaction = heard.of("reaction_added")[0]
    assert (reaction["user"], reaction["item_user"], reaction["reaction"]) == ("U0MANAGER", "U0SRE", "pushpin")
    assert reaction["item"] == {"type": "message", "channel": "C0OPS", "ts": thread.ts}
    assert heard.of("pin_added")[0]["item"]["message"]["text"] == "remember this"
    shared = heard.of("file_shared")[0]
    message = next(event for event in heard.of("message") if event.get("subtype") == "file_share")
    assert message["files"][0]["id"] == shared["file_id"]
    assert heard.of("channel_created")[0]["channel"]["name"] == "inc-1"
    joined = heard.of("member_joined_channel")
    assert [(event["user"], event.get("inviter")) for event in joined] == [("U0COPILOT", "U0SRE")]
    assert heard.of("team_join") == []
    assert len({body["event_id"] for body in heard.bodies}) == len(heard.bodies)


async def test_edits_and_deletions_come_as_subtypes(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    thread = await sre.says("#ops", "restrat")
    await sre.edits(thread, "@copilot restart")
    await sre.deletes(thread)
    deleted = await heard.until("message", 3)
    changed = heard.of("message")[1]
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "<@U0COPILOT> restart")
    assert changed["previous_message"]["text"] == "restrat"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", thread.ts)
    assert len(heard.of("app_mention")) == 1


async def test_the_app_hears_nothing_of_conversations_that_it_is_not_in(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    own = workspace.state.create_channel("U0SRE", "without-the-app")
    await sre.says(own.id, "@copilot are you there?")
    await sre.says(workspace.state.open_dm(["U0ML"], by="U0SRE").id, "between us")
    await sre.says("#ops", "the end")
    await heard.until("message")
    assert [event["text"] for event in heard.of("message")] == ["the end"]
    with pytest.raises(NotSeen, match="are you there"):
        await sre.sees(own.id, containing="yes", timeout=0.05)


async def test_two_people_click_at_once_and_both_are_heard(
    workspace: Playground, app: AsyncApp, heard: Heard, sre: Person
) -> None:
    takes(app, "go")
    message = await card(
        workspace, {"type": "actions", "elements": [{"type": "button", "action_id": "go", "text": text("Go")}]}
    )
    await asyncio.gather(sre.clicks(message, "Go"), workspace.person("manager").clicks(message, "Go"))
    assert {body["user"]["id"] for body in heard.of("block_actions")} == {"U0SRE", "U0MANAGER"}
