"""The manifest and the code agree; each way in which they could differ, or Slack would refuse it, is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from handlers.manifest import DEFAULT, OURS, WRONG, check, manifest_check
from handlers.manifest_shape import Problem
from handlers.platform import EVENT_SCOPES, SCOPES
from handlers.surface import Command, Shortcut

SHIPPED = Path(__file__).parents[2] / DEFAULT
URL = "https://copilot.example.com/slack/events"
Raw = dict[str, Any]


@pytest.fixture
def raw() -> Raw:
    found: Raw = yaml.safe_load(SHIPPED.read_text("utf-8"))
    return found


def with_http(raw: Raw) -> Raw:
    raw["settings"]["socket_mode_enabled"] = False
    raw["settings"]["event_subscriptions"]["request_url"] = URL
    raw["settings"]["interactivity"] |= {"request_url": URL, "message_menu_options_url": URL}
    for command in raw["features"]["slash_commands"]:
        command["url"] = URL
    return raw


def problems(raw: object, folder: Path) -> list[Problem]:
    path = folder / "manifest.yml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    return check(path)


def only(raw: object, folder: Path) -> Problem:
    found = problems(raw, folder)
    assert len(found) == 1, found
    return found[0]


def bot_scopes(raw: Raw) -> list[str]:
    found: list[str] = raw["oauth_config"]["scopes"]["bot"]
    return found


def bot_events(raw: Raw) -> list[str]:
    found: list[str] = raw["settings"]["event_subscriptions"]["bot_events"]
    return found


# ---------------------------------------------------------------- what is in order


def test_the_shipped_manifest_is_in_order() -> None:
    assert check(SHIPPED) == []


def test_its_variant_for_http_is_in_order_too(raw: Raw, tmp_path: Path) -> None:
    assert problems(with_http(raw), tmp_path) == []


def test_a_manifest_in_json_is_read_as_well(raw: Raw, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(raw), "utf-8")
    assert check(path) == []


def test_what_may_be_left_out_may_be_left_out(raw: Raw, tmp_path: Path) -> None:
    del raw["_metadata"], raw["display_information"]["long_description"], raw["display_information"]["background_color"]
    del raw["features"]["assistant_view"]["suggested_prompts"]
    assert problems(raw, tmp_path) == []


def test_the_tables_of_slack_hold_together() -> None:
    assert set().union(*EVENT_SCOPES.values()) <= SCOPES
    assert set(OURS.events) <= EVENT_SCOPES.keys()
    for scopes in (*OURS.methods.values(), *OURS.besides.values()):
        assert set(scopes) <= SCOPES


# ---------------------------------------------------------------- files that are none


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "mapping"),
        ("- a\n", "mapping"),
        ("just words", "mapping"),
        ("a: [", "line"),
        ("a: 1\na: 2\n", "twice"),
        ("a: &x 1\nb: *x\n", "aliases"),
        ("a: 1\n---\nb: 2\n", "documents"),
        ("a: !!python/object:os.system x\n", "tags"),
    ],
)
def test_a_file_that_is_no_manifest_is_one_problem_with_a_mend(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(text, "utf-8")
    found = check(path)
    assert len(found) == 1, found
    assert why in str(found[0])
    assert found[0].mend


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = check(tmp_path / "no.yml")
    assert [problem.where for problem in found] == [str(tmp_path / "no.yml")]
    assert "cannot be read" in found[0].why


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("features", "settings", "oauth_config", "scopes", "bot", "slash_commands", "app_home"),
                        *("display_information", "event_subscriptions", "_metadata", "assistant_view", "name"),
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_in_the_file_there_is_an_answer(tmp_path_factory: pytest.TempPathFactory, data: object) -> None:
    for problem in problems(data, tmp_path_factory.getbasetemp()):
        assert problem.where
        assert problem.why
        assert problem.mend


# ---------------------------------------------------------------- values that Slack would refuse

Spoil = Callable[[Raw], object]


def put(*path: str | int, value: object) -> Spoil:
    def spoil(raw: Raw) -> None:
        at: Any = raw
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return spoil


COMMAND = ("features", "slash_commands", 0)
SHORTCUT = ("features", "shortcuts", 0)
ABOUT = "display_information"


@pytest.mark.parametrize(
    ("spoil", "where", "why"),
    [
        (put(ABOUT, "name", value="x" * 36), "display_information.name", "36 characters.*at most 35"),
        (put(ABOUT, "name", value=""), "display_information.name", "empty"),
        (put(ABOUT, "name", value=None), "display_information.name", "string"),
        (put(ABOUT, value={}), "display_information.name", "missing"),
        (put(ABOUT, "description", value="x" * 141), "display_information.description", "at most 140"),
        (put(ABOUT, "long_description", value="x" * 174), "display_information.long_description", "at least 175"),
        (put(ABOUT, "long_description", value="x" * 4_001), "display_information.long_description", "at most 4000"),
        (put(ABOUT, "background_color", value="blue"), "display_information.background_color", "no colour"),
        (put(ABOUT, "background_color", value="#12345"), "display_information.background_color", "no colour"),
        (put(ABOUT, "background_color", value=123456), "display_information.background_color", "string"),
        (put(ABOUT, "colour", value="#123"), "display_information.colour", "not known here"),
        (put("feature", value={}), "feature", "not known here"),
        (put("features", value=[]), "features", "wrong shape"),
        (put("features", "bot_user", "display_name", value="x" * 81), "features.bot_user.display_name", "at most 80"),
        (put("features", "bot_user", "always_online", value="maybe"), "features.bot_user.always_online", "bool"),
        (put("features", "app_home", "home_tab", value=True), "features.app_home.home_tab", "not known here"),
        (put(*COMMAND, "command", value="copilot"), "features.slash_commands[0].command", "no name of a command"),
        (put(*COMMAND, "command", value="/Copilot"), "features.slash_commands[0].command", "no name of a command"),
        (put(*COMMAND, "command", value="/co pilot"), "features.slash_commands[0].command", "no name of a command"),
        (put(*COMMAND, "command", value="/"), "features.slash_commands[0].command", "at least 2"),
        (put(*COMMAND, "command", value="/" + "x" * 32), "features.slash_commands[0].command", "at most 32"),
        (put(*COMMAND, "description", value="x" * 2_001), "features.slash_commands[0].description", "at most 2000"),
        (put(*COMMAND, "description", value=""), "features.slash_commands[0].description", "empty"),
        (put(*COMMAND, "usage_hint", value="x" * 1_001), "features.slash_commands[0].usage_hint", "at most 1000"),
        (put(*COMMAND, "usage_hints", value="x"), "features.slash_commands[0].usage_hints", "not known here"),
        (put(*COMMAND, "url", value="http://x.example"), "features.slash_commands[0].url", "no https address"),
        (put(*COMMAND, value="/copilot"), "features.slash_commands[0]", "wrong shape"),
        (put("features", "slash_commands", value={}), "features.slash_commands", "wrong shape"),
        (put(*SHORTCUT, "name", value="x" * 25), "features.shortcuts[0].name", "at most 24"),
        (put(*SHORTCUT, "callback_id", value="x" * 256), "features.shortcuts[0].callback_id", "at most 255"),
        (put(*SHORTCUT, "description", value="x" * 151), "features.shortcuts[0].description", "at most 150"),
        (put(*SHORTCUT, "type", value="channel"), "features.shortcuts[0].type", "global"),
        (put("settings", "socket_mode_enabled", value="no"), "settings.socket_mode_enabled", "bool"),
        (put("settings", "interactivity", value={}), "settings.interactivity.is_enabled", "missing"),
        (put("_metadata", "major_version", value=3), "_metadata.major_version", "1 or 2"),
        (put("oauth_config", "scopes", "bots", value=[]), "oauth_config.scopes.bots", "not known here"),
        (put("oauth_config", "scopes", "bot", value="commands"), "oauth_config.scopes.bot", "wrong shape"),
    ],
)
def test_a_value_that_slack_would_refuse_is_named_with_its_place(
    raw: Raw, tmp_path: Path, spoil: Spoil, where: str, why: str
) -> None:
    spoil(raw)
    problem = only(raw, tmp_path)
    assert problem.where == where
    assert re.search(why, problem.why), problem
    assert problem.mend


def test_a_misspelt_key_comes_with_the_right_one(raw: Raw, tmp_path: Path) -> None:
    command = raw["features"]["slash_commands"][0]
    command["usage_hints"] = command.pop("usage_hint")
    assert only(raw, tmp_path).mend == "Did you mean usage_hint?"


@pytest.mark.parametrize(
    ("key", "most", "entry"),
    [
        ("slash_commands", 50, lambda n: {"command": f"/c{n}", "description": "x"}),
        ("shortcuts", 10, lambda n: {"name": f"s{n}", "type": "global", "callback_id": f"s{n}", "description": "x"}),
    ],
)
def test_there_may_not_be_too_many(
    raw: Raw, tmp_path: Path, key: str, most: int, entry: Callable[[int], object]
) -> None:
    raw["features"][key] = [entry(number) for number in range(most + 1)]
    problem = only(raw, tmp_path)
    assert problem.where == f"features.{key}"
    assert f"holds {most + 1}, and Slack takes at most {most}" in problem.why


def test_the_assistant_pane_takes_four_prompts(raw: Raw, tmp_path: Path) -> None:
    prompts = raw["features"]["assistant_view"]["suggested_prompts"]
    prompts += [{"title": "One more", "message": "help"}]
    assert "at most 4" in only(raw, tmp_path).why
    prompts[:] = [{"title": "No message"}]
    assert only(raw, tmp_path).where == "features.assistant_view.suggested_prompts[0].message"


def test_all_that_is_misshapen_is_said_at_once(raw: Raw, tmp_path: Path) -> None:
    raw["display_information"]["name"] = ""
    raw["settings"]["sockets"] = True
    del raw["features"]["shortcuts"][1]["description"]
    assert len(problems(raw, tmp_path)) == 3


# ---------------------------------------------------------------- names


def test_an_unknown_scope_or_event_comes_with_the_nearest(raw: Raw, tmp_path: Path) -> None:
    bot_scopes(raw).append("chanels:history")
    assert only(raw, tmp_path).mend == "Did you mean channels:history?"
    bot_scopes(raw).pop()
    bot_events(raw).append("reaction_add")
    problem = only(raw, tmp_path)
    assert (problem.value, problem.mend) == ("reaction_add", "Did you mean reaction_added?")


def test_what_stands_twice_is_named_once(raw: Raw, tmp_path: Path) -> None:
    bot_scopes(raw).append("chat:write")
    assert only(raw, tmp_path).value == "chat:write"
    bot_scopes(raw).pop()
    bot_events(raw).append("app_mention")
    assert only(raw, tmp_path).value == "app_mention"
    bot_events(raw).pop()
    raw["features"]["slash_commands"].append(dict(raw["features"]["slash_commands"][0]))
    assert only(raw, tmp_path).value == "/copilot"


def test_two_shortcuts_of_one_menu_do_not_look_alike(raw: Raw, tmp_path: Path) -> None:
    raw["features"]["shortcuts"][0]["name"] = "Declare incident"
    assert any("Declare incident (global)" in problem.value for problem in problems(raw, tmp_path))


# ---------------------------------------------------------------- the code on one side, the manifest on the other


@pytest.mark.parametrize("event", OURS.events)
def test_an_event_that_the_code_listens_for_is_asked_for(raw: Raw, tmp_path: Path, event: str) -> None:
    bot_events(raw).remove(event)
    problem = only(raw, tmp_path)
    assert (problem.value, problem.mend) == (event, "Add it.")
    assert "Slack would not send it" in problem.why


def test_an_event_that_nobody_listens_for_is_not_asked_for(raw: Raw, tmp_path: Path) -> None:
    bot_events(raw).append("app_uninstalled")
    assert "nothing in the code listens" in only(raw, tmp_path).why


@pytest.mark.parametrize("scope", sorted(yaml.safe_load(SHIPPED.read_text("utf-8"))["oauth_config"]["scopes"]["bot"]))
def test_a_scope_that_is_needed_is_asked_for_and_it_is_said_by_what(raw: Raw, tmp_path: Path, scope: str) -> None:
    bot_scopes(raw).remove(scope)
    problem = only(raw, tmp_path)
    assert (problem.where, problem.value) == ("oauth_config.scopes.bot", scope)
    assert "would fail without it" in problem.why
    assert "install the app anew" in problem.mend


@pytest.mark.parametrize("scope", sorted({"channels:manage", "users:read.email", "chat:write.public", "pins:write"}))
def test_a_scope_that_nothing_needs_is_not_asked_for(raw: Raw, tmp_path: Path, scope: str) -> None:
    bot_scopes(raw).append(scope)
    problem = only(raw, tmp_path)
    assert problem.value == scope
    assert "nothing in the code needs it" in problem.why


@pytest.mark.parametrize(("event", "scope"), [("pin_added", "pins:read"), ("emoji_changed", "emoji:read")])
def test_an_event_without_its_scope_is_named(raw: Raw, tmp_path: Path, event: str, scope: str) -> None:
    bot_events(raw).append(event)
    assert {problem.value for problem in problems(raw, tmp_path)} == {event, scope}


def test_nobody_is_acted_for(raw: Raw, tmp_path: Path) -> None:
    raw["oauth_config"]["scopes"]["user"] = ["search:read"]
    assert only(raw, tmp_path).where == "oauth_config.scopes.user"
    del raw["oauth_config"]["scopes"]["user"]
    raw["settings"]["event_subscriptions"]["user_events"] = ["message.im"]
    assert only(raw, tmp_path).where == "settings.event_subscriptions.user_events"


@pytest.mark.parametrize("name", OURS.commands)
def test_a_command_that_the_code_answers_is_offered(raw: Raw, tmp_path: Path, name: str) -> None:
    commands = raw["features"]["slash_commands"]
    commands[:] = [each for each in commands if each["command"] != name]
    problem = only(raw, tmp_path)
    assert (problem.where, problem.value) == ("features.slash_commands", name)


def test_a_command_that_nobody_answers_is_not_offered(raw: Raw, tmp_path: Path) -> None:
    raw["features"]["slash_commands"].append(
        {"command": "/reboot", "description": "x", "usage_hint": "x", "should_escape": True}
    )
    problem = only(raw, tmp_path)
    assert (problem.value, problem.mend) == ("/reboot", "Take it out.")


def test_a_misspelt_command_comes_with_the_right_one(raw: Raw, tmp_path: Path) -> None:
    raw["features"]["slash_commands"][0]["command"] = "/copilt"
    found = {problem.value: problem for problem in problems(raw, tmp_path)}
    assert found.keys() == {"/copilot", "/copilt"}
    assert found["/copilt"].mend == "Did you mean /copilot?"


@pytest.mark.parametrize("key", ["description", "usage_hint"])
def test_a_command_says_the_same_in_both(raw: Raw, tmp_path: Path, key: str) -> None:
    raw["features"]["slash_commands"][1][key] = "Something else"
    problem = only(raw, tmp_path)
    assert problem.where == f"features.slash_commands[/incident].{key}"
    assert "handlers/surface.py says" in problem.why


def test_a_command_hands_over_ids_not_names(raw: Raw, tmp_path: Path) -> None:
    raw["features"]["slash_commands"][0]["should_escape"] = False
    assert only(raw, tmp_path).where == "features.slash_commands[/copilot].should_escape"


@pytest.mark.parametrize("name", OURS.shortcuts)
def test_a_shortcut_that_the_code_answers_is_offered(raw: Raw, tmp_path: Path, name: str) -> None:
    shortcuts = raw["features"]["shortcuts"]
    shortcuts[:] = [each for each in shortcuts if each["callback_id"] != name]
    problem = only(raw, tmp_path)
    assert (problem.where, problem.value) == ("features.shortcuts", name)


def test_a_shortcut_that_nobody_answers_is_not_offered(raw: Raw, tmp_path: Path) -> None:
    more = {"name": "Reboot", "type": "global", "callback_id": "reboot", "description": "x"}
    raw["features"]["shortcuts"].append(more)
    assert only(raw, tmp_path).value == "reboot"


def test_a_shortcut_has_the_same_type_and_title_in_both(raw: Raw, tmp_path: Path) -> None:
    raw["features"]["shortcuts"][0]["name"] = "Ask the bot"
    assert only(raw, tmp_path).where == "features.shortcuts[ask].name"
    raw["features"]["shortcuts"][0] |= {"name": "Ask CoPilot", "type": "message"}
    assert only(raw, tmp_path).where == "features.shortcuts[ask].type"


def test_code_that_does_more_makes_the_shipped_manifest_wrong() -> None:
    more = replace(
        OURS,
        events=[*OURS.events, "pin_added"],
        commands={**OURS.commands, "/reboot": Command("x", "y")},
        shortcuts={**OURS.shortcuts, "reboot": Shortcut("global", "Reboot")},
        methods={**OURS.methods, "canvases.create": ("canvases:write",)},
        besides={"stars": ("dnd:read",)},
    )
    found = {(problem.where, problem.value) for problem in check(SHIPPED, more)}
    assert found == {
        ("settings.event_subscriptions.bot_events", "pin_added"),
        ("features.slash_commands", "/reboot"),
        ("features.shortcuts", "reboot"),
        ("oauth_config.scopes.bot", "pins:read"),
        ("oauth_config.scopes.bot", "canvases:write"),
        ("oauth_config.scopes.bot", "dnd:read"),
        ("oauth_config.scopes.bot", "files:read"),
    }


def test_code_that_does_nothing_leaves_nothing_to_ask_for() -> None:
    nothing = replace(OURS, events=[], commands={}, shortcuts={}, methods={}, besides={})
    where = {problem.where for problem in check(SHIPPED, nothing)}
    assert {
        "settings.event_subscriptions.bot_events",
        "features.slash_commands",
        "features.shortcuts",
        "oauth_config.scopes.bot",
        "features.app_home.home_tab_enabled",
        "features.assistant_view",
        "settings.socket_mode_enabled",
    } <= where


# ---------------------------------------------------------------- features and the way that deliveries take


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (put("features", "bot_user", value=None), "features.bot_user"),
        (put("features", "assistant_view", value=None), "features.assistant_view"),
        (put("features", "app_home", "home_tab_enabled", value=False), "features.app_home.home_tab_enabled"),
        (put("features", "app_home", "messages_tab_enabled", value=False), "features.app_home.messages_tab_enabled"),
        (
            put("features", "app_home", "messages_tab_read_only_enabled", value=True),
            "features.app_home.messages_tab_read_only_enabled",
        ),
        (put("settings", "interactivity", "is_enabled", value=False), "settings.interactivity.is_enabled"),
        (put("settings", "token_rotation_enabled", value=True), "settings.token_rotation_enabled"),
        (put("settings", "org_deploy_enabled", value=True), "settings.org_deploy_enabled"),
        (put("settings", "interactivity", "request_url", value=URL), "settings.interactivity.request_url"),
        (put(*COMMAND, "url", value=URL), "features.slash_commands[/copilot].url"),
    ],
)
def test_a_feature_that_the_code_counts_on_is_on(raw: Raw, tmp_path: Path, spoil: Spoil, where: str) -> None:
    spoil(raw)
    assert only(raw, tmp_path).where == where


def test_without_sockets_slack_has_to_know_every_address(raw: Raw, tmp_path: Path) -> None:
    raw["settings"]["socket_mode_enabled"] = False
    found = [problem.where for problem in problems(raw, tmp_path)]
    assert found == [
        "settings.event_subscriptions.request_url",
        "settings.interactivity.request_url",
        "settings.interactivity.message_menu_options_url",
        *(f"features.slash_commands[{name}].url" for name in OURS.commands),
    ]


@pytest.mark.parametrize("url", ["http://x.example/slack/events", "https://", "x.example", "https://x.example/a b"])
def test_an_address_that_slack_cannot_call_is_named(raw: Raw, tmp_path: Path, url: str) -> None:
    with_http(raw)["settings"]["event_subscriptions"]["request_url"] = url
    assert only(raw, tmp_path).where == "settings.event_subscriptions.request_url"


# ---------------------------------------------------------------- the command


def said(path: Path) -> tuple[int, str]:
    out = StringIO()
    return manifest_check(Console(file=out, width=60), path), out.getvalue()


def test_the_command_says_that_all_is_in_order() -> None:
    code, text = said(SHIPPED)
    assert code == 0
    assert "agree" in text


def test_the_command_prints_each_problem_on_a_line_of_its_own_and_fails(raw: Raw, tmp_path: Path) -> None:
    bot_scopes(raw).append("[red]pins:write")
    bot_events(raw).remove("app_mention")
    found = problems(raw, tmp_path)
    code, text = said(tmp_path / "manifest.yml")
    assert code == WRONG
    for problem in found:
        assert f"✗ {problem}" in text.splitlines()
    assert f"{len(found)} problems in" in text
