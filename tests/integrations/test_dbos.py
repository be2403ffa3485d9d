"""Durable execution by DBOS: on SQLite and on PostgreSQL, in one process, in several, and in killed ones."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.errors import (
    ConfigurationError,
    Conflict,
    CopilotError,
    Exhausted,
    NotFound,
    RateLimited,
    Terminal,
    TimedOut,
    Unavailable,
)
from bot.ports import Durable, DurableRun, DurableState, Json
from integrations.dbos.adapter import DbosDurable

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def new_database(backend: str) -> Iterator[str]:
    if backend == "sqlite":
        yield "sqlite+aiosqlite:///the-bots-own.sqlite"
        return
    url = sa.make_url(SERVER).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"llm_copilot_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL at {SERVER} (set TEST_POSTGRES_URL): {error.orig}")
    yield url.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from new_database(request.param)


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.01)


# ------------------------------------------------------------------------------- what runs


class Bench:
    """The functions that the tests run, and what happened in them."""

    def __init__(self, durable: DbosDurable) -> None:
        self.durable = durable
        self.did: list[str] = []
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.never: set[str] = set()  # steps that do not end in this process
        kinds = (
            self.echo,
            self.fails,
            self.step_fails,
            self.gate,
            self.nap,
            self.three,
            self.side_by_side,
            self.starts,
        )
        for kind in kinds:
            durable.register(kind.__name__, kind)

    async def note(self, what: Json, *more: Json) -> Json:
        self.did.append(str(what))
        self.loops.add(asyncio.get_running_loop())
        await (asyncio.Event() if str(what) in self.never else self.open).wait()
        return what

    async def echo(self, run: DurableRun, payload: Json) -> Json:
        return {"id": run.id, "payload": await run.step("echo", self.note, payload)}

    async def fails(self, run: DurableRun, payload: Json) -> Json:
        raise ERRORS[str(payload)]

    async def step_fails(self, run: DurableRun, payload: Json) -> Json:
        async def step() -> Json:
            self.did.append("failing")
            raise ERRORS[str(payload)]

        try:
            return await run.step("failing", step)
        except CopilotError as error:
            caught = [type(error).__name__, str(error), getattr(error, "retry_after", None)]
        await run.step("after", self.note, "after")
        return caught

    async def gate(self, run: DurableRun, payload: Json) -> Json:
        self.did.append(f"waits {run.id}")
        answer = await run.wait("gate", float(str(payload)))
        await run.step("after", self.note, f"after {run.id}")
        return answer

    async def nap(self, run: DurableRun, payload: Json) -> Json:
        await run.step("before", self.note, f"before {run.id}")
        await run.sleep(float(str(payload)))
        return await run.step("after", self.note, f"after {run.id}")

    async def three(self, run: DurableRun, payload: Json) -> Json:
        one = await run.step("one", self.note, f"{payload}1")
        answer = await run.wait("gate", 0)
        two = await run.step("two", self.note, f"{payload}2")
        return [one, answer, two, await run.step("three", self.note, f"{payload}3")]

    async def side_by_side(self, run: DurableRun, payload: Json) -> Json:
        """Calls made in one order, awaited in another, which is another one each time."""
        calls = {name: run.step(name, self.note, name) for name in "abcd"}
        answer = run.wait("gate", 600)
        last = run.step("last", self.note, "last")

        async def branch(first: str, second: str) -> list[Json]:
            return [await calls[first], await calls[second]]

        forth, back = (branch("a", "b"), branch("c", "d")), (branch("d", "c"), branch("b", "a"))
        taken, left = (forth, back) if self.durable._executor == "one" else (back, forth)
        for untaken in left:
            untaken.close()
        return [*(await asyncio.gather(*taken)), await answer, await last]

    async def starts(self, run: DurableRun, payload: Json) -> Json:
        """What a step asks of the engine is no part of the record of its own run."""

        async def ask() -> Json:
            await self.durable.start("echo", f"child of {run.id}", payload)
            return await self.durable.result(f"child of {run.id}", 20)

        return [await run.step("ask", ask), await run.step("then", self.note, "then")]


class Overloaded(RateLimited):
    """Known to an extension, not to `bot.errors`."""


ERRORS: dict[str, Exception] = {
    "ours": RateLimited("12 of 12 calls used.", mend="Wait.", retry_after=7.5),
    "theirs": Overloaded("Too much.", retry_after=1),
    "nested": Exhausted("Gave up.", cause=Unavailable("No answer from prometheus."), attempts=3),
    "a bug": ValueError("seven is not a colour"),
}
REVIVED = {
    "ours": (RateLimited, "12 of 12 calls used. Wait."),
    "theirs": (RateLimited, "Too much."),
    "nested": (Exhausted, "Gave up."),
    "a bug": (Terminal, "ValueError: seven is not a colour"),
}


@pytest.fixture(scope="class", params=["sqlite", "postgresql"])
def shared_database(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from new_database(request.param)


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def launched(shared_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    bench = Bench(DbosDurable(shared_database, tmp_path_factory.mktemp("durable"), "one"))
    await bench.durable.launch()
    yield bench
    await bench.durable.close()


@pytest.mark.asyncio(loop_scope="class")
class TestOneProcess:
    @pytest.fixture
    def bench(self, launched: Bench) -> Bench:
        launched.did.clear()
        return launched

    @pytest.fixture
    def durable(self, bench: Bench) -> Durable:
        return bench.durable

    async def test_a_run_returns_what_its_function_returns(self, bench: Bench, durable: Durable) -> None:
        payload: Json = {"text": "größer \x00 ✓", "list": [1, 2.5, None, True]}
        await durable.start("echo", "echo-1", payload)
        assert await durable.result("echo-1", 20) == {"id": "echo-1", "payload": payload}
        assert bench.loops == {asyncio.get_running_loop()}  # our clients' loop, not one of DBOS's

    async def test_a_run_that_ends_here_is_seen_at_once(self, durable: Durable) -> None:
        took = []
        for number in range(10):
            began = time.perf_counter()
            await durable.start("echo", f"fast-{number}", None)
            await durable.result(f"fast-{number}", 20)
            took.append(time.perf_counter() - began)
        assert sorted(took)[5] < 0.2

    async def test_starting_again_changes_nothing(self, bench: Bench, durable: Durable) -> None:
        await asyncio.gather(*(durable.start("echo", "again", "first") for _ in range(8)))
        await durable.result("again", 20)
        await durable.start("echo", "again", "second")
        assert await durable.result("again", 20) == {"id": "again", "payload": "first"}
        assert bench.did == ["first"]

    async def test_an_id_belongs_to_one_kind(self, durable: Durable) -> None:
        await durable.start("echo", "mine", None)
        with pytest.raises(Conflict, match="'mine'"):
            await durable.start("gate", "mine", 1)
        with pytest.raises(NotFound, match="'unheard-of'"):
            await durable.start("unheard-of", "yours", None)

    async def test_a_caller_that_gives_up_leaves_the_run_running(self, durable: Durable) -> None:
        starting = asyncio.create_task(durable.start("echo", "given-up", "x"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        starting.cancel()

        async def there() -> bool:
            return await durable.status("given-up") is not None

        await until(there)
        assert starting.cancelled()
        assert await durable.result("given-up", 20) == {"id": "given-up", "payload": "x"}

    @pytest.mark.parametrize("which", ERRORS)
    async def test_an_error_comes_back_as_what_it_was(self, durable: Durable, which: str) -> None:
        await durable.start("fails", f"fails-{which}", which)
        with pytest.raises(CopilotError) as caught:
            await durable.result(f"fails-{which}", 20)
        assert (type(caught.value), str(caught.value)) == REVIVED[which]
        status = await durable.status(f"fails-{which}")
        assert status is not None
        assert (status.state, status.error) == (DurableState.FAILED, str(caught.value))
        if which == "ours":
            assert vars(caught.value) == vars(ERRORS[which])
        if isinstance(caught.value, Exhausted):
            assert (str(caught.value.cause), caught.value.attempts) == ("No answer from prometheus.", 3)
            assert isinstance(caught.value.cause, Unavailable)

    async def test_an_error_of_a_step_can_be_caught_by_class(self, durable: Durable) -> None:
        await durable.start("step_fails", "caught", "ours")
        assert await durable.result("caught", 20) == ["RateLimited", "12 of 12 calls used. Wait.", 7.5]

    async def test_what_is_not_there_is_not_found(self, durable: Durable) -> None:
        assert await durable.status("nobody") is None
        for asked in (
            durable.result("nobody", 1),
            durable.signal("nobody", "gate", None),
            durable.cancel("nobody"),
            durable.resume("nobody"),
            durable.fork("nobody", "somebody", 1),
        ):
            with pytest.raises(NotFound, match="'nobody'"):
                await asked

    async def test_a_signal_ends_a_wait(self, bench: Bench, durable: Durable) -> None:
        await durable.start("gate", "gate-1", 600)
        with pytest.raises(TimedOut, match="still running"):
            await durable.result("gate-1", 0)
        await until(lambda: "waits gate-1" in bench.did)
        await durable.signal("gate-1", "another", "no")
        await durable.signal("gate-1", "gate", {"approved": True})
        await durable.signal("gate-1", "gate", "too late")
        assert await durable.result("gate-1", 20) == {"approved": True}

    async def test_a_wait_gives_up_in_time(self, durable: Durable) -> None:
        await durable.start("gate", "gate-2", 0.05)
        assert await durable.result("gate-2", 20) is None

    async def test_a_signal_may_come_before_the_wait(self, bench: Bench, durable: Durable) -> None:
        bench.open.clear()
        await durable.start("nap", "early", 0)
        await until(lambda: "before early" in bench.did)
        await durable.signal("early", "gate", "kept")
        bench.open.set()
        assert await durable.result("early", 20) == "after early"

    @pytest.mark.parametrize(("kind", "reached"), [("gate", "waits"), ("nap", "before")])
    async def test_a_cancel_ends_waiting_and_a_resume_finds_no_trace_of_it(
        self, bench: Bench, durable: Durable, kind: str, reached: str
    ) -> None:
        id_ = f"cancelled-{kind}"
        await durable.start(kind, id_, 1.0 if kind == "nap" else 600)
        await until(lambda: f"{reached} {id_}" in bench.did)
        wire = bench.durable._wire
        while kind == "nap" and not await wire.ask(wire.dbos.list_workflow_steps, id_):  # noqa: ASYNC110  polled
            await asyncio.sleep(0.01)  # a step that is cut before it is on record runs again
        task = wire.tasks[id_]
        await durable.cancel(id_, topics=["gate", "unused"])
        await until(task.done)
        with pytest.raises(Terminal, match=f"'{id_}' was cancelled"):
            await durable.result(id_, 20)
        await asyncio.gather(*(durable.resume(id_) for _ in range(4)))
        await until(lambda: wire.tasks.get(id_, task) is not task)
        await durable.resume(id_)  # runs: nothing to resume
        if kind == "gate":
            await until(lambda: bench.did.count(f"waits {id_}") == 2)
            await durable.signal(id_, "gate", "yes")
        assert await durable.result(id_, 20) == ("yes" if kind == "gate" else f"after {id_}")
        assert bench.did.count(f"before {id_}") == (kind == "nap")
        assert bench.did.count(f"after {id_}") == 1
        await durable.fork(id_, f"{id_}-again", from_step=2 if kind == "gate" else 3)
        assert await durable.result(f"{id_}-again", 20) == ("yes" if kind == "gate" else f"after {id_}-again")

    async def test_a_fork_takes_over_the_steps_before(self, bench: Bench, durable: Durable) -> None:
        await durable.start("three", "original", "x")
        expected = ["x1", None, "x2", "x3"]
        assert await durable.result("original", 20) == expected
        for call, repeated in {1: ["x1", "x2", "x3"], 3: ["x2", "x3"], 4: ["x3"]}.items():
            bench.did.clear()
            await durable.fork("original", f"fork-{call}", from_step=call)
            assert await durable.result(f"fork-{call}", 20) == expected
            assert bench.did == repeated
        with pytest.raises(Conflict):
            await durable.fork("original", "fork-1", 1)

    async def test_a_step_may_ask_the_engine(self, durable: Durable) -> None:
        await durable.start("starts", "parent", "p")
        child = {"id": "child of parent", "payload": "p"}
        assert await durable.result("parent", 20) == [child, "then"]

    async def test_runs_are_listed_by_kind_and_state_newest_first(self, durable: Durable) -> None:
        await durable.start("nap", "listed-1", 0)
        await durable.result("listed-1", 20)
        await durable.start("nap", "listed-2", 600)
        listed = await durable.list(kind="nap", states=[DurableState.RUNNING])
        assert [run.id for run in listed] == ["listed-2"]
        assert (listed[0].kind, listed[0].executor, listed[0].error) == ("nap", "one", None)
        assert abs(time.time() - listed[0].created_at.timestamp()) < 60
        await durable.cancel("listed-2")
        states = {run.id: run.state for run in await durable.list(kind="nap")}
        assert states["listed-1"] is DurableState.DONE
        assert states["listed-2"] is DurableState.CANCELLED
        assert [run.id for run in await durable.list(limit=2)] == ["listed-2", "listed-1"]

    async def test_runs_that_ended_long_enough_ago_are_forgotten_and_their_ids_are_free(
        self, bench: Bench, durable: Durable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("integrations.dbos.client.BATCH", 2)
        for number in range(5):
            await durable.start("starts", f"old-{number}", "x")
            await durable.result(f"old-{number}", 20)
        await durable.start("nap", "old-nap", 600)
        await durable.cancel("old-nap")
        before = datetime.now(UTC) + timedelta(seconds=1)
        await durable.start("echo", "other", "x")
        await durable.start("nap", "runs", 600)
        assert await durable.forget("starts", datetime.now(UTC) - timedelta(hours=1)) == 0
        assert await durable.forget("starts", before) >= 5
        assert await durable.forget("starts", before) == 0
        assert await durable.status("old-3") is None
        assert await durable.status("other") is not None
        assert await durable.forget("nap", before) >= 1
        assert await durable.status("old-nap") is None
        running = await durable.status("runs")
        assert running
        assert running.state is DurableState.RUNNING
        tables = bench.durable._wire.dbos._sys_db.tables
        with bench.durable._wire.dbos._sys_db.engine.begin() as connection:
            steps = set(connection.execute(sa.select(tables.operation_outputs.c.workflow_uuid)).scalars())
        assert not {run for run in steps if run.startswith("old-")}
        await durable.start("echo", "old-3", "again")
        assert await durable.result("old-3", 20) == {"id": "old-3", "payload": "again"}
        await durable.cancel("runs")

    async def test_a_run_that_ended_every_process_is_exhausted(self, bench: Bench, durable: Durable) -> None:
        await durable.start("nap", "poison", 600)
        await durable.cancel("poison")
        database = bench.durable._wire.dbos._sys_db
        runs = database.tables.workflow_status
        with database.engine.begin() as connection:
            dead = {"status": "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "recovery_attempts": 1001}
            connection.execute(sa.update(runs).where(runs.c.workflow_uuid == "poison").values(**dead))
        with pytest.raises(Exhausted, match="'poison'") as caught:
            await durable.result("poison", 20)
        assert caught.value.attempts == 1001
        assert [run.id for run in await durable.list(states=[DurableState.FAILED], kind="nap")] == ["poison"]

    async def test_a_second_one_in_the_process_is_refused(self, bench: Bench, durable: Durable, tmp_path: Path) -> None:
        second = DbosDurable("sqlite+aiosqlite:///x", tmp_path, "two")
        with pytest.raises(ConfigurationError, match="'one'"):
            await second.launch()
        with pytest.raises(Unavailable, match="not launched"):
            await second.status("x")
        await second.close()
        await durable.start("echo", "still-here", None)
        await durable.result("still-here", 20)


# ------------------------------------------------------------------------------- one after the other


@BOTH
async def test_it_can_be_launched_again_and_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    await asyncio.to_thread(int)  # the loop's own threads are nobody's leak
    for number in range(2):
        before = {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
        bench = Bench(DbosDurable(database, tmp_path, f"replica-{number}"))
        await bench.durable.launch()
        await bench.durable.start("echo", f"echo-{number}", number)
        await bench.durable.start("gate", f"gate-{number}", 600)
        await bench.durable.result(f"echo-{number}", 20)
        await until(lambda: f"waits gate-{number}" in bench.did)  # noqa: B023 - read at once
        await bench.durable.close()
        await bench.durable.close()
        assert {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")} <= before
        assert await asyncio.to_thread(int) == 0


@BOTH
async def test_what_a_closed_process_left_is_adopted_and_only_the_interrupted_step_runs_again(
    database: str, tmp_path: Path
) -> None:
    first = Bench(DbosDurable(database, tmp_path, "one"))
    await first.durable.launch()
    first.never = {"b", "d", "after"}
    await first.durable.start("side_by_side", "branches", None)
    await first.durable.start("step_fails", "caught", "theirs")
    await until(lambda: first.never <= set(first.did))
    await first.durable.close()

    second = Bench(DbosDurable(database, tmp_path, "two"))
    await second.durable.launch()
    try:
        assert await second.durable.adopt(["one", "two"]) == []
        assert sorted(await second.durable.adopt(["two"])) == ["branches", "caught"]
        assert await second.durable.adopt(["two"]) == []
        assert await second.durable.result("caught", 20) == ["RateLimited", "Too much.", 1]
        await second.durable.signal("branches", "gate", "go")
        assert await second.durable.result("branches", 20) == [["d", "c"], ["b", "a"], "go", "last"]
        assert sorted(second.did) == ["after", "b", "d", "last"]
    finally:
        await second.durable.close()


async def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    durable = DbosDurable("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", tmp_path, "one")
    with pytest.raises(Unavailable, match="does not answer"):
        await durable.launch()
    durable = DbosDurable("sqlite+aiosqlite:///x", tmp_path, "one")
    await durable.launch()
    await durable.close()


# ------------------------------------------------------------------------------- several, and killed ones

PROGRAM = """
import asyncio, json, os, sys, time
from pathlib import Path
from integrations.dbos.adapter import DbosDurable

database, folder, executor, plan = sys.argv[1:5]
plan = json.loads(plan)

async def note(what):
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{what}\\n")
    return what

async def deadly(what):
    await note(what)
    if plan.get("dies_in") == what:
        os._exit(9)
    return what

async def release(run, payload):
    built = await run.step("build", note, "build")
    tested = await run.step("test", deadly, "test")
    await note(f"{executor} waits")
    answer = await run.wait("gate", 600)
    return [built, tested, answer, await run.step("deploy", note, "deploy")]

async def once(run, payload):
    return await run.step("once", note, f"once {payload}")

async def main():
    durable = DbosDurable(database, Path(folder), executor)
    durable.register("release", release)
    durable.register("once", once)
    await asyncio.to_thread(__import__, "integrations.dbos.client")
    print("ready", flush=True)
    sys.stdin.readline()
    await durable.launch()
    said = {}
    if plan.get("start"):
        await durable.start(plan["start"], "the-run", "payload")
    if "adopt" in plan:
        said["adopted"] = list(await durable.adopt(plan["adopt"]))
    for run in plan.get("results", []):
        said[run] = await durable.result(run, 60)
    print(json.dumps(said), flush=True)
    sys.stdin.readline()
    await durable.close()

asyncio.run(main())
"""


class Child:
    """Another process with the same kinds; it launches when told to, and ends when told to."""

    def __init__(self, database: str, folder: Path, executor: str, **plan: Any) -> None:
        command = [sys.executable, "-W", "error", "-c", PROGRAM, database, str(folder), executor, json.dumps(plan)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return self.process.stdout.readline().strip() or self.process.stderr.read()

    def end(self) -> tuple[int, str]:
        _, complaints = self.process.communicate("\n", timeout=30)
        return self.process.returncode, complaints


@pytest.fixture
def spawn(database: str, tmp_path: Path) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start(executor: str, **plan: Any) -> Child:
        children.append(Child(database, tmp_path, executor, **plan))
        return children[-1]

    yield start
    for child in children:
        child.process.kill()
        child.process.communicate()


def log(folder: Path) -> Counter[str]:
    path = folder / "log"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


@BOTH
async def test_a_killed_run_goes_on_elsewhere_and_repeats_only_the_step_that_was_cut(
    database: str, tmp_path: Path, spawn: Callable[..., Child]
) -> None:
    one = spawn("one", start="release", dies_in="test", results=["the-run"])
    two = spawn("two", adopt=["two"], results=["the-run"])
    third = Bench(DbosDurable(database, tmp_path, "three"))

    async def release(run: DurableRun, payload: Json) -> Json:
        async def note(what: Json) -> Json:
            third.did.append(str(what))
            return what

        built = await run.step("build", note, "built again")
        tested = await run.step("test", note, "tested again")
        return [built, tested, await run.wait("gate", 600), await run.step("deploy", note, "deployed by three")]

    third.durable.register("release", release)
    one.tell()
    assert await asyncio.to_thread(one.process.wait, 30) == 9
    assert log(tmp_path) == {"build": 1, "test": 1}
    two.tell()
    await until(lambda: "two waits" in log(tmp_path))
    two.process.send_signal(signal.SIGKILL)
    assert await asyncio.to_thread(two.process.wait, 30) == -signal.SIGKILL
    assert log(tmp_path) == {"build": 1, "test": 2, "two waits": 1}

    await third.durable.launch()
    try:
        assert await third.durable.adopt(["three"]) == ["the-run"]
        await third.durable.signal("the-run", "gate", "approved")
        answer = await third.durable.result("the-run", 20)
        assert answer == ["build", "test", "approved", "deployed by three"]
        assert third.did == ["deployed by three"]
    finally:
        await third.durable.close()


@BOTH
async def test_four_first_launches_at_once_share_one_run(tmp_path: Path, spawn: Callable[..., Child]) -> None:
    four = [spawn(f"replica-{n}", start="once", results=["the-run"]) for n in range(4)]
    assert await asyncio.gather(*(asyncio.to_thread(child.hear) for child in four)) == ["ready"] * 4
    for child in four:
        child.tell()
    heard = await asyncio.gather(*(asyncio.to_thread(child.hear) for child in four))
    assert [json.loads(said) for said in heard] == [{"the-run": "once payload"}] * 4
    assert await asyncio.gather(*(asyncio.to_thread(child.end) for child in four)) == [(0, "")] * 4
    assert log(tmp_path) == {"once payload": 1}


@BOTH
async def test_two_replicas_that_adopt_at_once_share_the_runs(
    database: str, tmp_path: Path, spawn: Callable[..., Child]
) -> None:
    ids = [f"run-{n}" for n in range(12)]
    pair = [spawn(name, adopt=["left", "right"], results=ids) for name in ("left", "right")]
    dead = Bench(DbosDurable(database, tmp_path, "dead"))
    dead.durable.register("once", dead.echo)
    await dead.durable.launch()
    dead.open.clear()
    await asyncio.gather(*(dead.durable.start("once", id_, id_) for id_ in ids))
    await until(lambda: len(dead.did) == len(ids))
    await dead.durable.close()
    assert await asyncio.gather(*(asyncio.to_thread(child.hear) for child in pair)) == ["ready"] * 2
    for child in pair:
        child.tell()
    said = [json.loads(text) for text in await asyncio.gather(*(asyncio.to_thread(c.hear) for c in pair))]
    assert sorted(said[0]["adopted"] + said[1]["adopted"]) == sorted(ids)
    assert log(tmp_path) == {f"once {id_}": 1 for id_ in ids}
    assert await asyncio.gather(*(asyncio.to_thread(child.end) for child in pair)) == [(0, "")] * 2


def test_it_is_quiet_and_keeps_to_itself(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from integrations.dbos.adapter import DbosDurable
assert "dbos" not in sys.modules, "importing the adapter imports DBOS"
sys.addaudithook(lambda event, _: event in ("socket.connect", "socket.bind", "socket.getaddrinfo") and sys.exit(event))
async def fails(run, payload):
    raise ValueError
async def main():
    durable = DbosDurable("sqlite+aiosqlite:///x", Path(sys.argv[1]), "one")
    durable.register("fails", fails)
    await durable.launch()
    await durable.start("fails", "x", None)
    try:
        await durable.result("x", 20)
    finally:
        await durable.close()
asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].endswith("Terminal: ValueError:"), done.stderr
    assert done.stderr.count("Traceback") == 1 + done.stderr.count("direct cause")
