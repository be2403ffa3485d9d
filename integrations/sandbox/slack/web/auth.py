"""Who am I, and where do I connect: auth.*, api.test, apps.*, team.*, bots.*, emoji.*."""

from __future__ import annotations

import inspect

from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method


@method("api.test", caller="any")
def api_test(call: Call) -> Wire:
    given = {name: value for name, value in call.arguments.values.items() if name != "token"}
    if "error" in given:
        raise SlackError(call.arguments.text("error"), extra={"args": given})
    return {"args": given}


@method("auth.test", caller="any")
def auth_test(call: Call) -> Wire:
    workspace = call.workspace
    if call.caller == "app":
        return {"app_id": workspace.app_id, "app_name": workspace.bot_name}
    return {
        "url": f"{workspace.base_url}/",
        "team": workspace.team_name,
        "user": workspace.people[call.bot].name if call.bot in workspace.people else workspace.bot_name.lower(),
        "team_id": workspace.team_id,
        "user_id": call.bot,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", caller="app")
async def apps_connections_open(call: Call) -> Wire:
    if call.open_url is None or not call.manifest.socket_mode:
        raise SlackError("forbidden_team", "Socket Mode is off in the manifest")
    url = call.open_url()
    return {"url": await url if inspect.isawaitable(url) else url}


@method("team.info", "team:read")
def team_info(call: Call) -> Wire:
    workspace = call.workspace
    if call.arguments.maybe("team") not in {None, workspace.team_id}:
        raise SlackError("team_not_found", call.arguments.text("team"))
    icon = {"image_default": True}
    return {
        "team": {
            "id": workspace.team_id,
            "name": workspace.team_name,
            "url": f"{workspace.base_url}/",
            "domain": workspace.team_domain,
            "email_domain": "",
            "icon": icon,
        }
    }


@method("bots.info", "users:read")
def bots_info(call: Call) -> Wire:
    workspace = call.workspace
    if call.arguments.maybe("bot") not in {None, workspace.bot_id}:
        raise SlackError("bot_not_found", call.arguments.text("bot"))
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.bot_name,
            "updated": 0,
            "app_id": workspace.app_id,
            "user_id": call.bot,
            "icons": {},
        }
    }


@method("emoji.list", "emoji:read")
def emoji_list(_call: Call) -> Wire:
    return {"emoji": {}, "cache_ts": "0"}  # the custom ones; this workspace has none
