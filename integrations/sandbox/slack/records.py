"""What a workspace is made of: people, channels, messages, files, views; and how Slack says no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Wire = dict[str, Any]  # JSON as Slack and the page speak it


def copied(value: Any) -> Any:
    """JSON all the way down; what stood in two places becomes two things."""
    if isinstance(value, dict):
        return {name: copied(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


ChannelKind = Literal["channel", "private", "im", "mpim"]

ChangeKind = Literal[
    # Each line: kind, then what `data` holds. `channel`, `ts`, `user` … are ids.
    "message",  # channel, ts, user, thread_ts|None, subtype|None
    "message_changed",  # channel, ts, user, thread_ts, previous: Message as JSON, by_stream: bool
    "message_deleted",  # channel, ts, user, thread_ts, previous: Message as JSON
    "ephemeral",  # channel, ts, user (the author), to, thread_ts
    "ephemeral_changed",  # channel, ts, to, thread_ts
    "ephemeral_deleted",  # channel, ts, to, thread_ts
    "reaction_added",  # channel, ts, user, reaction, item_user
    "reaction_removed",
    "pin_added",  # channel, ts, user
    "pin_removed",
    "bookmark_changed",  # channel
    "member_joined_channel",  # channel, user, inviter|None
    "member_left_channel",  # channel, user, by
    "channel_created",  # channel, user, name
    "channel_rename",  # channel, user, name, old_name
    "channel_archive",  # channel, user
    "channel_unarchive",
    "channel_topic",  # channel, user, topic      (a message of that subtype comes too)
    "channel_purpose",  # channel, user, purpose
    "dm_opened",  # channel, user
    "file_created",  # file, user
    "file_shared",  # file, user, channel, ts, thread_ts
    "file_changed",  # file, user
    "file_deleted",  # file, user
    "view_opened",  # view, user
    "view_pushed",  # view, user
    "view_updated",  # view, user
    "view_closed",  # view, user, is_cleared, payload: the View as Slack's JSON
    "home_published",  # view, user
    "app_home_opened",  # user, tab: "home"|"messages", channel
    "assistant_thread_started",  # channel, ts, user, context
    "assistant_thread_context_changed",  # channel, ts, user, context
    "assistant_status",  # channel, ts, user (whom it is for), status, loading_messages
    "assistant_title",  # channel, ts, user, title
    "assistant_prompts",  # channel, ts, user, title, prompts: [{title, message}]
    "read",  # channel, ts, user
]
CHANGE_KINDS: frozenset[str] = frozenset(get_args(ChangeKind))


class SlackError(Exception):
    """Slack's no: the code that a client gets, what it was about (for people), and what else goes into the answer."""

    def __init__(
        self, error: str, why: str = "", *, messages: Sequence[str] = (), extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{error}: {why}" if why else error)
        self.error = error
        self.why = why
        self.messages = list(messages)
        self.extra = dict(extra or {})

    def answer(self) -> Wire:
        found: Wire = {"ok": False, "error": self.error, **self.extra}
        if self.messages:
            found["response_metadata"] = {"messages": self.messages}
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened; `data` is JSON."""

    kind: ChangeKind
    data: Wire


@dataclass(slots=True)
class Person:
    """Somebody with an account: a person, a guest, somebody of another company, or the bot."""

    id: str
    name: str
    real_name: str
    email: str
    team_id: str
    tz: str = "Etc/UTC"
    color: str = "4a5568"
    title: str = ""
    is_bot: bool = False
    is_restricted: bool = False
    is_stranger: bool = False
    is_admin: bool = False
    deleted: bool = False

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class Group:
    """A user group, mentioned as <!subteam^S…>."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    description: str = ""

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class Channel:
    """A conversation of any kind."""

    id: str
    name: str
    kind: ChannelKind
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    archived: bool = False
    creator: str = ""
    created: int = 0
    pins: list[str] = field(default_factory=list)  # ts, newest first
    bookmarks: list[Wire] = field(default_factory=list)
    canvas: str | None = None
    is_general: bool = False

    @property
    def is_dm(self) -> bool:
        return self.kind in {"im", "mpim"}

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class Message:
    """One message; `ts` is its name within the channel."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Wire] = field(default_factory=list)
    thread_ts: str | None = None  # the parent's ts, on replies only; a parent has None
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    metadata: Wire | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: Wire | None = None  # {"user", "ts"}
    ephemeral_to: str | None = None
    streaming: bool = False
    stream_started: float = 0.0
    task_display_mode: str | None = None  # "timeline" | "plan", of a message that was streamed
    # What was streamed, in order: {"type": "markdown_text", "text"}, {"type": "task_update", "id", "title", "status",
    # "details", "output", "sources"}, {"type": "plan_update", "title"}: a task stays where it began.
    chunks: list[Wire] = field(default_factory=list)
    deleted: bool = False  # kept for a thread whose parent is gone ("tombstone")
    reply_broadcast: bool = False
    username: str | None = None
    client_msg_id: str | None = None
    extra: Wire = field(default_factory=dict)  # what some subtypes carry: topic, inviter, assistant_app_thread …

    @property
    def root(self) -> str:
        """The ts of the thread that a reply to this would go to."""
        return self.thread_ts or self.ts

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class File:
    """An upload, or a canvas (`filetype` "canvas", its content is Markdown)."""

    id: str
    name: str
    title: str
    mimetype: str
    filetype: str
    size: int
    user: str
    created: int
    content: bytes = b""
    alt_text: str = ""
    shares: list[Wire] = field(default_factory=list)  # {"channel", "ts", "thread_ts"}
    width: int | None = None
    height: int | None = None

    @property
    def channels(self) -> list[str]:
        return list(dict.fromkeys(share["channel"] for share in self.shares))

    def as_json(self) -> Wire:
        """Without the bytes."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "content"}
        return {**found, "channels": self.channels}


@dataclass(slots=True)
class View:
    """A modal or a Home tab; `payload` is what the app sent (blocks completed with ids)."""

    id: str
    type: Literal["modal", "home"]
    person: str
    payload: Wire
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: Wire = field(default_factory=dict)  # state.values: block_id → action_id → {type, value | selected_… }
    open: bool = True

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class AssistantThread:
    """A conversation in the assistant pane, or a thread elsewhere with a status of the app."""

    channel: str
    ts: str
    person: str
    title: str = ""
    status: str = ""
    loading_messages: list[str] = field(default_factory=list)
    prompts: list[Wire] = field(default_factory=list)  # {"title", "message"}
    prompts_title: str = ""
    context: Wire = field(default_factory=dict)  # {"channel_id", "team_id"} or empty
    in_pane: bool = True  # no: an ordinary thread, in which the app says what it is about to do

    def as_json(self) -> Wire:
        return asdict(self)


@dataclass(slots=True)
class Trigger:
    """A ticket to open a modal: good once, for three seconds."""

    id: str
    person: str
    born: float
    view: str | None = None  # the modal that it was clicked in, if any
    used: bool = False
