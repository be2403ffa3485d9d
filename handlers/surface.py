"""What the bot uses of Slack, in one place: `manifest.yml` has to grant it, and a test holds the code to it.

Whoever registers a listener or calls a method takes the name from here. A line that nothing uses is a permission that
nothing needs: take it out, here and in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

EVENTS: Final[tuple[str, ...]] = (
    "app_home_opened",
    "app_mention",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "subteam_updated",
    "user_change",
)
"""As the manifest calls them; a listener hears `message.…` as `message`."""


class Command(NamedTuple):
    """A slash command as the composer offers it, and the groups of operations behind it."""

    description: str
    usage: str
    about: str = "something that I do not know"
    groups: tuple[str, ...] = ()
    """None is all of them."""
    means: str = ""
    """What is meant where no verb stands in front: `/watch checkout latency`."""


COMMANDS: Final[Mapping[str, Command]] = {
    "/copilot": Command(
        "Ask CoPilot, or run one of its operations",
        "help | status | <a question>",
        "everything that I can do",
    ),
    "/incident": Command(
        "Declare, follow and close incidents",
        "help | declare <what happens> | list | status",
        "incidents: declaring, following and closing them",
        ("incidents",),
    ),
    "/workflow": Command(
        "Start and follow workflows",
        "help | list | run <name> | status",
        "workflows: several steps, one after the other",
        ("workflows",),
    ),
    "/runbook": Command(
        "Find and walk through runbooks",
        "help | list | find <words> | start <name>",
        "runbooks: what to do when something happens",
        ("runbooks",),
    ),
    "/watch": Command(
        "Be told when something changes or goes wrong",
        "help | <what, in words> | list | show, test, pause, resume or delete <watch>",
        "watches: being told when something changes",
        ("watches",),
        "watches.create",
    ),
    "/tests": Command(
        "Run test suites and read their results",
        "help | list | run <suite> | results",
        "test suites: running them and reading what they found",
        ("tests",),
    ),
    "/deploy": Command(
        "Deploy, follow and take back releases",
        "help | status <service> | <service> <version>",
        "deploys: bringing a version somewhere",
        ("deploys", "deploy"),
    ),
}


class Shortcut(NamedTuple):
    """An entry of Slack's own menus: the lightning bolt (global), or a message's three dots (message)."""

    type: Literal["global", "message"]
    title: str


SHORTCUTS: Final[Mapping[str, Shortcut]] = {
    "ask": Shortcut("global", "Ask CoPilot"),
    "declare_incident": Shortcut("global", "Declare incident"),
    "explain": Shortcut("message", "Explain this"),
    "declare_incident_from": Shortcut("message", "Declare incident"),
    "add_to_timeline": Shortcut("message", "Add to timeline"),
}

_HISTORY: Final = ("channels:history", "groups:history", "im:history", "mpim:history")

METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "apps.connections.open": (),  # with the app-level token: connections:write
    "assistant.threads.setStatus": ("assistant:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "auth.test": (),
    "chat.appendStream": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": _HISTORY,
    "conversations.open": ("im:write",),
    "conversations.replies": _HISTORY,
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "usergroups.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
"""Web API methods, with the scopes that each needs wherever the bot may be."""

BESIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "the download of a file": ("files:read",),
}
"""What needs a scope and is no method."""
