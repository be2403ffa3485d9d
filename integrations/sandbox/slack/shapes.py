"""Records as Slack's JSON: what the Web API answers and what events carry."""

from __future__ import annotations

from urllib.parse import quote

from integrations.sandbox.slack.records import Channel, File, Group, Message, Person, View, Wire, copied
from integrations.sandbox.slack.tables import Tables

_UPDATED = 0


def message(workspace: Tables, held: Message, *, metadata: bool = False, by: str | None = None) -> Wire:
    """`metadata`: only for who asks for it. `by`: who reads, for what is known of their threads."""
    if held.deleted:
        return _tombstone(workspace, held)
    found: Wire = {
        "type": "message",
        **{name: value for name in ("subtype", "client_msg_id", "username") if (value := getattr(held, name))},
        **_author(workspace, held),
        "ts": held.ts,
        "text": held.text,
        **_streaming(held),
        **_hanging(workspace, held),
    }
    if held.blocks or held.chunks:
        found["blocks"] = [*_streamed(held), *copied(held.blocks)]
    if held.edited:
        found["edited"] = dict(held.edited)
    if held.metadata and metadata:
        found["metadata"] = copied(held.metadata)
    return {**found, **copied(held.extra), **_thread(workspace, held, by)}


def _author(workspace: Tables, held: Message) -> Wire:
    author = workspace.people.get(held.user)
    found: Wire = {"user": held.user, "team": author.team_id if author else workspace.team_id}
    if held.bot_id:
        found.update(bot_id=held.bot_id, app_id=held.app_id, bot_profile=bot_profile(workspace))
    return found


def _streaming(held: Message) -> Wire:
    if not held.stream_started:
        return {}
    return {"streaming_state": "in_progress" if held.streaming else "completed"}


def _hanging(workspace: Tables, held: Message) -> Wire:
    """What others hung on it, and its files."""
    found: Wire = {}
    if held.files:
        found["files"] = [file(workspace, workspace.files[one]) for one in held.files if one in workspace.files]
        found["upload"] = False
    if held.reactions:
        found["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in held.reactions.items()
        ]
    channel = workspace.channels.get(held.channel)
    if channel is not None and held.ts in channel.pins:
        found["pinned_to"] = [channel.id]
    return found


def _thread(workspace: Tables, held: Message, by: str | None) -> Wire:
    if held.thread_ts is not None:
        found: Wire = {"thread_ts": held.thread_ts}
        parent = workspace.messages.get(held.channel, {}).get(held.thread_ts)
        if parent is not None:
            found["parent_user_id"] = parent.user
        if held.reply_broadcast:
            found["subtype"] = "thread_broadcast"
        return found
    replies = workspace.replies_to(held.channel, held.ts)
    if not replies:
        return {"thread_ts": held.ts} if "assistant_app_thread" in held.extra else {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": held.ts,
        "reply_count": len(replies),
        "reply_users": users[:5],
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": by is not None and (by == held.user or by in users),
    }


def _tombstone(workspace: Tables, held: Message) -> Wire:
    """What is left of a thread's parent."""
    return {
        "type": "message",
        "subtype": "tombstone",
        "user": "USLACKBOT",
        "ts": held.ts,
        "text": "This message was deleted.",
        "hidden": True,
        **_thread(workspace, held, None),
    }


def _streamed(held: Message) -> list[Wire]:
    """A message that was streamed shows its parts as blocks."""
    blocks: list[Wire] = []
    tasks = [_task(held, chunk) for chunk in held.chunks if chunk["type"] == "task_update"]
    plan = next((chunk["title"] for chunk in held.chunks if chunk["type"] == "plan_update"), None)
    together = held.task_display_mode == "plan" or plan is not None
    if together and (tasks or plan):
        blocks.append(
            {"type": "plan", "block_id": f"{held.ts}-plan", "title": plan or (tasks[0]["title"]), "tasks": tasks}
        )
    for place, chunk in enumerate(held.chunks):
        if chunk["type"] == "markdown_text":
            blocks.append({"type": "markdown", "block_id": f"{held.ts}-{place}", "text": chunk["text"]})
        elif chunk["type"] == "task_update" and not together:
            blocks.append(_task(held, chunk))
    return blocks


def _task(held: Message, chunk: Wire) -> Wire:
    card: Wire = {
        "type": "task_card",
        "block_id": f"{held.ts}-{chunk['id']}",
        "task_id": chunk["id"],
        "title": chunk["title"],
        "status": chunk["status"],
    }
    for name in ("details", "output"):
        if chunk.get(name):
            section = {"type": "rich_text_section", "elements": [{"type": "text", "text": chunk[name]}]}
            card[name] = {"type": "rich_text", "elements": [section]}
    if chunk.get("sources"):
        card["sources"] = copied(chunk["sources"])
    return card


def bot_profile(workspace: Tables) -> Wire:
    return {
        "id": workspace.bot_id,
        "deleted": False,
        "name": workspace.bot_name,
        "updated": _UPDATED,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user_id,
        "icons": {f"image_{size}": f"{workspace.base_url}/static/app.svg" for size in (36, 48, 72)},
        "team_id": workspace.team_id,
    }


def permalink(workspace: Tables, held: Message) -> str:
    path = f"{workspace.base_url}/archives/{held.channel}/p{held.ts.replace('.', '')}"
    return f"{path}?thread_ts={held.thread_ts}&cid={held.channel}" if held.thread_ts else path


# ---------------------------------------------------------------- people and places


def person(workspace: Tables, held: Person, *, email: bool = True) -> Wire:
    """`email`: only with users:read.email."""
    first, _, last = held.real_name.partition(" ")
    profile: Wire = {
        "title": held.title,
        "phone": "",
        "skype": "",
        "real_name": held.real_name,
        "real_name_normalized": held.real_name,
        "display_name": held.name,
        "display_name_normalized": held.name,
        "first_name": first,
        "last_name": last,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "",
        "team": held.team_id,
    }
    if email and held.email:
        profile["email"] = held.email
    if held.is_bot:
        profile.update(api_app_id=workspace.app_id, bot_id=workspace.bot_id, always_active=True)
    found: Wire = {
        "id": held.id,
        "team_id": held.team_id,
        "name": held.name,
        "deleted": held.deleted,
        "color": held.color,
        "real_name": held.real_name,
        "tz": held.tz,
        "tz_label": "Coordinated Universal Time" if held.tz == "Etc/UTC" else held.tz,
        "tz_offset": 0,
        "profile": profile,
        "is_admin": held.is_admin,
        "is_owner": held.is_admin,
        "is_primary_owner": False,
        "is_restricted": held.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": held.is_bot,
        "is_app_user": False,
        "is_email_confirmed": not held.is_bot,
        "updated": _UPDATED,
    }
    if held.is_stranger:
        found["is_stranger"] = True
    return found


def group(workspace: Tables, held: Group, *, users: bool = False, count: bool = False) -> Wire:
    found: Wire = {
        "id": held.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": held.name,
        "description": held.description,
        "handle": held.handle,
        "is_external": False,
        "auto_type": None,
        "date_create": _UPDATED,
        "date_update": _UPDATED,
        "date_delete": 0,
        "prefs": {"channels": [], "groups": []},
    }
    if users:
        found["users"] = list(held.users)
    if users or count:
        found["user_count"] = len(held.users)
    return found


def channel(workspace: Tables, held: Channel, by: str) -> Wire:
    """As `by` sees it."""
    shared = any(workspace.people[one].is_stranger for one in held.members if one in workspace.people)
    found: Wire = {
        "id": held.id,
        "created": held.created,
        "creator": held.creator,
        "is_archived": held.archived,
        "is_channel": held.kind in {"channel", "private"},
        "is_group": False,
        "is_im": held.kind == "im",
        "is_mpim": held.kind == "mpim",
        "is_private": held.kind != "channel",
        "is_org_shared": False,
        "is_shared": shared,
        "is_ext_shared": shared,
        "context_team_id": workspace.team_id,
        "updated": held.created * 1000,
    }
    if held.kind == "im":
        other = next((one for one in held.members if one != by), by)
        return {**found, "user": other, "is_user_deleted": False, "priority": 0, "is_open": True}
    return {
        **found,
        "name": held.name,
        "name_normalized": held.name,
        "is_general": held.is_general,
        "is_member": by in held.members,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "previous_names": [],
        "unlinked": 0,
        "topic": {"value": held.topic, "creator": held.creator if held.topic else "", "last_set": 0},
        "purpose": {"value": held.purpose, "creator": held.creator if held.purpose else "", "last_set": 0},
    }


def file(workspace: Tables, held: File) -> Wire:
    address = f"{workspace.base_url}/files/{held.id}/{quote(held.name, safe='')}"
    public: Wire = {}
    private: Wire = {}
    for share in held.shares:
        found = workspace.channels.get(share["channel"])
        into = public if found is not None and found.kind == "channel" else private
        row = {"ts": share["ts"], **({"thread_ts": share["thread_ts"]} if share["thread_ts"] else {})}
        into.setdefault(share["channel"], []).append(row)
    shown: Wire = {
        "id": held.id,
        "created": held.created,
        "timestamp": held.created,
        "name": held.name,
        "title": held.title,
        "mimetype": held.mimetype,
        "filetype": held.filetype,
        "pretty_type": held.filetype.upper(),
        "user": held.user,
        "user_team": workspace.team_id,
        "editable": held.filetype == "canvas",
        "size": held.size,
        "mode": "quip" if held.filetype == "canvas" else "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": bool(public),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": address,
        "url_private_download": f"{address}?download=1",
        "permalink": f"{workspace.base_url}/files/{held.user}/{held.id}/{quote(held.name, safe='')}",
        "channels": [one for one in held.channels if one in public],
        "groups": [one for one in held.channels if one in private and not one.startswith("D")],
        "ims": [one for one in held.channels if one in private and one.startswith("D")],
        "shares": {**({"public": public} if public else {}), **({"private": private} if private else {})},
        "has_rich_preview": False,
        "file_access": "visible",
    }
    if held.alt_text:
        shown["alt_txt"] = held.alt_text
    if held.mimetype.startswith("image/"):
        shown.update(thumb_360=address, thumb_480=address)
        if held.width and held.height:
            shown.update(original_w=held.width, original_h=held.height)
    return shown


def view(workspace: Tables, held: View) -> Wire:
    """What is not said by the app is there all the same, as Slack has it."""
    payload = copied(held.payload)
    found: Wire = {
        "id": held.id,
        "team_id": workspace.team_id,
        "type": held.type,
        "blocks": payload["blocks"],
        "private_metadata": payload.get("private_metadata", ""),
        "callback_id": payload.get("callback_id", ""),
        "state": {"values": copied(held.values)},
        "hash": held.hash,
        "title": payload.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": payload.get("clear_on_close", False),
        "notify_on_close": payload.get("notify_on_close", False),
        "close": payload.get("close"),
        "submit": payload.get("submit"),
        "previous_view_id": held.previous_view_id,
        "root_view_id": held.root_view_id,
        "app_id": workspace.app_id,
        "external_id": payload.get("external_id", ""),
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
    }
    if "submit_disabled" in payload:
        found["submit_disabled"] = payload["submit_disabled"]
    return found
