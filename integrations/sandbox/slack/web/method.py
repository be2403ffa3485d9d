"""What a method of the Web API is: its name, scopes, kind of token, arguments that it must have, and its answer."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.records import Channel, Message, SlackError, Wire
from integrations.sandbox.slack.state import Workspace
from integrations.sandbox.slack.web.arguments import Arguments
from integrations.sandbox.slack.web.tokens import Tokens

Caller = Literal["bot", "app", "any"]  # whose token

_PREFIX = {"channel": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
_CURSOR = re.compile(r"next:(\d+)")
_WRITES = {"channel": "channels:manage", "private": "groups:write", "im": "im:write", "mpim": "mpim:write"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A place that waits for bytes."""

    id: str
    name: str
    length: int
    alt_text: str = ""
    content: bytes | None = None


class Sockets(Protocol):
    """Who knows where a Socket Mode client connects."""

    def __call__(self) -> str | Awaitable[str]: ...


@dataclass(slots=True)
class Call:
    """One call under way."""

    method: str
    arguments: Arguments
    workspace: Workspace
    manifest: Manifest
    tokens: Tokens
    caller: Literal["bot", "app"]
    open_url: Sockets | None
    uploads: dict[str, Upload]

    @property
    def bot(self) -> str:
        return self.workspace.bot_user_id

    def channel(self, name: str = "channel") -> Channel:
        """By id only, and only what the bot may know of."""
        wanted = self.arguments.text(name)
        if wanted not in self.workspace.channels:
            raise SlackError("channel_not_found", f"there is no channel {wanted!r}")
        return self.workspace.seen(self.bot, wanted)

    def need(self, *scopes: str) -> None:
        """Scopes that only some arguments ask for."""
        for scope in scopes:
            if not self.manifest.scopes & set(scope.split("|")):
                raise missing(scope, self.manifest.scopes)


Run = Callable[[Call], Wire | Awaitable[Wire]]
ScopeRule = Callable[[Call], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Method:
    """An entry of the Web API."""

    name: str
    run: Run
    scopes: ScopeRule
    caller: Caller
    required: tuple[str, ...]


METHODS: dict[str, Method] = {}
_R = TypeVar("_R", bound=Run)


def method(
    name: str, *scopes: str, by: ScopeRule | None = None, caller: Caller = "bot", required: Sequence[str] = ()
) -> Callable[[_R], _R]:
    """Each of `scopes` is needed; `a|b` means either. `by` works them out of the call."""

    def enter(run: _R) -> _R:
        METHODS[name] = Method(name, run, by or (lambda _: scopes), caller, tuple(required))
        return run

    return enter


def missing(scope: str, provided: frozenset[str]) -> SlackError:
    extra = {"needed": scope.partition("|")[0], "provided": ",".join(sorted(provided))}
    return SlackError("missing_scope", f"{extra['needed']} is not in the manifest", extra=extra)


# ---------------------------------------------------------------- scopes by the kind of conversation


def reading(argument: str = "channel") -> ScopeRule:
    return _by_kind(argument, lambda kind: f"{_PREFIX[kind]}:read")


def history(argument: str = "channel") -> ScopeRule:
    return _by_kind(argument, lambda kind: f"{_PREFIX[kind]}:history")


def managing(argument: str = "channel", *, finer: str = "") -> ScopeRule:
    """`finer` is the newer scope for just this: write.topic, write.invites."""

    def scope(kind: str) -> str:
        wide = _WRITES[kind]
        return f"{wide}|{_PREFIX[kind]}:{finer}" if finer else wide

    return _by_kind(argument, scope)


def _by_kind(argument: str, scope: Callable[[str], str]) -> ScopeRule:
    def rule(call: Call) -> Sequence[str]:
        found = call.workspace.channels.get(call.arguments.text(argument))
        if found is not None:
            return [scope(found.kind)]
        return ["|".join(scope(kind) for kind in _PREFIX)]  # the method itself will say that there is no such channel

    return rule


# ---------------------------------------------------------------- pages


def page(call: Call, items: Sequence[Wire], *, otherwise: int, most: int = 1_000) -> tuple[list[Wire], Wire]:
    """The part that `cursor` and `limit` ask for, and `response_metadata`."""
    limit = call.arguments.number("limit", otherwise, least=0, most=most) or otherwise
    start = _from_cursor(call.arguments.text("cursor"))
    if start > len(items):
        raise SlackError("invalid_cursor", call.arguments.text("cursor"))
    end = start + limit
    cursor = _to_cursor(end) if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": cursor}


def page_by_ts(call: Call, messages: Sequence[Message], *, otherwise: int, most: int) -> tuple[list[Message], str]:
    """The same for messages in an order of time: what is said meanwhile shifts nothing."""
    limit = call.arguments.number("limit", otherwise, least=0, most=most) or otherwise
    after = _from_cursor(call.arguments.text("cursor"))
    if after:
        place = next((at for at, one in enumerate(messages) if micros(one.ts) == after), None)
        if place is None:  # the message at which the page ended is gone
            rising = len(messages) > 1 and messages[0].ts < messages[-1].ts
            messages = [one for one in messages if (micros(one.ts) > after) == rising]
        else:
            messages = messages[place + 1 :]
    part = list(messages[:limit])
    return part, _to_cursor(micros(part[-1].ts)) if len(messages) > limit else ""


def micros(ts: str) -> int:
    """A ts as a number; a float would mix up neighbours."""
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int(f"{rest:0<6}"[:6])


def _to_cursor(place: int) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _from_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        found = _CURSOR.fullmatch(base64.b64decode(cursor, validate=True).decode())
    except (ValueError, binascii.Error):
        found = None
    if found is None:
        raise SlackError("invalid_cursor", cursor)
    return int(found[1])
