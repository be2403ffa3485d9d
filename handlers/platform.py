"""Slack's own facts that a manifest is judged by: which events and bot scopes there are, and what an event needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_EVENTS: Final[Mapping[str, str]] = {
    "": "app_deleted app_home_opened app_installed app_uninstalled app_uninstalled_team function_executed "
    "grid_migration_finished grid_migration_started tokens_revoked workflow_step_execute",
    "app_mentions:read": "app_mention",
    "assistant:write": "assistant_thread_context_changed assistant_thread_started",
    "calls:read": "call_rejected",
    "channels:history": "channel_history_changed message.channels",
    "channels:read": "channel_archive channel_created channel_deleted channel_id_changed channel_left channel_rename "
    "channel_shared channel_unarchive channel_unshared",
    "channels:read groups:read": "member_joined_channel member_left_channel",
    "conversations.connect:manage": "shared_channel_invite_accepted shared_channel_invite_approved "
    "shared_channel_invite_declined shared_channel_invite_requested",
    "conversations.connect:read": "shared_channel_invite_received",
    "dnd:read": "dnd_updated_user",
    "emoji:read": "emoji_changed",
    "files:read": "file_change file_created file_deleted file_public file_shared file_unshared",
    "groups:history": "group_history_changed message.groups",
    "groups:read": "group_archive group_close group_deleted group_left group_open group_rename group_unarchive",
    "im:history": "im_history_changed message.im",
    "im:read": "im_close im_created im_open",
    "links:read": "link_shared",
    "metadata.message:read": "message_metadata_deleted message_metadata_posted message_metadata_updated",
    "mpim:history": "message.mpim",
    "pins:read": "pin_added pin_removed",
    "reactions:read": "reaction_added reaction_removed",
    "team.billing:read": "team_access_granted team_access_revoked",
    "team:read": "email_domain_changed team_domain_change team_rename",
    "usergroups:read": "subteam_created subteam_members_changed subteam_updated",
    "users:read": "team_join user_change user_huddle_changed user_profile_changed user_status_changed",
}
EVENT_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    event: frozenset(scopes.split()) for scopes, events in _EVENTS.items() for event in events.split()
}
"""Every event that a bot may subscribe to, with the scopes without which Slack does not send it."""

_SCOPES: Final[Mapping[str, str]] = {
    "app_mentions": "read",
    "assistant": "write",
    "bookmarks": "read write",
    "calls": "read write",
    "canvases": "read write",
    "channels": "history join manage read write.invites write.topic",
    "chat": "write write.customize write.public",
    "conversations.connect": "manage read write",
    "datastore": "read write",
    "dnd": "read",
    "emoji": "read",
    "files": "read write",
    "groups": "history read write write.invites write.topic",
    "im": "history read write write.topic",
    "links.embed": "write",
    "links": "read write",
    "lists": "read write",
    "metadata.message": "read",
    "mpim": "history read write write.topic",
    "pins": "read write",
    "reactions": "read write",
    "reminders": "read write",
    "remote_files": "read share write",
    "search": "read.files read.public read.users",
    "team.billing": "read",
    "team.preferences": "read",
    "team": "read",
    "triggers": "read write",
    "usergroups": "read write",
    "users.profile": "read",
    "users": "read read.email write",
    "workflow.steps": "execute",
}
SCOPES: Final[frozenset[str]] = frozenset(
    {"commands", "incoming-webhook", *(f"{of}:{right}" for of, rights in _SCOPES.items() for right in rights.split())}
)
"""Every scope that a bot token may hold."""
