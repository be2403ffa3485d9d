"""What comes out of the door: types, codes, what would help, and a reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter
from structlog.testing import capture_logs

from bot.door.context import Context
from bot.door.operation import operation
from bot.door.outcomes import Done, Failed, Outcome, Problem, Refused, WaitingForApproval
from bot.door.runner import OUTCOME
from bot.door.runs import RunState
from bot.errors import (
    CircuitOpen,
    ConfigurationError,
    Conflict,
    CopilotError,
    Exhausted,
    Interrupted,
    InvalidInput,
    NotFound,
    RateLimited,
    Refusal,
    Retryable,
    Tampered,
    Terminal,
    TimedOut,
    Unavailable,
)
from bot.guard.canonical import plain
from tests.conftest import MakeApp, invoke
from tests.door.stage import IN_PROCESS, NOTHING, Said, Script, Words, audited, change, danger, read, refused, written

MEND = "Do that."
ERRORS: list[tuple[BaseException, str]] = [
    (Refusal("no", mend=MEND), "permission"),
    (InvalidInput("no", mend=MEND), "invalid"),
    (NotFound("no", mend=MEND), "invalid"),
    (Conflict("no", mend=MEND), "conflict"),
    (RateLimited("no", mend=MEND, retry_after=7.5), "retryable"),
    (CircuitOpen("no", mend=MEND, retry_after=7.5), "retryable"),
    (TimedOut("no", mend=MEND), "retryable"),
    (Unavailable("no", mend=MEND), "retryable"),
    (Retryable("no", mend=MEND), "retryable"),
    (Terminal("no", mend=MEND), "failed"),
    (Tampered("no", mend=MEND), "failed"),
    (Exhausted("no", cause=ValueError("x"), attempts=3, mend=MEND), "failed"),
    (Interrupted("no", mend=MEND), "failed"),
    (ConfigurationError("no", mend=MEND), "failed"),
    (CopilotError("no", mend=MEND), "failed"),
]


def test_every_error_of_the_tree_is_tried() -> None:
    def tree(kind: type[CopilotError]) -> set[type]:
        return {kind}.union(*(tree(each) for each in kind.__subclasses__() if each.__module__ == "bot.errors"))

    assert {type(error) for error, _ in ERRORS} == tree(CopilotError)


@pytest.mark.parametrize("make", [read, change])
async def test_each_error_on_purpose_comes_out_as_its_own_outcome(make_app: MakeApp, make: Any) -> None:
    names = {f"test.op{number}": each for number, each in enumerate(ERRORS)}
    app = await make_app(*(make(name, Script(error=error)) for name, (error, _) in names.items()))
    for name, (error, kind) in names.items():
        outcome = await invoke(app, "sre", name)
        assert isinstance(outcome, Refused | Failed)
        assert (outcome.message, outcome.mend, outcome.operation) == ("no", MEND, name)
        (end,) = [row for row in await audited(app, trace_id=outcome.trace_id) if row["event"] == "end"]
        assert (end["outcome"], end["details"]) == (outcome.kind, {"message": "no"})
        if isinstance(outcome, Refused):
            state: RunState = RunState.REFUSED
            assert outcome.because == kind
        else:
            state = RunState.FAILED
            assert kind in {"retryable", "failed"}
            assert outcome.retryable is (kind == "retryable")
            assert outcome.retry_after == getattr(error, "retry_after", None)
            assert outcome.error == type(error).__name__
            assert outcome.reference == outcome.trace_id
        runs = [run for run in await app.runs.find() if run.operation == name]
        assert [run.state for run in runs] == ([state] if make is change else [])


@IN_PROCESS
async def test_an_unexpected_error_leaks_nothing_but_its_kind(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(change("test.op", script))
    for error in (ValueError("secret plans"), KeyError("secret plans"), RecursionError("secret plans")):
        script.error = error
        with capture_logs() as logs:
            outcome = await invoke(app, "sre", "test.op")
        assert isinstance(outcome, Failed)
        assert outcome.message == f"test.op ended in an unexpected error ({type(error).__name__})"
        assert outcome.trace_id in outcome.mend
        assert not outcome.retryable
        assert "secret plans" not in str(outcome) + str(await audited(app))
        assert [(log["event"], log["exc_info"]) for log in logs] == [("operation_failed", error)]


@IN_PROCESS
async def test_an_output_of_the_wrong_kind_is_an_unexpected_error(make_app: MakeApp) -> None:
    @operation("test.op", title="T", permission="help:read")
    async def wrong(_: Words, __: Context) -> Said:
        """Give back what is no output."""
        return None  # type: ignore[return-value]

    outcome = await invoke(await make_app(wrong), "sre", "test.op")
    assert isinstance(outcome, Failed)
    assert outcome.error == "AttributeError"


async def test_a_trace_id_that_came_along_is_the_reference_everywhere(make_app: MakeApp) -> None:
    app = await make_app(read("test.op", Script()))
    first, second = await invoke(app, "sre", "test.op"), await invoke(app, "sre", "test.op")
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.trace_id != second.trace_id
    assert len(first.trace_id) == 32
    assert [row["run_id"] for row in await audited(app, trace_id=first.trace_id)] == [first.run_id] * 2


@IN_PROCESS
async def test_each_kind_of_outcome_survives_json(make_app: MakeApp) -> None:
    app = await make_app(read("test.read", Script()), danger("test.danger", Script()))
    outcomes: list[Outcome] = [
        await invoke(app, "sre", "test.read"),
        await invoke(app, "sre", "test.danger"),
        await invoke(app, "sre", "test.danger", nonsense=1),
        Failed("m", "d", True, "o", "t", "r", "E", 3.0, True),
    ]
    assert [outcome.kind for outcome in outcomes] == ["done", "waiting", "refused", "failed"]
    for outcome in outcomes:
        assert OUTCOME.validate_json(json.dumps(OUTCOME.dump_python(outcome, mode="json"))) == outcome


async def test_waiting_says_who_may_how_many_and_until_when(make_app: MakeApp) -> None:
    app = await make_app()
    outcome = await invoke(app, "sre", "maintenance.drill", label="x", environment="production")
    assert isinstance(outcome, WaitingForApproval)
    assert outcome.quorum == 1
    assert "Site reliability engineer" in outcome.who_may
    assert "ML engineer" not in outcome.who_may
    assert "second person" in outcome.why
    assert "destructive" in outcome.why
    assert "'x'" in outcome.preview
    assert (await app.desk.get(outcome.approval_id)).expires_at == outcome.expires_at


@IN_PROCESS
async def test_a_preview_that_fails_asks_nobody(make_app: MakeApp) -> None:
    errors: list[Exception] = []

    async def preview(_: Words, __: Context) -> str:
        raise errors[-1]

    app = await make_app(danger("test.op", Script(), preview=preview))
    for error in (NotFound("there is no x", mend=MEND), InvalidInput("no", mend=MEND), Unavailable("away"), KeyError()):
        errors.append(error)
        outcome = await invoke(app, "sre", "test.op")
        if isinstance(error, NotFound | InvalidInput):
            assert (refused(outcome, "invalid").message, outcome.mend) == (error.message, MEND)  # type: ignore[union-attr]
        else:
            assert isinstance(outcome, Failed)
            assert outcome.retryable is isinstance(error, Unavailable)
    assert await written(app) == NOTHING


@IN_PROCESS
async def test_a_preview_has_no_more_time_than_the_operation(make_app: MakeApp) -> None:
    hang = Script(held=True)

    async def preview(wanted: Words, context: Context) -> str:
        return await hang(wanted, context)

    app = await make_app(danger("test.op", Script(), preview=preview, timeout=0.05))
    outcome = await invoke(app, "sre", "test.op")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.retryable) == ("TimedOut", True)
    assert hang.cancelled.is_set()


@pytest.mark.parametrize("make", [read, change])
async def test_what_no_database_could_keep_is_cleaned_from_output_and_messages(make_app: MakeApp, make: Any) -> None:
    async def odd(_: Any, __: Context) -> str:
        return "a\ud800b\x00"

    app = await make_app(make("test.odd", odd), make("test.bad", Script(error=Terminal("c\udfffd", mend="e\ud800f"))))
    done, failed = await invoke(app, "sre", "test.odd"), await invoke(app, "sre", "test.bad")
    assert isinstance(done, Done)
    assert done.output == {"words": "a?b\x00"}
    assert isinstance(failed, Failed)
    assert (failed.message, failed.mend) == ("c?d", "e?f")
    assert {run.state for run in await app.runs.find()} <= {RunState.DONE, RunState.FAILED}


def test_a_number_that_is_none_leaves_as_null() -> None:
    assert plain({"a": [float("nan"), float("inf"), 1.5, "x", True, None]}) == {"a": [None, None, 1.5, "x", True, None]}


def test_a_problem_reads_as_a_sentence() -> None:
    assert str(Problem("label", "'x'", "is too long", "Cut it.")) == "label = 'x': is too long. Cut it."
    assert str(Problem("label", "", "is missing")) == "label: is missing."


def test_the_outcomes_are_a_closed_set() -> None:
    schema = TypeAdapter(Outcome).json_schema()
    assert {each["$ref"].rpartition("/")[2] for each in schema["anyOf"]} == {
        "Done",
        "WaitingForApproval",
        "Refused",
        "Failed",
    }
