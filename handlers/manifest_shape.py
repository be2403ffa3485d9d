"""The shape of an app manifest as Slack takes it: its keys, and how long their values may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from bot.catalogue import read_yaml
from bot.config import reason, shown
from bot.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where in the manifest, what stands there, why that does not do, what to do."""

    where: str
    value: str
    why: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}{f' = {self.value}' if self.value else ''}: {self.why}. {self.mend}"


def near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, sorted(known), n=1)
    return f"Did you mean {found[0]}?" if found else "Take it out."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def _text(most: int, least: int = 1, pattern: str | None = None) -> StringConstraints:
    return StringConstraints(min_length=least, max_length=most, pattern=pattern)


Url = Annotated[str, _text(3_000, pattern=r"^https://[^\s/?#]+[^\s]*$")]
Name = Annotated[str, _text(50)]


class _Metadata(_Part):
    major_version: Literal[1, 2] = 1
    minor_version: int = Field(1, ge=0)


class _Display(_Part):
    name: Annotated[str, _text(35)]
    description: Annotated[str, _text(140)] | None = None
    long_description: Annotated[str, _text(4_000, least=175)] | None = None
    background_color: Annotated[str, _text(7, pattern=r"^#(?:[0-9a-fA-F]{3}){1,2}$")] | None = None


class _AppHome(_Part):
    home_tab_enabled: bool = False
    messages_tab_enabled: bool = False
    messages_tab_read_only_enabled: bool = True


class _Prompt(_Part):
    title: Annotated[str, _text(75)]
    message: Annotated[str, _text(2_000)]


class _AssistantView(_Part):
    assistant_description: Annotated[str, _text(1_000)]
    suggested_prompts: list[_Prompt] = Field([], max_length=4)


class _BotUser(_Part):
    display_name: Annotated[str, _text(80)]
    always_online: bool = False


class _Command(_Part):
    command: Annotated[str, _text(32, least=2, pattern=r"^/[^\sA-Z/]+$")]
    description: Annotated[str, _text(2_000)]
    usage_hint: Annotated[str, _text(1_000)] = ""
    should_escape: bool = False
    url: Url | None = None


class _Shortcut(_Part):
    name: Annotated[str, _text(24)]
    type: Literal["global", "message"]
    callback_id: Annotated[str, _text(255)]
    description: Annotated[str, _text(150)]


class _Features(_Part):
    app_home: _AppHome = _AppHome()
    assistant_view: _AssistantView | None = None
    bot_user: _BotUser | None = None
    slash_commands: list[_Command] = Field([], max_length=50)
    shortcuts: list[_Shortcut] = Field([], max_length=10)


class _Scopes(_Part):
    bot: list[Name] = Field([], max_length=255)
    user: list[Name] = Field([], max_length=255)


class _OAuth(_Part):
    redirect_urls: list[Url] = Field([], max_length=1_000)
    scopes: _Scopes = _Scopes()


class _Subscriptions(_Part):
    request_url: Url | None = None
    bot_events: list[Name] = Field([], max_length=100)
    user_events: list[Name] = Field([], max_length=100)


class _Interactivity(_Part):
    is_enabled: bool
    request_url: Url | None = None
    message_menu_options_url: Url | None = None


class _Settings(_Part):
    allowed_ip_address_ranges: list[str] = Field([], max_length=50)
    event_subscriptions: _Subscriptions = _Subscriptions()
    interactivity: _Interactivity = _Interactivity(is_enabled=False)
    org_deploy_enabled: bool = False
    socket_mode_enabled: bool = False
    token_rotation_enabled: bool = False


class Manifest(_Part):
    """As far as an app like ours has to do with it; what belongs to Slack's hosted workflows is not known here."""

    metadata: _Metadata = Field(_Metadata(), alias="_metadata")
    display_information: _Display
    features: _Features = _Features()
    oauth_config: _OAuth = _OAuth()
    settings: _Settings = _Settings()


def read(path: Path) -> Manifest | list[Problem]:
    """The manifest, or all that is wrong with its shape."""
    try:
        return Manifest.model_validate(read_yaml(path))
    except ConfigurationError as error:
        return [Problem(str(path), "", error.message.rstrip("."), error.mend)]
    except ValidationError as error:
        return [_misshapen(detail, path) for detail in error.errors(include_url=False)]


def _misshapen(detail: ErrorDetails, path: Path) -> Problem:
    place = _place(detail["loc"]) or str(path)
    context, value = detail.get("ctx", {}), detail["input"]
    text = "" if isinstance(value, dict | list) or value is None else shown(value)
    match detail["type"]:
        case "extra_forbidden":
            return Problem(place, "", "is not known here", near(str(detail["loc"][-1]), _keys(detail)))
        case "missing":
            return Problem(place, "", "is missing", "Add it.")
        case "string_too_long":
            why = f"has {len(str(value))} characters, and Slack takes at most {context['max_length']}"
            return Problem(place, text, why, "Shorten it.")
        case "string_too_short" if value:
            why = f"has {len(str(value))} characters, and Slack wants at least {context['min_length']}"
            return Problem(place, text, why, "Say more.")
        case "string_too_short":
            return Problem(place, text, "is empty", "Write something, or leave the key out.")
        case "too_long":
            why = f"holds {context['actual_length']}, and Slack takes at most {context['max_length']}"
            return Problem(place, "", why, "Take some out.")
        case "string_pattern_mismatch":
            why, mend = _PATTERNS[str(detail["loc"][-1]) if str(detail["loc"][-1]) in _PATTERNS else "url"]
            return Problem(place, text, why, mend)
        case "model_type" | "list_type":
            kind = "a list (`- entry` lines)" if detail["type"] == "list_type" else "a mapping (`key: value` lines)"
            return Problem(place, text, "has the wrong shape", f"Make it {kind}.")
        case "string_type" | "bool_type":
            mend = "Write it in quotes." if detail["type"] == "string_type" else "Write true or false."
            return Problem(place, text, reason(detail), mend)
        case _:
            return Problem(place, text, reason(detail), "Correct it there.")


_PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    "background_color": ("is no colour", 'Write it as "#1f3a5f", in quotes.'),
    "command": ("is no name of a command", "Write a slash and small letters, without spaces: /copilot."),
    "url": ("is no https address", "Slack calls only https: https://copilot.example.com/slack/events."),
}


def _place(loc: Iterable[int | str]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def _keys(detail: ErrorDetails) -> list[str]:
    """The keys that are known where an unknown one stands."""
    node = schema = Manifest.model_json_schema()

    def unfold(found: Mapping[str, object]) -> dict[str, object]:
        for branch in (found, *_listed(found.get("anyOf"))):
            if "$ref" in branch:
                return dict(schema["$defs"][str(branch["$ref"]).rpartition("/")[2]])
        return dict(found)

    for step in detail["loc"][:-1]:
        node = unfold(node["items"] if isinstance(step, int) else node["properties"][step])
    return sorted(node["properties"])


def _listed(branches: object) -> list[dict[str, object]]:
    return branches if isinstance(branches, list) else []
