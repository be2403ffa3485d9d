"""`llm-copilot manifest check`: whether `manifest.yml` and the code say the same, and whether Slack would take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from handlers.manifest_shape import Manifest, Problem, near, read
from handlers.platform import EVENT_SCOPES, SCOPES
from handlers.surface import BESIDES, COMMANDS, EVENTS, METHODS, SHORTCUTS, Command, Shortcut

WRONG: Final = 2
DEFAULT: Final = Path("manifest.yml")


@dataclass(frozen=True, slots=True)
class Surface:
    """What the code uses; `methods`, and what it does besides, with the scopes of each."""

    events: Collection[str]
    commands: Mapping[str, Command]
    shortcuts: Mapping[str, Shortcut]
    methods: Mapping[str, tuple[str, ...]]
    besides: Mapping[str, tuple[str, ...]]


OURS: Final = Surface(EVENTS, COMMANDS, SHORTCUTS, METHODS, BESIDES)


def manifest_check(console: Console, path: Path = DEFAULT) -> int:
    """Print what is wrong with the manifest; 0 if nothing is."""
    problems = check(path)
    for problem in problems:
        console.print(f"✗ {problem}\n", style="red", markup=False, soft_wrap=True)
    if problems:
        amount = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        console.print(f"{amount} in {path}.", markup=False, soft_wrap=True)
        return WRONG
    said = f"{len(OURS.events)} events, {len(OURS.commands)} commands, {len(OURS.shortcuts)} shortcuts"
    console.print(f"✓ {path} and the code agree: {said}.", style="green", markup=False, soft_wrap=True)
    return 0


def check(path: Path = DEFAULT, surface: Surface = OURS) -> list[Problem]:
    """Everything at once. What has the wrong shape is mended first: only then can it be compared."""
    manifest = read(path)
    if isinstance(manifest, list):
        return manifest
    return [
        *_unknown_names(manifest),
        *_repeated(manifest),
        *_events(manifest, surface),
        *_commands(manifest, surface),
        *_shortcuts(manifest, surface),
        *_scopes(manifest, surface),
        *_features(manifest, surface),
        *_delivery(manifest, surface),
    ]


# ---------------------------------------------------------------- names

EVENTS_AT: Final = "settings.event_subscriptions.bot_events"
SCOPES_AT: Final = "oauth_config.scopes.bot"
COMMANDS_AT: Final = "features.slash_commands"
SHORTCUTS_AT: Final = "features.shortcuts"


def _unknown_names(manifest: Manifest) -> Iterator[Problem]:
    for event in manifest.settings.event_subscriptions.bot_events:
        if event not in EVENT_SCOPES:
            yield Problem(EVENTS_AT, event, "Slack has no such event", near(event, EVENT_SCOPES))
    for scope in manifest.oauth_config.scopes.bot:
        if scope not in SCOPES:
            yield Problem(SCOPES_AT, scope, "Slack has no such scope for bots", near(scope, SCOPES))


def _repeated(manifest: Manifest) -> Iterator[Problem]:
    features = manifest.features
    lists = {
        EVENTS_AT: manifest.settings.event_subscriptions.bot_events,
        SCOPES_AT: manifest.oauth_config.scopes.bot,
        COMMANDS_AT: [each.command for each in features.slash_commands],
        f"{SHORTCUTS_AT}[].callback_id": [each.callback_id for each in features.shortcuts],
        f"{SHORTCUTS_AT}[].name": [f"{each.name} ({each.type})" for each in features.shortcuts],
    }
    for where, names in lists.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield Problem(where, name, f"stands here {times} times", "Keep one.")


# ---------------------------------------------------------------- the code on one side, the manifest on the other


def _events(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    subscriptions = manifest.settings.event_subscriptions
    for event in sorted(set(surface.events) - set(subscriptions.bot_events)):
        yield Problem(EVENTS_AT, event, "the code listens for it, and Slack would not send it", "Add it.")
    for event in sorted(set(subscriptions.bot_events) - set(surface.events)):
        if event in EVENT_SCOPES:
            yield Problem(EVENTS_AT, event, "nothing in the code listens for it", "Take it out.")
    for event in subscriptions.user_events:
        where = "settings.event_subscriptions.user_events"
        yield Problem(where, event, "the bot acts for nobody, it listens as itself", "Take it out.")


def _commands(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    offered = {each.command: each for each in manifest.features.slash_commands}
    for name in sorted(surface.commands.keys() - offered):
        yield Problem(COMMANDS_AT, name, "the code answers it, and Slack would not offer it", "Add it.")
    for name, found in offered.items():
        ours = surface.commands.get(name)
        if ours is None:
            why = "nothing in the code answers it"
            yield Problem(COMMANDS_AT, name, why, near(name, surface.commands.keys() - offered))
            continue
        for key, said, meant in (
            ("description", found.description, ours.description),
            ("usage_hint", found.usage_hint, ours.usage),
        ):
            if said != meant:
                where = f"{COMMANDS_AT}[{name}].{key}"
                yield Problem(where, said, f"handlers/surface.py says {meant!r}", "Say the same in both.")
        if not found.should_escape:
            why = "people and channels would come as names, and the bot reads their ids"
            yield Problem(f"{COMMANDS_AT}[{name}].should_escape", "false", why, "Make it true.")


def _shortcuts(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    offered = {each.callback_id: each for each in manifest.features.shortcuts}
    for name in sorted(surface.shortcuts.keys() - offered):
        yield Problem(SHORTCUTS_AT, name, "the code answers it, and Slack would not offer it", "Add it.")
    for name, found in offered.items():
        ours = surface.shortcuts.get(name)
        if ours is None:
            why = "nothing in the code answers it"
            yield Problem(SHORTCUTS_AT, name, why, near(name, surface.shortcuts.keys() - offered))
            continue
        for key, said, meant in (("type", found.type, ours.type), ("name", found.name, ours.title)):
            if said != meant:
                where = f"{SHORTCUTS_AT}[{name}].{key}"
                yield Problem(where, said, f"handlers/surface.py says {meant!r}", "Say the same in both.")


def _scopes(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    scopes, needed = manifest.oauth_config.scopes, _needed(manifest, surface)
    for scope in sorted(needed.keys() - set(scopes.bot)):
        why = f"is not granted, and {_some(needed[scope])} would fail without it"
        yield Problem(SCOPES_AT, scope, why, "Add it, and install the app anew.")
    for scope in sorted(SCOPES & set(scopes.bot) - needed.keys()):
        yield Problem(SCOPES_AT, scope, "nothing in the code needs it", "Take it out: it is a right that nobody uses.")
    for scope in scopes.user:
        why = "the bot acts for nobody, it holds no token of a person"
        yield Problem("oauth_config.scopes.user", scope, why, "Take it out.")


def _needed(manifest: Manifest, surface: Surface) -> dict[str, list[str]]:
    """Each scope, with what needs it."""
    needed: dict[str, list[str]] = {}
    for what, scopes in (*surface.methods.items(), *surface.besides.items()):
        for scope in scopes:
            needed.setdefault(scope, []).append(what)
    for event in sorted({*surface.events, *manifest.settings.event_subscriptions.bot_events}):
        for scope in EVENT_SCOPES.get(event, ()):
            needed.setdefault(scope, []).append(event)
    if surface.commands or surface.shortcuts or manifest.features.slash_commands or manifest.features.shortcuts:
        needed.setdefault("commands", []).extend(["slash commands", "shortcuts"])
    if manifest.features.assistant_view:
        needed.setdefault("assistant:write", []).append("the assistant view")
    return needed


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{', '.join(names[:MOST_NAMED])} …"


MOST_NAMED: Final = 4


def _features(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    features, home = manifest.features, manifest.features.app_home
    events, methods = set(surface.events), surface.methods
    if features.bot_user is None:
        yield Problem("features.bot_user", "", "is missing, and without it there is no bot to install", "Add it.")
    uses_home = "app_home_opened" in events or "views.publish" in methods
    if uses_home and not home.home_tab_enabled:
        why = "the code fills the Home tab, and Slack would not show it"
        yield Problem("features.app_home.home_tab_enabled", "false", why, "Make it true.")
    if home.home_tab_enabled and not uses_home:
        why = "nothing in the code fills the Home tab"
        yield Problem("features.app_home.home_tab_enabled", "true", why, "Make it false.")
    if "message.im" in events and not home.messages_tab_enabled:
        why = "nobody could write to the bot directly"
        yield Problem("features.app_home.messages_tab_enabled", "false", why, "Make it true.")
    if "message.im" in events and home.messages_tab_read_only_enabled:
        why = "people could read what the bot writes to them, and not answer"
        yield Problem("features.app_home.messages_tab_read_only_enabled", "true", why, "Make it false.")
    uses_assistant = any(event.startswith("assistant_") for event in events)
    if uses_assistant and features.assistant_view is None:
        why = "is missing, and the code answers in the assistant pane"
        yield Problem("features.assistant_view", "", why, "Add it.")
    if features.assistant_view is not None and not uses_assistant:
        why = "nothing in the code answers in the assistant pane"
        yield Problem("features.assistant_view", "", why, "Take it out.")
    if (surface.shortcuts or "views.open" in methods) and not manifest.settings.interactivity.is_enabled:
        why = "buttons, forms and shortcuts would do nothing"
        yield Problem("settings.interactivity.is_enabled", "false", why, "Make it true.")


def _delivery(manifest: Manifest, surface: Surface) -> Iterator[Problem]:
    """Socket Mode wants no addresses, HTTP mode wants them all."""
    settings = manifest.settings
    addresses = {
        "settings.event_subscriptions.request_url": settings.event_subscriptions.request_url,
        "settings.interactivity.request_url": settings.interactivity.request_url,
        "settings.interactivity.message_menu_options_url": settings.interactivity.message_menu_options_url,
        **{f"{COMMANDS_AT}[{each.command}].url": each.url for each in manifest.features.slash_commands},
    }
    for where, url in addresses.items():
        if settings.socket_mode_enabled and url:
            why = "Socket Mode is on, so Slack never calls it"
            yield Problem(where, url, why, "Take it out, or make settings.socket_mode_enabled false.")
        elif not settings.socket_mode_enabled and not url:
            why = "is missing, and Socket Mode is off, so Slack would not know whom to call"
            yield Problem(where, "", why, "Add https://<your host>/slack/events, or turn Socket Mode on.")
    if settings.socket_mode_enabled and "apps.connections.open" not in surface.methods:
        yield Problem("settings.socket_mode_enabled", "true", "nothing in the code opens a socket", "Make it false.")
    if settings.token_rotation_enabled:
        why = "the bot's token would end after twelve hours, and nothing in the code renews it"
        yield Problem("settings.token_rotation_enabled", "true", why, "Make it false.")
    if settings.org_deploy_enabled:
        why = "the bot works for one workspace, and holds everybody else for strangers"
        yield Problem("settings.org_deploy_enabled", "true", why, "Make it false.")
