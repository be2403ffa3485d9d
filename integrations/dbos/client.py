"""The wire to DBOS: how it is configured and closed, how a run is written down, and what it keeps private."""
# ruff: noqa: SLF001 - the private parts of DBOS 3.4 are used in this file only, under tests that would notice

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import fcntl
import functools
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakValueDictionary

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, PortableWorkflowError, SetWorkflowID
from dbos import error as failures
from dbos._context import EnterDBOSStepCtx
from dbos._utils import INTERNAL_QUEUE_NAME

from bot import errors
from bot.ports import DurableFunction, Json

VERSION = "1"  # a run is continued only by the version that began it: raise on an incompatible change
ATTEMPTS = 1000  # each deploy starts a run at a gate once more; DBOS's 100 would end it within weeks
NAP = "llm-copilot:sleep"  # sleeping is waiting where nobody signals, so that a cancel ends it too
WAKE = "llm-copilot:wake"  # the message that ends a wait without being a signal
STOPPED = ("CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
ENDED = ("SUCCESS", "ERROR", *STOPPED)
BATCH = 500  # runs that are forgotten at once
PRAGMAS = ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL")
P = ParamSpec("P")
T = TypeVar("T")


class RecordedError(Exception):
    """An error on its way into the record: DBOS writes `data` down as JSON."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.data = describe(error)


def describe(error: BaseException) -> dict[str, Any]:
    """An error as JSON, under the nearest class of `bot.errors`."""
    known = next((c.__name__ for c in type(error).__mro__ if c.__module__ == errors.__name__), None)
    if known is None:
        return {"error": "Terminal", "message": f"{type(error).__name__}: {error}", "mend": ""}
    kept = {k: v for k, v in vars(error).items() if isinstance(v, str | int | float | None | BaseException)}
    return {k: describe(v) if isinstance(v, BaseException) else v for k, v in kept.items()} | {"error": known}


def revive(error: object) -> errors.CopilotError:
    """The error that was recorded, whether it is fresh, comes from a record or is DBOS's own."""
    data = error if isinstance(error, dict) else getattr(error, "data", None)
    if not isinstance(data, dict) or "error" not in data:
        return errors.Terminal(f"{getattr(error, 'name', type(error).__name__)}: {error}")
    known: type[errors.CopilotError] = getattr(errors, data["error"], errors.Terminal)
    revived = known.__new__(known, data["message"])  # not __init__: the fields are as they were
    vars(revived).update({k: revive(v) if isinstance(v, dict) else v for k, v in data.items() if k != "error"})
    return revived


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """What DBOS and the database raise, in the words of `bot.errors`."""
    try:
        yield
    except failures.DBOSNonExistentWorkflowError as error:
        raise errors.NotFound(f"There is no durable run {error.destination_id!r}.") from error
    except failures.DBOSConflictingWorkflowError as error:
        raise errors.Conflict(f"Run {error.workflow_id!r} exists and is of another kind.") from error
    except sa.exc.IntegrityError as error:
        raise errors.Conflict(f"Such a run exists already: {error.orig}") from error
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        raise errors.Unavailable(f"The database of durable runs does not answer: {error}") from error


def _is_news(record: logging.LogRecord) -> bool:
    """Not news: a run that failed or was cancelled, which answers whoever asks, or that `close` stopped."""
    error = record.exc_info[1] if record.exc_info else None
    told = isinstance(error, RecordedError | failures.DBOSAwaitedWorkflowCancelledError)
    return not told and not record.getMessage().startswith("Asyncio task cancelled")


logging.getLogger("dbos").addHandler(logging.NullHandler())  # else DBOS adds a console and stops propagation
logging.getLogger("dbos").addFilter(_is_news)


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # as DBOS's own engine does: writers queue instead of colliding
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Held by one process; the system frees it if that dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Wire:
    """DBOS on one database. What is async, `launch` and `Run` belong on the event loop: the rest blocks."""

    revive = staticmethod(revive)

    @translated()
    def __init__(self, database: str, data_dir: Path, executor: str) -> None:
        self.tasks: WeakValueDictionary[str, asyncio.Task[Any]] = WeakValueDictionary()
        self._closing = False
        url, engine = sa.make_url(database), None
        if url.get_backend_name() == "sqlite":
            data_dir.mkdir(parents=True, exist_ok=True)
            url = sa.URL.create("sqlite", database=str(data_dir / "durable.sqlite"))
            engine = sa.create_engine(url, pool_size=8)
            sa.event.listen(engine, "connect", _on_connect)
        else:  # the same database as the bot's, by a driver that spells TLS in another way
            query = {"sslmode" if key == "ssl" else key: value for key, value in url.query.items()}
            url = url.set(drivername="postgresql+psycopg", query=query)
        self._config = DBOSConfig(
            name="llm-copilot",
            system_database_url=url.render_as_string(hide_password=False),
            system_database_engine=engine,
            sys_db_pool_size=10,
            run_migrations=False,
            application_version=VERSION,
            executor_id=executor,
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=16,
            notification_listener_polling_interval_sec=0.2,
            notification_coalesce_sec=0.2,  # of streams, which we do not use: `close` waits for it
            log_level="WARNING",
            enable_otlp=False,
        )
        # On PostgreSQL DBOS migrates under a lock of its own. One of ours, held in a transaction or waited for
        # in a statement, would hang it: CREATE INDEX CONCURRENTLY waits for both. On SQLite it has none.
        with _one_at_a_time(data_dir / "durable.lock") if engine else contextlib.nullcontext():
            if engine:  # to turn to WAL a file must be nobody else's; afterwards it is so for everybody
                engine.connect().close()
            DBOS.migrate(url.render_as_string(hide_password=False))

    @translated()
    def launch(self, functions: Mapping[str, DurableFunction]) -> None:
        """DBOS adopts the event loop that runs here: what it resumes must share our clients' loop."""
        self.dbos = DBOS(config=self._config)
        self._workflows = {  # the kind is DBOS's name of the workflow, by which it filters a listing
            kind: DBOS.workflow(name=kind, max_recovery_attempts=ATTEMPTS)(self._workflow(function))
            for kind, function in functions.items()
        }
        # What is adopted, resumed or forked goes through this queue, which is else read once a second.
        self.dbos._registry._register_internal_queue(INTERNAL_QUEUE_NAME, polling_interval_sec=0.2)
        with contextlib.ExitStack() as undo:  # else the next launch would find half of this one
            undo.callback(DBOS.destroy, destroy_registry=True)
            DBOS.launch()
            undo.pop_all()

    def _workflow(self, function: DurableFunction) -> Callable[[Json], Coroutine[Any, Any, Json]]:
        async def workflow(payload: Json) -> Json:
            run, task = Run(DBOS.workflow_id or "", self.dbos), asyncio.current_task()
            if self._closing or task is None:
                raise asyncio.CancelledError  # stays pending, to be adopted
            self.tasks[run.id] = task
            try:
                return await function(run, payload)
            except Exception as error:
                raise RecordedError(error) from error
            finally:
                for call in run.calls:  # made and not awaited: no mistake in a run that ends early
                    if inspect.getcoroutinestate(call) == inspect.CORO_CREATED:
                        call.close()

        return workflow

    async def close(self) -> None:
        """Stop every run where it is (it stays pending, to be adopted) and leave nothing behind."""
        self._closing = True
        loop, engine, threads = asyncio.get_running_loop(), self.dbos._sys_db.engine, self.dbos._executor
        with ThreadPoolExecutor(1) as own:  # not the loop's, where DBOS put an executor that it ends, too
            for finish in (lambda: DBOS.destroy(destroy_registry=True), threads.shutdown, engine.dispose):
                if tasks := set(self.dbos._workflow_tasks):
                    for task in tasks:
                        task.cancel()
                    await asyncio.wait(tasks, timeout=10)
                await loop.run_in_executor(own, finish)
        loop.set_default_executor(ThreadPoolExecutor())

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Off the event loop, and away from a run that may be asking: this is no part of its record."""
        call = functools.partial(contextvars.Context().run, question, *args, **kwargs)
        with translated():
            return await asyncio.get_running_loop().run_in_executor(None, call)

    async def start(self, kind: str, run_id: str, payload: Json) -> None:
        if kind not in self._workflows:
            raise errors.NotFound(f"There is no durable kind {kind!r}, only {sorted(self._workflows)}.")

        async def begin() -> None:
            with translated(), SetWorkflowID(run_id):
                await DBOS.start_workflow_async(self._workflows[kind], payload)

        # Shielded: if the caller gave up between row and task, the run would be nobody's.
        await asyncio.shield(asyncio.create_task(begin(), context=contextvars.Context()))

    def cancel(self, run_id: str, topics: Collection[str]) -> None:
        DBOS.cancel_workflow(run_id)
        for topic in {NAP, *topics}:
            DBOS.send(run_id, WAKE, topic)

    def resume(self, run_id: str) -> None:
        """Queue a run that stands still; `DBOS.resume_workflow` would start a running one a second time."""
        database = self.dbos._sys_db
        runs, mail = database.tables.workflow_status, database.tables.notifications
        stopped = sa.and_(runs.c.workflow_uuid == run_id, runs.c.status.in_(STOPPED))
        unread = sa.and_(mail.c.destination_uuid == run_id, mail.c.message == json.dumps(WAKE))
        queued = {"status": "ENQUEUED", "queue_name": INTERNAL_QUEUE_NAME, "recovery_attempts": 0}
        with database.engine.begin() as connection:
            connection.execute(sa.update(mail).where(unread).values(consumed=True))
            connection.execute(sa.update(runs).where(stopped).values(**queued, completed_at=None))

    def fork(self, run_id: str, new_id: str, from_call: int) -> None:
        with SetWorkflowID(new_id):  # each call of the run took two places in its record
            DBOS.fork_workflow(run_id, 2 * from_call - 1, application_version=VERSION)

    def adopt(self, live: Collection[str]) -> list[str]:
        """Queue the runs of dead executors, each by a conditional UPDATE: of two replicas, one succeeds."""
        living = {self._config["executor_id"], *live}
        runs = DBOS.list_workflows(status="PENDING", app_version=VERSION, load_output=False)
        runs = [run for run in runs if run.name in self._workflows]  # others are for who knows their kind
        dead = [(run.workflow_id, run.executor_id or "") for run in runs if run.executor_id not in living]
        give_back = self.dbos._sys_db.reenqueue_for_recovery  # counts, unlike a resume: a run that kills ends
        return [run for run, executor in dead if give_back(run, [executor], INTERNAL_QUEUE_NAME)]

    def forget(self, kind: str, before: datetime) -> int:
        """A batch at a time, so that nobody waits long for the lock."""
        old = functools.partial(DBOS.list_workflows, name=kind, status=list(ENDED), end_time=before.isoformat())
        gone = 0
        while runs := [run.workflow_id for run in old(limit=BATCH, load_input=False, load_output=False)]:
            DBOS.delete_workflows(runs)
            gone += len(runs)
        return gone


class Run:
    """One execution of a durable function: the port `DurableRun`.

    A call takes its two places in the record (a wait needs two) when it is made, not when it is awaited:
    branches side by side are replayed right if their calls are made in an order that is always the same.
    """

    def __init__(self, run_id: str, dbos: DBOS) -> None:
        self.id = run_id
        self.calls: list[Coroutine[Any, Any, Json]] = []
        self._dbos = dbos

    def step(self, name: str, function: Callable[..., Awaitable[Json]], *args: Json) -> Coroutine[Any, Any, Json]:
        place, _ = DBOS.reserve_step(), DBOS.reserve_step()

        async def recorded() -> Json:
            try:
                return await function(*args)
            except Exception as error:
                raise RecordedError(error) from error

        async def run() -> Json:
            try:
                return await place.run_async({"name": name}, recorded)
            except (RecordedError, PortableWorkflowError) as error:
                raise revive(error) from error

        self.calls.append(call := run())
        return call

    def wait(self, topic: str, timeout: float) -> Coroutine[Any, Any, Json]:
        place, limit = DBOS.reserve_step(), DBOS.reserve_step()

        async def run() -> Json:  # `DBOS.recv_async`, which takes its places only when it is awaited
            await DBOS._configure_asyncio_thread_pool()
            receive = self._dbos._sys_db.recv_async
            with EnterDBOSStepCtx({"name": "recv"}, place._step_ctx):
                value: Json = await receive(self.id, place.step_id, limit.step_id, topic, timeout)
            return await self.wait(topic, timeout) if value == WAKE else value  # resumed during a cancel

        self.calls.append(call := run())
        return call

    def sleep(self, seconds: float) -> Coroutine[Any, Any, None]:
        return cast("Coroutine[Any, Any, None]", self.wait(NAP, seconds))
