"""The operations there are: found through entry points, refused where their declaration is wrong."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest
from structlog.testing import capture_logs

import bot.operations
from bot.door import registry as registry_module
from bot.door.context import Context
from bot.door.operation import Operation, operation
from bot.door.registry import Registry
from bot.errors import ConfigurationError, NotFound
from bot.guard.risk import Risk
from tests.door.stage import Said, Script, Words, change, read


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install entry points: names of modules, with what is in them."""

    def install(**modules: dict[str, object] | str) -> None:
        points = list(entry_points(group=registry_module.GROUP))
        for name, content in modules.items():
            value = content if isinstance(content, str) else f"plugin_{name}"
            if not isinstance(content, str):
                module = types.ModuleType(value)
                vars(module).update(content)
                monkeypatch.setitem(sys.modules, value, module)
            points.append(EntryPoint(name, value, registry_module.GROUP))
        monkeypatch.setattr(registry_module, "entry_points", lambda group: [p for p in points if p.group == group])

    return install


def test_the_built_in_operations_are_all_found_and_documented() -> None:
    registry = Registry.discover()
    names = [each.name for each in registry]
    assert names == sorted(names)
    assert len(names) == len(registry) >= 19
    for each in registry:
        assert each.summary
        assert each.title
        for name, field in each.input.model_fields.items():
            assert field.description, f"{each.name}: {name}"
        assert each.permission in registry.permissions


def test_a_third_partys_operations_are_found_as_a_module_or_one_by_one(installed: Any) -> None:
    one, two = read("extra.one", Script()), change("extra.two", Script())
    installed(whole={"one": one, "other": 7}, single={"two": two})
    found = Registry.discover()
    assert found.get("extra.one") is one
    assert found.get("extra.two") is two


def test_an_entry_point_may_name_one_operation(installed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = read("extra.one", Script())
    installed(module={"one": one, "two": read("extra.two", Script())})
    monkeypatch.setattr(
        registry_module, "entry_points", lambda group: [EntryPoint("single", "plugin_module:one", group)]
    )
    assert [each.name for each in Registry.discover()] == ["extra.one"]


@pytest.mark.parametrize("point", ["no_such_module_anywhere", "json:nothing_of_this_name", "json:loads"])
def test_a_plugin_that_cannot_be_loaded_is_left_out_loudly(installed: Any, point: str) -> None:
    installed(broken=point, sound={"one": read("extra.one", Script())})
    with capture_logs() as logs:
        found = Registry.discover()
    assert found.get("extra.one")
    assert found.get("help.show")
    assert [(log["event"], log["plugin"], log["log_level"]) for log in logs] == [
        ("plugin_not_loaded", "broken", "error")
    ]


def test_a_plugin_that_breaks_half_way_is_left_out_as_a_whole(
    installed: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    package = tmp_path / "half_a_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("from tests.door.stage import Script, read\nfirst = read('half.first', None)\n")
    (package / "b.py").write_text("raise RuntimeError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    installed(half="half_a_plugin")
    with capture_logs() as logs:
        found = Registry.discover()
    assert [log["event"] for log in logs] == ["plugin_not_loaded"]
    with pytest.raises(NotFound):
        found.get("half.first")


def test_the_built_in_operations_are_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry_module, "entry_points", lambda group: [EntryPoint("builtin", "no_such_module_anywhere", group)]
    )
    with pytest.raises(ModuleNotFoundError):
        Registry.discover()


def test_two_operations_of_one_name_are_refused_and_the_same_one_twice_is_not(installed: Any) -> None:
    registry = Registry([one := read("extra.one", Script())])
    registry.add(one)
    assert len(registry) == 1
    with pytest.raises(ConfigurationError, match=r"two operations are called 'extra.one'"):
        registry.add(read("extra.one", Script()))
    show = bot.operations.help.show  # type: ignore[attr-defined]
    installed(reuses={"show": show, "one": one})
    assert Registry.discover().get("help.show") is show
    installed(shadows={"show": read("help.show", Script())})
    with pytest.raises(ConfigurationError, match="Rename one"):
        Registry.discover()


@pytest.mark.parametrize(
    ("asked", "near"),
    [("approvals.lst", "approvals.list"), ("AUDIT.SEARCH", "audit.search"), ("helpshow", "help.show")],
)
def test_a_name_that_is_nearly_right_is_met_with_the_right_one(asked: str, near: str) -> None:
    registry = Registry.discover()
    assert registry.near(asked)[0] == near
    with pytest.raises(NotFound) as caught:
        registry.get(asked)
    assert near in caught.value.mend


def test_a_name_like_none_is_met_with_the_list() -> None:
    with pytest.raises(NotFound) as caught:
        Registry.discover().get("zzzzzzzz")
    assert "operations.list" in caught.value.mend


# ------------------------------------------------------------------------------- declarations


async def good(_: Words, __: Context) -> Said:
    """Say something."""
    return Said(words="")


async def silent(_: Words, __: Context) -> Said:
    return Said(words="")


async def lonely() -> Said:
    """Take nothing."""
    return Said(words="")


async def typeless(wanted, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Say nothing of types."""


def blocking(_: Words, __: Context) -> Said:
    """Block the loop."""
    return Said(words="")


@pytest.mark.parametrize(
    ("function", "options", "reasons"),
    [
        (good, {"name": "Bad Name"}, ["group.verb"]),
        (good, {"name": "single"}, ["group.verb"]),
        (good, {"permission": "everything"}, ["'everything' must look like area:verb"]),
        (good, {"timeout": 0}, ["within 600 s"]),
        (good, {"timeout": -1}, ["within 600 s"]),
        (good, {"timeout": 601}, ["within 600 s"]),
        (good, {"risk": Risk.DESTRUCTIVE, "about_gate": True}, ["always stands behind the gate"]),
        (silent, {}, ["needs a docstring"]),
        (lonely, {}, ["takes (input, context)", "first parameter"]),
        (typeless, {}, ["subclass of Input", "subclass of Output"]),
        (blocking, {}, ["async function"]),
        (
            typeless,
            {"name": "X", "permission": "y", "timeout": 10_000},
            ["group.verb", "area:verb", "within 600 s", "subclass of Input"],
        ),
    ],
)
def test_a_wrong_declaration_is_refused_with_every_reason(
    function: Any, options: dict[str, Any], reasons: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        operation(**{"name": "test.good", "title": "T", "permission": "a:b", **options})(function)
    for reason in reasons:
        assert reason in str(caught.value)


def test_a_right_declaration_is_an_operation() -> None:
    made = operation("test.good", title="T", permission="a:b")(good)
    assert isinstance(made, Operation)
    assert (made.risk, made.timeout, made.scoped, made.summary) == (Risk.READ, 0, (False, False), "Say something.")
