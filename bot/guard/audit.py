"""The audit trail: writes rows in batches, reads them back for people, verifies, erases and purges them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import InvalidInput, Tampered, Unavailable
from bot.guard.chain import ERASE, GENESIS, Chain, Entry, Fault, Head, Row, Subject, Verification, Walk, anchor_of
from bot.keyring import Keyring
from bot.ports import Clock, Json

log = structlog.get_logger()

LAZY_SECONDS = 0.25
MOST_WAITING = 10_000
MIN_RETENTION = timedelta(days=365)
PURGE = "audit.purge"
CUTS = 20


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows to read; all that is given must hold."""

    subject: str | None = None
    operation: str | None = None
    decision: str | None = None
    trace_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50


class AuditStore(Protocol):
    """Keeps the rows; it can neither make a seal nor check one."""

    async def append(self, build: Callable[[Head], tuple[Head, Sequence[Row]]]) -> None:
        """Read the head, build on it and write both, so that nobody else builds on the same head."""
        ...

    async def head(self) -> Head | None: ...

    def rows(self, after: int | None = None, *, batch: int = 1_000) -> AsyncIterator[Row]:
        """All rows (behind `after`), in order of `seq`."""
        ...

    async def search(self, query: Query) -> Sequence[Row]: ...

    async def subject(self, fresh: Subject) -> str:
        """The pseudonym that this person has; the fresh one, if they had none."""
        ...

    def subjects(self) -> AsyncIterator[Subject]: ...

    async def known(self, person: str) -> str | None:
        """The pseudonym of somebody, if there is one: looking for a person must not write them down."""
        ...

    async def people(self, subjects: Sequence[str]) -> Mapping[str, str]:
        """Whom these pseudonyms stand for; those that were erased are missing."""
        ...

    async def erase(self, subject: str) -> int:
        """Forget whom the pseudonym stands for, and the details of their rows."""
        ...

    async def cut(self, head: Head, through: int) -> int:
        """Drop the rows up to `through`, and replace the head, if it is still the one built on."""
        ...


class AuditTrail:
    """Writes entries in batches: all that arrive while one batch is on its way share the next commit."""

    def __init__(self, store: AuditStore, keys: Keyring, clock: Clock) -> None:
        self._store = store
        self._chain = Chain(keys)
        self._clock = clock
        self._waiting: list[tuple[Entry, str, asyncio.Future[None] | None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._subjects: dict[str, str] = {}

    async def record(self, *entries: Entry, lazy: bool = False) -> None:
        """Returns when the entries are committed.

        With `lazy` it returns at once: they are committed with the next batch, or a quarter of a second
        later. That is for the start of a read, whose result is only handed out once its end is committed.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("the audit trail is not being written", mend="Nothing runs until it is; see the log.")
        subjects = {entry.actor: await self._subject(entry.actor) for entry in entries}
        loop = asyncio.get_running_loop()
        done = None if lazy else loop.create_future()
        for entry in entries:
            self._waiting.append((entry, subjects[entry.actor], done if entry is entries[-1] else None))
        if done is None:
            if self._timer is None:
                self._timer = loop.call_later(LAZY_SECONDS, self._wake)
            return
        self._wake()
        await done

    async def _subject(self, person: str) -> str:
        if person not in self._subjects:
            self._subjects[person] = await self.pseudonym(person)
        return self._subjects[person]

    async def close(self) -> None:
        while self._waiting or self._writer:
            self._wake()
            if self._writer:
                await asyncio.wait([self._writer])

    def _wake(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []

        def build(head: Head) -> tuple[Head, Sequence[Row]]:
            self._chain.require_genuine(head)
            rows, before = [], head.seal
            for seq, (entry, subject, _) in enumerate(batch, start=head.seq + 1):
                row = self._chain.row(seq, before, entry, subject)
                rows.append(row)
                before = row.seal
            return self._chain.head(rows[-1].seq, before, head.first_seq, head.first_seal), rows

        failure: BaseException | None = None
        try:
            await self._store.append(build)
        except Exception as error:  # noqa: BLE001  whoever waits is told; what nobody waits for is logged
            failure = error
        for _, _, done in batch:
            if done and not done.done():
                done.set_exception(failure) if failure else done.set_result(None)
        if failure and any(done is None for _, _, done in batch):
            log.error("audit_write_failed", error=str(failure), entries=len(batch))
        self._writer = None
        self._wake()

    # ------------------------------------------------------------ reading

    async def search(self, query: Query, person: str | None = None) -> list[dict[str, Json]]:
        if person is not None:
            subject = await self._store.known(person)
            if subject is None:
                return []
            query = replace(query, subject=subject)
        return await self.readable(await self._store.search(query))

    async def readable(self, rows: Sequence[Row]) -> list[dict[str, Json]]:
        """Rows as people read them: names instead of pseudonyms, details unfolded."""
        names = await self._store.people(sorted({row.subject for row in rows}))
        out = []
        for row in rows:
            facts = row.facts()
            details: dict[str, Json] = json.loads(row.details) if row.details else {}
            details.pop("salt", None)
            facts["actor"] = names.get(row.subject, f"erased person {row.subject}")
            facts["details"] = "erased" if row.details is None else details
            out.append(facts)
        return out

    async def page(self, after: int, limit: int) -> list[dict[str, Json]]:
        """Rows behind `after`, oldest first, with their seals."""
        rows: list[Row] = []
        async for row in self._store.rows(after, batch=limit):
            rows.append(row)
            if len(rows) == limit:
                break
        readable = await self.readable(rows)
        return [{**facts, "key_id": row.key_id, "seal": row.seal} for row, facts in zip(rows, readable, strict=True)]

    async def known(self, person: str) -> str | None:
        """The pseudonym of somebody who has one already."""
        return self._subjects.get(person) or await self._store.known(person)

    async def pseudonym(self, person: str) -> str:
        """What stands for a person in the trail; a new one after they were erased."""
        return await self._store.subject(self._chain.subject(person))

    # ------------------------------------------------------------ trust

    async def verify(self, expect: str | None = None) -> Verification:
        """Walks the whole chain. `expect` (`SEQ:SEAL`, as an earlier run printed it) also finds a chain
        that was cut back to an older end together with its head.
        """
        anchor = anchor_of(expect) if expect else None
        begun = await self._begun()
        head = await self._store.head()
        if head is None:
            missing = [Fault(0, "the head of the chain is missing")] if begun or anchor else []
            return Verification(0, 0, 0, f"0:{GENESIS}", missing)
        first, walk = head, Walk(head, anchor)
        after: int | None = None
        while True:
            count = walk.count
            async for row in self._store.rows(after):
                walk.step(row, self._chain.faults_of(row, walk.before))
            # Others write while we walk: what they added is walked too, up to the head that goes with it.
            head = await self._store.head() or head
            if head.seq < walk.expected or count == walk.count:
                break
            after = walk.expected - 1
        if head.first_seq != first.first_seq:  # purged under our feet
            return await self.verify(expect)
        faults = walk.faults
        if not self._chain.is_genuine(head):
            faults.append(Fault(head.seq, "the head of the chain was changed"))
        if (walk.expected - 1, walk.before) != (head.seq, head.seal):
            faults.append(Fault(head.seq, f"the chain ends at row {walk.expected - 1}, its head says {head.seq}"))
        faults += walk.missing()
        faults += [
            Fault(head.seq, f"the pseudonym {each.subject} was given to somebody else")
            async for each in self._store.subjects()
            if not self._chain.is_whose_it_was(each)
        ]
        if anchor and anchor[0] > head.first_seq and not walk.met:
            faults.append(Fault(anchor[0], f"the row {anchor[0]} that was expected is not there with that seal"))
        return Verification(walk.count, head.first_seq + 1, head.seq, f"{head.seq}:{head.seal}", faults)

    async def _begun(self) -> bool:
        async for _ in self._store.rows(batch=1):
            return True
        return False

    # ------------------------------------------------------------ forgetting

    async def erase(self, person: str, by: str) -> int:
        """Forget a person; the rows stay, under a pseudonym that leads nowhere."""
        subject = await self.pseudonym(person)
        await self.record(Entry(self._clock(), "erased", by, "person", ERASE, "allowed", outcome=subject))
        await self.close()
        count = await self._store.erase(subject)
        self._subjects.pop(person, None)
        return count

    async def purge(self, keep: timedelta, by: str) -> int:
        """Drop what is older than `keep` (a year at least); the chain then begins behind it."""
        if keep < MIN_RETENTION:
            raise InvalidInput(
                f"{keep.days} days is less than audit rows must be kept",
                mend=f"Keep {MIN_RETENTION.days} or more.",
            )
        head, last = await self._store.head(), None
        if head is None:
            return 0
        before, seal = self._clock() - keep, head.first_seal
        async for row in self._store.rows():
            # What is dropped can never be looked at again; a date that was changed must not make it old.
            if faults := self._chain.faults_of(row, seal):
                raise Tampered(f"audit row {row.seq}: {faults[0]}", mend="Run `llm-copilot audit verify`.")
            if row.at >= before or row.seq == head.seq:
                break
            last, seal = row, row.seal
        if last is None:
            return 0
        dropped = 0
        for _ in range(CUTS):
            self._chain.require_genuine(head)
            if dropped := await self._store.cut(self._chain.head(head.seq, head.seal, last.seq, last.seal), last.seq):
                break
            head = await self._store.head() or head  # somebody wrote meanwhile
        if dropped:
            await self.record(
                Entry(
                    self._clock(),
                    "purged",
                    by,
                    "job",
                    PURGE,
                    "allowed",
                    outcome=f"{dropped} rows through {last.seq}",
                )
            )
        return dropped
