"""What an app may do and offers, as its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from bot.errors import ConfigurationError
from integrations.sandbox.slack.records import Wire

_SECTIONS = frozenset(
    {
        "_metadata",
        "display_information",
        "features",
        "oauth_config",
        "settings",
        "functions",
        "workflows",
        "types",
        "outgoing_domains",
        "datastores",
        "external_auth_providers",
    }
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts that decide what Slack lets an app do."""

    name: str = "App"
    description: str = ""
    bot_name: str = "app"
    scopes: frozenset[str] = frozenset()
    bot_events: frozenset[str] = frozenset()
    commands: list[Wire] = field(
        default_factory=list
    )  # {"command", "description", "usage_hint", "should_escape", "url"}
    shortcuts: list[Wire] = field(default_factory=list)  # {"type", "name", "callback_id", "description"}
    home: bool = False
    messages_tab: bool = False
    assistant: str | None = None  # its description; None: no assistant pane
    assistant_prompts: list[Wire] = field(
        default_factory=list
    )  # {"title", "message"}, shown before the app says others
    socket_mode: bool = False
    interactivity: bool = False
    request_url: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        try:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"The manifest {path} cannot be read: {error}.", mend="Give --manifest a file."
            ) from error
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{path} is no YAML: {error}.", mend="Mend it there.") from error
        return cls.of(told, where=str(path))

    @classmethod
    def of(cls, told: Any, *, where: str = "the manifest") -> Self:
        if not isinstance(told, Mapping) or not told:
            raise ConfigurationError(
                f"{where} is no app manifest.", mend="See https://docs.slack.dev/reference/app-manifest."
            )
        for section in told:
            if section not in _SECTIONS:
                known = ", ".join(sorted(_SECTIONS))
                raise ConfigurationError(f"{where} has a section {section!r}.", mend=f"Slack knows {known}.")
        features, settings = _part(told, "features"), _part(told, "settings")
        home, pane = _part(features, "app_home"), features.get("assistant_view")
        events = _part(settings, "event_subscriptions")
        return cls(
            name=str(_part(told, "display_information").get("name", "App")),
            description=str(_part(told, "display_information").get("description", "")),
            bot_name=str(_part(features, "bot_user").get("display_name", "app")),
            scopes=frozenset(_part(_part(told, "oauth_config"), "scopes").get("bot") or ()),
            bot_events=frozenset(events.get("bot_events") or ()),
            commands=[dict(one) for one in features.get("slash_commands") or ()],
            shortcuts=[dict(one) for one in features.get("shortcuts") or ()],
            home=bool(home.get("home_tab_enabled")),
            messages_tab=bool(home.get("messages_tab_enabled")),
            assistant=str(pane.get("assistant_description", "")) if isinstance(pane, Mapping) else None,
            assistant_prompts=[dict(one) for one in (pane or {}).get("suggested_prompts") or ()],
            socket_mode=bool(settings.get("socket_mode_enabled")),
            interactivity=bool(_part(settings, "interactivity").get("is_enabled")),
            request_url=str(events.get("request_url") or ""),
        )

    def command(self, name: str) -> Wire | None:
        return next((one for one in self.commands if one.get("command") == name), None)

    def shortcut(self, callback_id: str, kind: str | None = None) -> Wire | None:
        """`kind` is "global" or "message"."""
        for one in self.shortcuts:
            if one.get("callback_id") == callback_id and kind in {None, one.get("type")}:
                return one
        return None


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}
