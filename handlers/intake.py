"""The intake: a row before the acknowledgement, one process for each, handled once, taken up again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.agent.inbox import LETTERS, Delivery, Inbox
from bot.dead_letters import DeadLetter, DeadLetters
from bot.errors import CopilotError, Unavailable
from bot.ports import Clock
from handlers.deliveries import Payload, conversation, identity, kind_of

ATTEMPTS: Final = 3
CRASHES: Final = 5
"""So often may a process die in the middle of it, before it is taken for the cause."""
PAUSE: Final = 1.0
AT_ONCE: Final = 32
BATCH: Final = 128
Handle = Callable[[Delivery], Awaitable[None]]
GaveUp = Callable[[Delivery, str], Awaitable[None]]
"""Told which delivery could not be handled, and under which letter it is kept."""
log = structlog.get_logger()


class Intake:
    """`receive` returns once the delivery is on disk; workers handle it behind that.

    Deliveries that come while a batch is being written share the next one: a commit costs the same for fifty.
    """

    def __init__(
        self,
        inbox: Inbox,
        handle: Handle,
        dead_letters: DeadLetters,
        *,
        replica: str,
        clock: Clock,
        metrics: CollectorRegistry,
        pause: float = PAUSE,
        gave_up: GaveUp | None = None,
    ) -> None:
        self._inbox = inbox
        self._handle = handle
        self._dead_letters = dead_letters
        self._replica = replica
        self._clock = clock
        self._pause = pause
        self._gave_up = gave_up
        self._adding: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._handled: list[str] = []
        self._lines: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # What people press has places of its own: Stop and Approve do not wait for long answers.
        self._free = {True: asyncio.Semaphore(AT_ONCE), False: asyncio.Semaphore(AT_ONCE)}
        self._writing = self._closing = False
        self._received = Counter("copilot_deliveries", "What Slack delivered.", ["kind", "result"], registry=metrics)
        self._seconds = Histogram("copilot_delivery_seconds", "Handling of a delivery.", registry=metrics)
        open_ = Gauge("copilot_deliveries_open", "Deliveries that are kept and not handled yet.", registry=metrics)
        open_.set_function(lambda: sum(map(len, self._lines.values())))
        dead_letters.handle(LETTERS, self._retry)

    async def receive(self, payload: Payload) -> bool:
        """True if it is new and will be handled. Raises where it could not be kept: then it is not acknowledged."""
        key, kind = identity(payload), kind_of(payload)
        if key is None:
            self._received.labels(kind, "ignored").inc()
            return False
        if self._closing:
            raise Unavailable("the bot is shutting down", mend="Slack delivers it again, to another replica.")
        delivery = Delivery(key, kind, payload, self._clock())
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._adding.append((delivery, kept))
        self._write()
        fresh = await kept
        self._received.labels(kind, "new" if fresh else "repeated").inc()
        if fresh:
            self._queue(delivery)
        return fresh

    async def adopt(self, live: Collection[str]) -> int:
        """Take up what processes that are gone left behind."""
        if self._closing:
            return 0
        count = 0
        while adopted := await self._inbox.adopt(self._replica, live):
            count += len(adopted)
            for delivery in adopted:
                log.info("delivery_taken_up_again", delivery=delivery.id, attempts=delivery.attempts)
                self._queue(delivery)
        return count

    async def close(self, grace: float) -> None:
        """Let what is being handled end; what is not begun stays for another process."""
        self._closing = True
        pending = set(self._tasks)
        if pending:
            await asyncio.wait(pending, timeout=grace)
        for task in set(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(CopilotError):
            await self._finish()

    # ------------------------------------------------------------ keeping

    def _write(self) -> None:
        if not self._writing:
            self._writing = True
            self._spawn(self._write_all())

    async def _write_all(self) -> None:
        """Batch after batch, as long as there is something to write."""
        try:
            while self._adding or self._handled:
                await asyncio.sleep(0)  # whatever is ready now goes along
                batch, self._adding = self._adding[:BATCH], self._adding[BATCH:]
                if batch:
                    await self._keep(batch)
                if not self._adding or len(self._handled) >= BATCH:  # nobody waits for these
                    await self._finish()
        finally:
            self._writing = False

    async def _keep(self, batch: Sequence[tuple[Delivery, asyncio.Future[bool]]]) -> None:
        try:
            fresh = set(await self._inbox.add([delivery for delivery, _ in batch], self._replica))
        except Exception as error:  # noqa: BLE001  whoever waits hears it, and does not acknowledge
            for _, kept in batch:
                if not kept.done():
                    kept.set_exception(error)
            return
        for delivery, kept in batch:
            new = delivery.id in fresh
            fresh.discard(delivery.id)
            if not kept.done():
                kept.set_result(new)
            elif new:  # its receiver has gone; the row is there, so it is handled
                self._queue(delivery)

    async def _finish(self) -> None:
        handled, self._handled = self._handled, []
        if not handled:
            return
        try:
            await self._inbox.done(handled, self._clock())
        except CopilotError as error:  # it would only be handled again, under the same keys
            log.warning("deliveries_not_closed", count=len(handled), error=str(error))
            self._handled[:0] = handled
            await asyncio.sleep(self._pause)

    # ------------------------------------------------------------ handling

    def _queue(self, delivery: Delivery) -> None:
        key = conversation(delivery.payload)
        line = self._lines.get(key)
        if line is not None:
            line.append(delivery)
            return
        self._lines[key] = deque([delivery])
        self._spawn(self._work(key))

    async def _work(self, key: str) -> None:
        """One conversation, in its order."""
        line = self._lines[key]
        while line:
            async with self._free[line[0].kind.startswith("event:")]:
                if self._closing:
                    return
                if await self._one(line[0]):
                    self._handled.append(line[0].id)
                    self._write()
            line.popleft()
        del self._lines[key]

    async def _one(self, delivery: Delivery) -> bool:
        """Whether it is over; what is not stays open, for the next process."""
        try:
            begun = await self._inbox.again(delivery.id) if delivery.again else 1
        except CopilotError as error:
            log.warning("delivery_not_begun", delivery=delivery.id, error=str(error))
            return False
        attempt = 1
        with self._seconds.time(), structlog.contextvars.bound_contextvars(delivery=delivery.id):
            while True:
                try:
                    if begun > CRASHES:
                        raise Unavailable(f"it was begun {begun - 1} times, and each time the process died")  # noqa: TRY301
                    await self._handle(delivery)
                except Exception as error:
                    log.exception("delivery_failed", kind=delivery.kind, attempt=attempt)
                    if attempt >= ATTEMPTS or begun > CRASHES:
                        return await self._bury(delivery, error, attempt)
                    await asyncio.sleep(self._pause * attempt)
                    attempt += 1
                else:
                    return True

    async def _bury(self, delivery: Delivery, error: Exception, attempts: int) -> bool:
        letter = f"dl-{delivery.id}"
        try:
            await self._dead_letters.put(
                LETTERS,
                {"id": delivery.id, "kind": delivery.kind, "payload": delivery.payload},
                f"{delivery.kind}: {error}",
                attempts=attempts,
                trace_id="",
                letter_id=letter,
            )
        except Exception:
            log.exception("delivery_not_buried", delivery=delivery.id)
            return False
        if self._gave_up:
            try:
                await self._gave_up(delivery, letter)
            except Exception:  # it is kept all the same
                log.exception("not_told_that_it_failed", delivery=delivery.id)
        return True

    async def _retry(self, letter: DeadLetter) -> None:
        """Somebody wants it tried again: the same delivery, so that what it has changed is not changed twice."""
        assert isinstance(letter.payload, dict)
        kept: Any = letter.payload
        delivery = Delivery(str(kept["id"]), str(kept["kind"]), kept["payload"], self._clock(), again=True)
        await self._inbox.reopen(delivery, self._replica)
        self._queue(delivery)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
