"""Whatever is typed, the answer is a clear no that quotes it, and nothing is half-written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.app import App
from bot.door.intake import LARGEST, MOST_DEPTH, BadInput, check, shown
from bot.door.operation import Input, Operation
from bot.door.outcomes import Done, Failed, Origin, Outcome, Refused, WaitingForApproval
from bot.door.registry import Registry
from bot.door.runner import OUTCOME
from bot.guard.people import Actor, ActorKind
from bot.guard.redaction import Redactor
from tests.conftest import ORIGIN, MakeApp, MovedClock, invoke, settings_for
from tests.door.stage import IN_PROCESS, NOTHING, Script, Words, audited, change, refused, written

REDACTOR = Redactor()
DRILL = Registry.discover().get("maintenance.drill")
EXPLAIN = Registry.discover().get("policies.explain")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def problems(operation: Operation[Any, Any], raw: Any) -> list[str]:
    with pytest.raises(BadInput) as caught:
        check(operation, raw, REDACTOR)
    return [str(problem) for problem in caught.value.problems]


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"label": 7}, ["label = 7", "valid string"]),
    ({"label": None}, ["label = None", "valid string"]),
    ({"label": ["a"]}, ["label = ['a']"]),
    ({"label": {"a": 1}}, ["label = {'a': 1}"]),
    ({"label": True}, ["label = True"]),
    ({"label": ""}, ["label = ''", "at least 1 character"]),
    ({"label": "x" * 201}, ["at most 200 characters", "…"]),
    ({"label": "x" * 1_000_000}, ["label", "1,000,000 characters", "20,000", "…"]),
    ({"environment": "prod"}, ["environment = 'prod'", "'production', 'staging' or 'development'"]),
    ({"environment": "Production"}, ["environment = 'Production'"]),
    ({"label": "a\x00b"}, ["label", "U+0000", "position 2"]),
    ({"label": "a\x1b[31mred"}, ["label", "U+001B"]),
    ({"label": "abc\u202egpj.exe"}, ["label", "U+202E", "position 4"]),
    ({"label": "\u2066x\u2069"}, ["label", "U+2066"]),
    ({"label": "\ud800"}, ["label", "U+D800"]),
    ({"label": "x\r"}, ["label", "U+000D"]),
    ({"label": b"bytes"}, ["label", "bytes, not text"]),
    ({"label": float("nan")}, ["label = nan", "no finite number"]),
    ({"label": float("-inf")}, ["label = -inf", "no finite number"]),
    ({"label": 10**400}, ["label = 1000", f"is beyond {LARGEST:,}"]),
    ({"label": 10**5_000}, ["label = a number of 16,610 bits"]),
    ({"label": -(2**64)}, ["label = -18446744073709551616"]),
    ({"lable": "x"}, ["lable = 'x'", "no field", "Did you mean 'label'?"]),
    ({"enviroment": "staging"}, ["Did you mean 'environment'?"]),
    ({"zzz": 1}, ["zzz = 1", "Its fields are: label, environment."]),
    ({"": 1}, ["no field of this operation"]),
    ({"\u202elabel": 1}, ["U+202E"]),
    ({"\ud800": 1}, ["U+D800"]),
    ({"label": nested(40)}, ["nested deeper than 12 levels"]),
    ({"a": ["x" * 19_000] * 11}, ["more than 200,000 characters"]),
    ({"a": list(range(300_000))}, ["more than 200,000 characters"]),
    ({f"f{number}": 1 for number in range(300_000)}, ["more than 200,000 characters"]),
    ({"*bold*": "<!channel>"}, ["*bold* = '<!channel>'"]),
    ({"x'; DROP TABLE runs; --": 1}, ["x'; DROP TABLE runs; -- = 1"]),
]


@pytest.mark.parametrize(("raw", "expected"), BAD, ids=range(len(BAD)))
def test_each_problem_names_its_field_and_quotes_its_value(raw: dict[str, Any], expected: list[str]) -> None:
    told = "; ".join(problems(DRILL, raw))
    for part in expected:
        assert part in told
    assert len(told) < 6_000
    assert not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in told)


def test_a_megabyte_anywhere_is_refused_quickly_and_shortly() -> None:
    for raw in (
        {"x" * 1_000_000: 1},
        {"parameters": {"x" * 1_000_000: 1}},
        {"parameters": {"a": "x" * 1_000_000}},
        {"operation": "x" * 1_000_000},
        {"parameters": {"a": [["x" * 1_000] * 1_000]}},
    ):
        assert len("; ".join(problems(EXPLAIN, raw))) < 2_000


def test_all_problems_are_told_at_once_and_not_more_than_twenty() -> None:
    assert len(problems(DRILL, {"label": 1, "environment": 2, "x": 3})) == 3
    assert len(problems(DRILL, {f"f{number}": 1 for number in range(500)})) == 20
    assert len(problems(DRILL, {f"f{number}": "\x00" for number in range(500)})) == 20


def test_free_parameters_are_checked_as_deep_as_they_go() -> None:
    def ask(parameters: Any) -> dict[str, Any]:
        return {"operation": "x", "parameters": parameters}

    assert "parameters.a[1].b" in problems(EXPLAIN, ask({"a": [1, {"b": float("nan")}]}))[0]
    assert "parameters.a" in problems(EXPLAIN, ask({"a": 2**70}))[0]
    assert check(EXPLAIN, ask({"a": [1.5, True, None, "ä\n\t", LARGEST]}), REDACTOR)
    assert check(EXPLAIN, ask({"a": nested(MOST_DEPTH - 2)}), REDACTOR)
    assert "nested" in problems(EXPLAIN, ask({"a": nested(MOST_DEPTH - 1)}))[0]


@pytest.mark.parametrize("raw", [None, 1, "x", ["a"], object(), Words(words="another model")])
def test_what_is_no_object_is_no_input(raw: Any) -> None:
    assert "input" in problems(DRILL, raw)[0]


def test_a_model_of_the_operations_own_is_checked_as_well() -> None:
    assert check(DRILL, DRILL.input(label="x"), REDACTOR) == DRILL.input(label="x")
    assert "U+0000" in problems(DRILL, DRILL.input.model_construct(label="\x00", environment="staging"))[0]


def test_a_value_is_shown_on_one_short_line() -> None:
    assert shown("a\nb\x00") == "'a b\N{REPLACEMENT CHARACTER}'"
    assert shown(12) == "12"
    assert len(shown("x" * 500)) == 63


# ------------------------------------------------------------------------------- through the door


async def test_nothing_is_written_but_the_refusal(make_app: MakeApp) -> None:
    app = await make_app(rate_burst=100, person_per_minute=1000, channel_per_minute=1000)
    for raw, _ in BAD:
        said = refused(await app.door.invoke(Actor("sre"), "maintenance.drill", raw, origin=ORIGIN), "invalid")
        assert said.problems
        assert said.message.startswith(str(said.problems[0])[:20])
        assert said.mend == "`help.show --operation maintenance.drill` shows what it takes."
        json.dumps(OUTCOME.dump_python(said, mode="json"), allow_nan=False).encode()
    assert await written(app) == NOTHING
    assert [row["decision"] for row in await audited(app)] == ["refused:invalid"] * len(BAD)
    assert not (await app.audit.verify()).faults


@IN_PROCESS
async def test_an_unknown_operation_may_be_called_anything_and_is_met_with_the_nearest(app: App) -> None:
    for name, meant in (
        ("maintenance.dril", "maintenance.drill"),
        ("approval.list", "approvals.list"),
        ("HELP.SHOW", "help.show"),
    ):
        said = refused(await invoke(app, "sre", name), "unknown-operation")
        assert repr(name) in said.message
        assert meant in said.mend
    for name in ("", "x" * 100_000, "\x00", "\ud800", "<!channel>", "'; DROP TABLE audit; --", "🦄"):
        said = refused(await invoke(app, "sre", name), "unknown-operation")
        assert len(said.message) + len(said.operation) < 400
    assert {row["decision"] for row in await audited(app)} == {"refused:unknown-operation"}


async def test_an_unknown_person_may_be_called_anything_and_does_nothing(make_app: MakeApp) -> None:
    app = await make_app(rate_burst=100)
    for who in ("", "x" * 100_000, "\x00", "\ud800", "U1'; --", "<@U1>", "unknown", "Admin", " admin", "admin\n"):
        for kind in ActorKind:
            said = refused(await app.door.invoke(Actor(who, kind), "help.show", {}, origin=ORIGIN), "identity")
            assert len(said.message) < 1_000
    assert {row["actor"] for row in await audited(app)} == {"unknown"}


NASTY = [
    "'; DROP TABLE drills; --",
    '" OR 1=1',
    "<!channel> *bold* _it_ `code` <https://evil|good>",
    "🦄 عربى ＡＢ",
    "\t \n",
]


async def test_what_is_only_dangerous_elsewhere_is_kept_as_it_is(make_app: MakeApp) -> None:
    app = await make_app(change("test.change", Script()))
    for words in NASTY:
        done = await app.door.invoke(Actor("sre"), "test.change", {"words": words}, origin=ORIGIN)
        assert isinstance(done, Done)
        assert done.output == {"words": words}
        waiting = await invoke(app, "sre", "maintenance.drill", label=words)
        assert isinstance(waiting, WaitingForApproval)
        assert (await app.desk.get(waiting.approval_id)).parameters["label"] == words
    assert (await written(app))["approvals"] == len(NASTY)


@IN_PROCESS
async def test_what_is_said_beside_the_input_is_checked_too(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(change("test.change", script))
    for field in ("why", "idempotency_key", "supersedes", "break_glass"):
        for text in ("a\x00", "\ud800", "x" * 1_000_000, "\u202e"):
            more: dict[str, Any] = {field: text}
            outcome = await app.door.invoke(Actor("admin"), "test.change", {}, origin=ORIGIN, **more)
            assert refused(outcome, "invalid").problems[0].field == field
    assert script.ran == 0


# ------------------------------------------------------------------------------- anything at all

PEOPLE = ("admin", "sre", "qa-engineer", "guest", "stranger", "\x00")
TEXT = st.text(max_size=20) | st.sampled_from(["\ud800", "\x00", "\u202e", "pending", "approve", "x" * 30_000, *NASTY])
SCALAR = st.none() | st.booleans() | st.integers() | st.sampled_from([10**30, -(2**63) - 1, 2**63]) | st.floats() | TEXT
ANYTHING = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
OPERATIONS = tuple(operation.name for operation in Registry.discover())


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Mostly real operations and real fields, so that much gets through to them."""
    name = draw(st.sampled_from(OPERATIONS) | TEXT)
    fields = TEXT
    if name in OPERATIONS:
        model: type[Input] = Registry.discover().get(name).input
        fields = st.sampled_from(list(model.model_fields) or ["x"]) | TEXT
    return name, draw(st.dictionaries(fields, ANYTHING, max_size=4))


@pytest.fixture(scope="module")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One app for all examples: what an earlier one left must not matter either."""
    import asyncio  # noqa: PLC0415
    import shutil  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copy(sqlite_template, folder / "copilot.db")
    with asyncio.Runner() as runner:

        async def open_() -> App:
            app = App(
                settings_for(
                    f"sqlite+aiosqlite:///{folder / 'copilot.db'}",
                    folder,
                    person_per_minute=1_000_000,
                    channel_per_minute=1_000_000,
                    workspace_per_minute=1_000_000,
                    rate_burst=100_000,
                ),
                clock=MovedClock(),
            )
            await app.start()
            return app

        app = runner.run(open_())
        yield lambda person, name, raw: runner.run(
            app.door.invoke(Actor(person), name, raw, origin=Origin("fuzz", "C1", None, "T1"))
        )
        runner.run(app.close())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(person=st.sampled_from(PEOPLE), request_=requests())
@example(person="admin", request_=("policies.explain", {"operation": "help.show", "person": "\x01"}))
@example(person="admin", request_=("policies.explain", {"operation": "help.show", "parameters": {"environment": [1]}}))
@example(person="admin", request_=("audit.verify", {"expect": "²:x"}))
@example(person="admin", request_=("privacy.erase", {"person": "x' OR ''='"}))
def test_any_object_for_any_operation_by_anybody_is_answered(
    shared: Any, person: str, request_: tuple[str, dict[str, Any]]
) -> None:
    name, raw = request_
    outcome: Outcome = shared(person, name, raw)
    assert isinstance(outcome, Done | Refused | WaitingForApproval | Failed)
    if isinstance(outcome, Failed):
        assert "unexpected error" not in outcome.message
    json.dumps(OUTCOME.dump_python(outcome, mode="json"), allow_nan=False).encode()
    if person in {"guest", "stranger", "\x00"}:
        refused(outcome, "identity")
