"""A small Bolt app that uses all that the page can draw: streams, cards, forms, a Home tab, the assistant."""

from __future__ import annotations

from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.models.messages.chunk import MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk

from integrations.sandbox.slack.testing import Playground
from tests.sandbox.showcase import ELEMENTS, HOME, RICH, Wire, approval_card, form, mrkdwn, option, plain
from tests.sandbox.stage import client_of

ANSWER = ("The", "p95", "of", "**checkout**", "is", "`412 ms`,", "up", "from", "180", "ms.")
PROMPTS = [
    {"title": "What is slow?", "message": "Which services are slower than yesterday?"},
    {"title": "What waits for me?", "message": "Which approvals wait for me?"},
    {"title": "Last release", "message": "What went out last?"},
]
NOTICED = (
    "assistant_thread_context_changed",
    "channel_created",
    "file_shared",
    "member_joined_channel",
    "pin_added",
    "reaction_added",
    "reaction_removed",
)
PRESSED = (
    "card_more",
    "checks",
    "danger",
    "day",
    "details",
    "feedback",
    "home_ask",
    "home_incident",
    "home_open",
    "home_runs",
    "hour",
    "length",
    "link",
    "owner",
    "reject",
    "service",
    "trash",
)


def showcase(workspace: Playground) -> AsyncApp:
    app = AsyncApp(client=client_of(workspace), signing_secret=workspace.signing_secret)
    answers(app)
    approves(app)
    asks_with_forms(app)
    fills_the_panes(app)
    takes_the_rest(app)
    return app


def answers(app: AsyncApp) -> None:
    @app.event("app_mention")
    async def mentioned(event: Wire, client: Any) -> None:
        root = event.get("thread_ts") or event["ts"]
        if "card" in event["text"]:
            await client.chat_postMessage(
                channel=event["channel"], thread_ts=root, text="Restart checkout?", blocks=approval_card()
            )
        elif "elements" in event["text"]:
            await client.chat_postMessage(channel=event["channel"], text="Elements", blocks=ELEMENTS)
        else:
            await stream(client, event, root)


async def stream(client: Any, event: Wire, root: str) -> None:
    started = await client.chat_startStream(
        channel=event["channel"],
        thread_ts=root,
        recipient_user_id=event["user"],
        recipient_team_id="T0LOCAL",
        task_display_mode="plan",
        chunks=[
            PlanUpdateChunk(title="Looking into it"),
            TaskUpdateChunk(id="1", title="Read the metrics", status="in_progress"),
        ],
    )
    where = {"channel": event["channel"], "ts": started["ts"]}
    finished = TaskUpdateChunk(id="1", title="Read the metrics", status="complete", output="p95 412 ms")
    await client.chat_appendStream(**where, chunks=[finished])
    for word in ANSWER:
        await client.chat_appendStream(**where, chunks=[MarkdownTextChunk(text=f"{word} ")])
    if "hold" in event["text"]:
        await client.chat_appendStream(
            **where, chunks=[TaskUpdateChunk(id="2", title="Compare releases", status="in_progress")]
        )
        return
    await client.chat_stopStream(
        **where,
        blocks=[
            RICH[1],
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "declare", "text": plain("Declare incident")}],
            },
        ],
    )


def approves(app: AsyncApp) -> None:
    @app.action("approve")
    async def approve(ack: Any, body: Wire, client: Any) -> None:
        await ack()
        who = body["user"]["id"]
        if who == "U0SRE":
            await client.chat_postEphemeral(
                channel=body["channel"]["id"],
                user=who,
                thread_ts=body["message"].get("thread_ts"),
                text=":no_entry: You asked for this yourself, so somebody else approves it.",
            )
            return
        done = f"Approved by <@{who}>, restarted"
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=done, blocks=approval_card(done)
        )


def asks_with_forms(app: AsyncApp) -> None:
    @app.action("declare")
    async def declare(ack: Any, body: Wire, client: Any) -> None:
        await ack()
        opened = await client.views_open(
            trigger_id=body["trigger_id"],
            view={
                "type": "modal",
                "title": plain("Declare incident"),
                "blocks": [{"type": "section", "text": mrkdwn(":hourglass: Loading…")}],
            },
        )
        await client.views_update(view_id=opened["view"]["id"], view=form())

    @app.view("form")
    async def submitted(ack: Any, body: Wire, view: Wire, client: Any) -> None:
        values = view["state"]["values"]
        if values["what"]["what"]["value"] == "test":
            await ack(
                response_action="errors",
                errors={"what": "Say what happens, not “test”.", "environment": "Staging has no incidents."},
            )
            return
        if values["what"]["what"]["value"] == "more":
            await ack(response_action="push", view={**form("Second view"), "callback_id": "second"})
            return
        await ack()
        title, environment = (
            values["what"]["what"]["value"],
            values["environment"]["environment"]["selected_option"]["value"],
        )
        await client.chat_postMessage(
            channel="C0INCIDENTS", text=f"*{title}* in {environment}, declared by <@{body['user']['id']}>"
        )

    @app.options("lookup")
    async def options(ack: Any, body: Wire) -> None:
        known = ["Restart a service", "Roll back a release", "Drain a node"]
        await ack(options=[option(one) for one in known if body["value"].lower() in one.lower()])

    @app.shortcut("ask")
    async def ask(ack: Any, body: Wire, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form("Ask"))

    @app.shortcut("explain")
    async def explain(ack: Any, body: Wire, client: Any) -> None:
        await ack()
        await client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text="That is how it is meant."
        )

    @app.command("/copilot")
    async def command(ack: Any, body: Wire) -> None:
        await ack(f"You wrote `{body['text']}`")


def fills_the_panes(app: AsyncApp) -> None:
    @app.event("app_home_opened")
    async def home(event: Wire, client: Any) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=HOME)

    @app.event("assistant_thread_started")
    async def assistant(event: Wire, client: Any) -> None:
        thread = event["assistant_thread"]
        where = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
        await client.assistant_threads_setSuggestedPrompts(**where, title="Try one of these", prompts=PROMPTS)

    @app.event("message")
    async def direct(event: Wire, client: Any) -> None:
        root = event.get("thread_ts")
        if event.get("channel_type") != "im" or event.get("bot_id") or not root or "text" not in event:
            return
        await client.assistant_threads_setStatus(
            channel_id=event["channel"],
            thread_ts=root,
            status="is thinking…",
            loading_messages=["Reading the metrics…", "Comparing with yesterday…"],
        )
        await client.assistant_threads_setTitle(channel_id=event["channel"], thread_ts=root, title=event["text"][:60])
        if "wait" in event["text"]:
            return
        await client.chat_postMessage(
            channel=event["channel"],
            thread_ts=root,
            text="Only *checkout*.",
            blocks=[{"type": "markdown", "text": "Only **checkout**: p95 `412 ms`, was 180 ms."}],
        )


def takes_the_rest(app: AsyncApp) -> None:
    for event in NOTICED:

        @app.event(event)
        async def noticed() -> None:
            """Nothing to do."""

    for quiet in PRESSED:

        @app.action(quiet)
        async def acknowledged(ack: Any) -> None:
            await ack()
