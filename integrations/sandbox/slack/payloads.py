"""What the app is told when a person does something: the payloads of commands, clicks, forms and shortcuts."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.forms import Placed
from integrations.sandbox.slack.state import Message, View, Wire, Workspace

# What of an element is repeated in the action that it made.
_REPEATED = ("text", "value", "style", "confirm", "placeholder", "accessibility_label", "icon")


def channel_name(workspace: Workspace, channel: str) -> str:
    found = workspace.channel(channel)
    return {"im": "directmessage", "mpim": found.name, "private": "privategroup"}.get(found.kind, found.name)


def common(workspace: Workspace, kind: str, person: str) -> Wire:
    """What every interaction holds."""
    who = workspace.person(person)
    return {
        "type": kind,
        "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team_id},
        "api_app_id": workspace.app_id,
        "token": "sandbox",
        "team": {"id": workspace.team_id, "domain": workspace.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command(workspace: Workspace, person: str, name: str, text: str, channel: str, *, trigger: str, url: str) -> Wire:
    who = workspace.person(person)
    return {
        "token": "sandbox",
        "team_id": workspace.team_id,
        "team_domain": workspace.team_domain,
        "channel_id": channel,
        "channel_name": channel_name(workspace, channel),
        "user_id": who.id,
        "user_name": who.name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger,
    }


def on_message(workspace: Workspace, message: Message, values: Wire) -> Wire:
    """Where it happened, when that was a message."""
    container: Wire = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    found: Wire = {
        "container": container,
        "channel": {"id": message.channel, "name": channel_name(workspace, message.channel)},
        "state": {"values": values},
    }
    if message.ephemeral_to is None:
        found["message"] = shapes.message(workspace, message)
    return found


def on_view(workspace: Workspace, view: View, values: Wire) -> Wire:
    """Where it happened, when that was a modal or the Home tab."""
    return {"container": {"type": "view", "view_id": view.id}, "view": with_state(workspace, view, values)}


def with_state(workspace: Workspace, view: View, values: Wire) -> Wire:
    return shapes.view(workspace, view) | {"state": {"values": values}}


def action(one: Placed, state: Wire, *, chosen: Wire, action_ts: str) -> Wire:
    """One entry of `actions`: what the element is, and what was given to it."""
    element = one.element
    found: Wire = {"type": element["type"], "action_id": one.action_id, "block_id": one.block_id}
    found |= {name: element[name] for name in _REPEATED if name in element}
    found |= {name: value for name, value in element.items() if name.startswith("initial_")}
    if element["type"] in {"datepicker", "timepicker", "datetimepicker"} or "select" in str(element["type"]):
        found.pop("value", None)
    return found | {name: value for name, value in state.items() if name != "type"} | chosen | {"action_ts": action_ts}


def response_urls(workspace: Workspace, view: View, values: Wire, mint: Any) -> list[Wire]:
    """For conversations that a modal asked for with `response_url_enabled`."""
    found = []
    for block in view.payload["blocks"]:
        element = block.get("element") or {}
        if not element.get("response_url_enabled"):
            continue
        value = values.get(block["block_id"], {}).get(element["action_id"], {})
        if channel := value.get("selected_conversation") or value.get("selected_channel"):
            found.append(
                {
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": workspace.channel(channel).id,
                    "response_url": mint(view.person, channel),
                }
            )
    return found
