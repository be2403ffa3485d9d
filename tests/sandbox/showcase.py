"""Everything that the page can draw: cards, answers, forms, a Home tab, and what a morning leaves in a channel."""

from __future__ import annotations

import struct
import time
import zlib
from typing import Any

from integrations.sandbox.slack.testing import Playground

Wire = dict[str, Any]


def plain(text: str) -> Wire:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Wire:
    return {"type": "mrkdwn", "text": text}


def option(label: str, value: str | None = None, description: str | None = None) -> Wire:
    found: Wire = {"text": plain(label), "value": value or label.lower()}
    return found | ({"description": plain(description)} if description else {})


def approval_card(state: str = "waiting") -> list[Wire]:
    """As an approval is shown: what, who, how risky, and the buttons while it waits."""
    due = int(time.time()) + 3600
    blocks: list[Wire] = [
        {"type": "header", "text": plain("Restart checkout in production")},
        {
            "type": "section",
            "fields": [
                mrkdwn("*Requested by*\n<@U0SRE>"),
                mrkdwn("*Risk*\n:warning: high"),
                mrkdwn("*Approvers*\n<!subteam^S0MANAGERS>"),
                mrkdwn(f"*Expires*\n<!date^{due}^{{date_short_pretty}} at {{time}}|in an hour>"),
            ],
            "accessory": {
                "type": "overflow",
                "action_id": "card_more",
                "options": [option("Details"), option("Show query"), option("Raw")],
            },
        },
        {
            "type": "context",
            "elements": [mrkdwn(":hourglass_flowing_sand: 0 of 1 · `deploy.restart` · `apr-7f3a`")],
        },
    ]
    if state != "waiting":
        return [*blocks, {"type": "section", "text": mrkdwn(f":white_check_mark: *{state}*")}]
    buttons = [
        {"type": "button", "action_id": "approve", "style": "primary", "text": plain("Approve"), "value": "apr-7f3a"},
        {"type": "button", "action_id": "reject", "style": "danger", "text": plain("Reject"), "value": "apr-7f3a"},
        {"type": "button", "action_id": "details", "text": plain("Details"), "value": "apr-7f3a"},
    ]
    return [*blocks, {"type": "actions", "elements": buttons}]


RICH: list[Wire] = [
    {
        "type": "markdown",
        "text": (
            "## Latency of checkout\n\nThe **p95** rose from `180 ms` to **412 ms** at 15:04, _after_ the release of "
            "2.3.1. See [the dashboard](https://example.com/d/checkout) and <@U0SRE>.\n\n"
            "| version | requests | p50 | p95 |\n|:--|--:|--:|--:|\n| 2.3.0 | 18,204 | 61 ms | 180 ms |\n"
            "| 2.3.1 | 17,966 | 84 ms | 412 ms |\n\n"
            "1. Retries doubled\n   - only in `eu-west`\n   - since 15:04\n2. Cache hits fell to 41 %\n\n"
            "> Roll back first, look for the cause afterwards.\n\n"
            '```promql\nhistogram_quantile(0.95, sum by (le) (rate(http_bucket{service="checkout"}[5m])))\n```\n'
            "- [x] Look at the release\n- [ ] Ask the owners"
        ),
    },
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": plain("Good"), "value": "good", "accessibility_label": "Good answer"},
                "negative_button": {"text": plain("Bad"), "value": "bad", "accessibility_label": "Bad answer"},
            },
            {"type": "icon_button", "action_id": "trash", "icon": "trash", "text": plain("Delete")},
        ],
    },
]

ELEMENTS: list[Wire] = [
    {
        "type": "section",
        "text": mrkdwn("*Pick a service* to look at"),
        "accessory": {
            "type": "static_select",
            "action_id": "service",
            "placeholder": plain("Service"),
            "options": [option("checkout"), option("search"), option("payments"), option("gateway")],
        },
    },
    {
        "type": "actions",
        "elements": [
            {"type": "datepicker", "action_id": "day", "placeholder": plain("Day")},
            {"type": "timepicker", "action_id": "hour", "initial_time": "15:04"},
            {"type": "users_select", "action_id": "owner", "placeholder": plain("Owner")},
            {"type": "button", "action_id": "link", "text": plain("Open dashboard"), "url": "https://example.com/d/1"},
            {
                "type": "button",
                "action_id": "danger",
                "style": "danger",
                "text": plain("Forget all"),
                "confirm": {
                    "title": plain("Forget all?"),
                    "text": mrkdwn("This *cannot* be undone."),
                    "confirm": plain("Forget"),
                    "deny": plain("Keep"),
                },
            },
        ],
    },
    {
        "type": "actions",
        "elements": [
            {
                "type": "checkboxes",
                "action_id": "checks",
                "options": [option("Restart pods", "a", "one after another"), option("Clear the cache", "b")],
            }
        ],
    },
    {"type": "divider"},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "Rich text: "},
                    {"type": "text", "text": "bold", "style": {"bold": True}},
                    {"type": "text", "text": ", "},
                    {"type": "text", "text": "struck", "style": {"strike": True}},
                    {"type": "text", "text": ", "},
                    {"type": "text", "text": "code", "style": {"code": True}},
                    {"type": "text", "text": " "},
                    {"type": "channel", "channel_id": "C0INCIDENTS"},
                    {"type": "text", "text": " "},
                    {"type": "emoji", "name": "rocket"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "ordered",
                "indent": 0,
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "second"}]},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "indent": 1,
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "beneath"}]}],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "A quoted line"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "kubectl get pods -n checkout"}]},
        ],
    },
    {
        "type": "table",
        "column_settings": [{"align": "left"}, {"align": "right"}],
        "rows": [
            [{"type": "raw_text", "text": "Check"}, {"type": "raw_text", "text": "Failures"}],
            [{"type": "raw_text", "text": "smoke"}, {"type": "raw_text", "text": "0"}],
            [{"type": "raw_text", "text": "regression"}, {"type": "raw_text", "text": "3"}],
        ],
    },
]


def form(title: str = "Declare incident") -> Wire:
    """Every input that a modal can hold."""

    def given(block: str, label: str, element: Wire, **more: Any) -> Wire:
        return {
            "type": "input",
            "block_id": block,
            "label": plain(label),
            "element": {"action_id": block, **element},
            **more,
        }

    environments = [option("staging"), option("production"), option("sandbox")]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Declare"),
        "close": plain("Cancel"),
        "blocks": [
            {"type": "section", "text": mrkdwn("Everybody in *#incidents* will see this.")},
            given(
                "what",
                "What happens?",
                {"type": "plain_text_input", "max_length": 80, "placeholder": plain("One line")},
            ),
            given(
                "story",
                "What is known",
                {"type": "plain_text_input", "multiline": True},
                optional=True,
                hint=plain("Times, graphs, who was told"),
            ),
            given("environment", "Environment", {"type": "static_select", "options": environments}),
            given(
                "services",
                "Services",
                {"type": "multi_static_select", "options": [option("checkout"), option("search"), option("payments")]},
                optional=True,
            ),
            given("lookup", "Runbook", {"type": "external_select", "min_query_length": 0}, optional=True),
            given("lead", "Lead", {"type": "users_select", "initial_user": "U0SRE"}),
            given(
                "tell",
                "Tell",
                {"type": "multi_conversations_select", "initial_conversations": ["C0INCIDENTS"]},
                optional=True,
            ),
            given(
                "severity",
                "Severity",
                {
                    "type": "radio_buttons",
                    "options": [option("SEV1", "1", "Customers cannot buy"), option("SEV2", "2", "Something is slow")],
                    "initial_option": option("SEV2", "2", "Something is slow"),
                },
            ),
            given(
                "also",
                "Also",
                {"type": "checkboxes", "options": [option("Open a call"), option("Page the owner")]},
                optional=True,
            ),
            given("day", "Since", {"type": "datepicker", "initial_date": "2026-03-18"}, optional=True),
            given("hour", "At", {"type": "timepicker"}, optional=True),
            given("moment", "Next update", {"type": "datetimepicker"}, optional=True),
            given(
                "replicas",
                "Replicas",
                {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "20"},
                optional=True,
            ),
            given("mail", "Mail", {"type": "email_text_input"}, optional=True),
            given("page", "Status page", {"type": "url_text_input"}, optional=True),
            given(
                "files",
                "Files",
                {"type": "file_input", "max_files": 2, "filetypes": ["txt", "log", "png"]},
                optional=True,
            ),
        ],
    }


HOME: Wire = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Good afternoon")},
        {
            "type": "section",
            "text": mrkdwn(
                ":white_check_mark: *Everything is healthy.* 14 services, 0 incidents, 1 approval waits for you."
            ),
        },
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "home_ask", "style": "primary", "text": plain("Ask")},
                {"type": "button", "action_id": "home_incident", "text": plain("Declare incident")},
                {"type": "button", "action_id": "home_runs", "text": plain("My runs")},
            ],
        },
        {"type": "divider"},
        {"type": "header", "text": plain("Waiting for you")},
        {
            "type": "section",
            "text": mrkdwn("*Restart checkout in production*\nby <@U0SRE> · high risk · expires in 58 minutes"),
            "accessory": {"type": "button", "action_id": "home_open", "text": plain("Look")},
        },
        {"type": "context", "elements": [mrkdwn("`apr-7f3a` · quorum 1 · asked in <#C0OPS|ops>")]},
        {"type": "divider"},
        {"type": "header", "text": plain("Preferences")},
        {
            "type": "input",
            "dispatch_action": True,
            "block_id": "prefs",
            "label": plain("Answers"),
            "element": {
                "type": "radio_buttons",
                "action_id": "length",
                "options": [option("Short first"), option("Everything at once")],
                "initial_option": option("Short first"),
            },
        },
    ],
}


def picture(width: int = 320, height: int = 150) -> bytes:
    """A small chart as PNG, drawn here."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            line = height * 0.72 - (x / width) ** 3 * height * 0.5
            rows.extend((107, 58, 130) if abs(y - line) < 2 else (239, 232, 243) if y > line else (252, 250, 253))

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(rows))) + part(b"IEND", b"")


async def told_a_story(workspace: Playground) -> None:
    """What a morning leaves behind in #ops."""
    sre, manager, devops = workspace.person("sre"), workspace.person("manager"), workspace.person("devops")
    await devops.says(
        "#ops", "Morning! 2.3.1 of checkout goes out at 15:00, *no* migrations. Notes in #deploys :rocket:"
    )
    await devops.says("#ops", "I watch it for an hour.")
    asked = await sre.says("#ops", "@copilot why did checkout slow down at 3pm?")
    state = workspace.state
    await sre.reacts(asked, "eyes")
    state.post(state.bot_user_id, "C0OPS", "Latency of checkout", blocks=RICH, thread_ts=asked.ts)
    await manager.says(asked, "Thanks. Rolling back, then.")
    await manager.reacts(asked, "eyes")
    await manager.reacts(asked, "+1")
    held = state.post(state.bot_user_id, "C0OPS", "Restart checkout?", blocks=approval_card())
    await sre.pins(held)
    await manager.says(
        "#ops",
        "@sre please look at this, and use `kubectl rollout undo`:\n"
        "```\nkubectl rollout undo deploy/checkout -n prod\n```\n> 412 ms is too much\nthen tell @here",
    )
    state.post(state.bot_user_id, "C0OPS", "Elements", blocks=ELEMENTS)
    chart = state.add_file(state.bot_user_id, "p95.png", picture())
    chart.alt_text, chart.title = "p95 of checkout rises after 15:04", "p95 of checkout"
    state.share_file(state.bot_user_id, [chart.id], "C0OPS", text="The last hour:")
    log = state.add_file("U0SRE", "checkout.log", b"15:04:01 WARN retry 1 of 3\n15:04:02 WARN retry 2 of 3\n")
    state.share_file("U0SRE", [log.id], "C0OPS", text="and the log")
