"""The audit trail: append-only rows, each sealed over the one before it.

What must last (who, what, when, how it ended) is in the sealed text itself; people stand in it under
a pseudonym. What may have to be erased (parameters, reasons) is in `details`, of which only a salted
digest is sealed. So a person can be erased and the chain stays whole, and nothing else can be changed
without breaking it: the seals are MACs under a key that is not in the database.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import InvalidInput, Unavailable
from bot.guard.canonical import canonical, digest
from bot.keyring import Keyring
from bot.ports import Clock, Json

log = structlog.get_logger()

GENESIS = "0" * 64
LAZY_SECONDS = 0.25
MOST_WAITING = 10_000
MOST_DETAILS = 8_192
MIN_RETENTION = timedelta(days=365)
ERASE = "privacy.erase"
PURGE = "audit.purge"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down."""

    at: datetime
    event: str
    actor: str
    actor_kind: str
    operation: str
    decision: str
    role: str = ""
    surface: str = ""
    channel: str = ""
    environment: str = ""
    service: str = ""
    parameters_hash: str = ""
    outcome: str = ""
    duration_ms: float | None = None
    cost_usd: float = 0.0
    trace_id: str = ""
    run_id: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """What was written down. `body` is the sealed text; `details` None means erased."""

    seq: int
    at: datetime
    subject: str
    operation: str
    trace_id: str
    body: str
    details: str | None
    key_id: str
    seal: str

    def facts(self) -> dict[str, Json]:
        parsed: dict[str, Json] = json.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain, and where it begins since the last purge. Itself sealed."""

    seq: int
    seal: str
    first_seq: int
    first_seal: str
    key_id: str
    head_seal: str

    def text(self) -> bytes:
        return f"{self.seq}|{self.seal}|{self.first_seq}|{self.first_seal}|{self.key_id}".encode()


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

    def rows(self, after: int = 0, *, batch: int = 1_000) -> AsyncIterator[Row]:
        """All rows behind `after`, in order of `seq`."""
        ...

    async def search(self, query: Query) -> Sequence[Row]: ...

    async def subject(self, person: str) -> str:
        """The pseudonym of somebody, made if there is none."""
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


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about the chain that should not be."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found."""

    rows: int
    first_seq: int
    last_seq: int
    head: str
    faults: Sequence[Fault]


def seal_row(keys: Keyring, seq: int, before: str, entry: Entry, subject: str, salt: str) -> Row:
    details = canonical({"salt": salt, **_bounded(entry.details)}) if entry.details else ""
    body = canonical(
        {
            "seq": seq,
            "at": entry.at.isoformat(),
            "event": entry.event,
            "subject": subject,
            "actor_kind": entry.actor_kind,
            "role": entry.role,
            "surface": entry.surface,
            "channel": entry.channel,
            "operation": entry.operation,
            "environment": entry.environment,
            "service": entry.service,
            "parameters_hash": entry.parameters_hash,
            "decision": entry.decision,
            "outcome": entry.outcome,
            "duration_ms": None if entry.duration_ms is None else round(entry.duration_ms, 2),
            "cost_usd": entry.cost_usd,
            "trace_id": entry.trace_id,
            "run_id": entry.run_id,
            "details": digest(details) if details else "",
        }
    )
    seal = keys.seal(digest(before, body).encode(), keys.active)
    return Row(seq, entry.at, subject, entry.operation, entry.trace_id, body, details, keys.active, seal)


def _bounded(details: Mapping[str, Json]) -> dict[str, Json]:
    text = canonical(dict(details))
    if len(text) <= MOST_DETAILS:
        return dict(details)
    return {"cut": text[:MOST_DETAILS], "characters": len(text)}


def sealed_head(keys: Keyring, seq: int, seal: str, first_seq: int, first_seal: str) -> Head:
    bare = Head(seq, seal, first_seq, first_seal, keys.active, "")
    return Head(seq, seal, first_seq, first_seal, keys.active, keys.seal(bare.text(), keys.active))


class AuditTrail:
    """Writes entries in batches: all that arrive while one batch is on its way share the next commit."""

    def __init__(self, store: AuditStore, keys: Keyring, clock: Clock) -> None:
        self._store = store
        self._keys = keys
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
        for person in {entry.actor for entry in entries} - self._subjects.keys():
            self._subjects[person] = await self._store.subject(person)
        loop = asyncio.get_running_loop()
        done = None if lazy else loop.create_future()
        for entry in entries:
            self._waiting.append((entry, self._subjects[entry.actor], done if entry is entries[-1] else None))
        if done is None:
            if self._timer is None:
                self._timer = loop.call_later(LAZY_SECONDS, self._wake)
            return
        self._wake()
        await done

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
            rows, before = [], head.seal
            for seq, (entry, subject, _) in enumerate(batch, start=head.seq + 1):
                row = seal_row(self._keys, seq, before, entry, subject, secrets.token_hex(8))
                rows.append(row)
                before = row.seal
            return sealed_head(self._keys, rows[-1].seq, before, head.first_seq, head.first_seal), rows

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
            query = replace(query, subject=await self._store.subject(person))
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

    async def pseudonym(self, person: str) -> str:
        return await self._store.subject(person)

    # ------------------------------------------------------------ trust

    async def verify(self, expect: str | None = None) -> Verification:
        """Walks the whole chain. `expect` (`SEQ:SEAL`, as an earlier run printed it) also finds a chain
        that was cut back to an older end together with its head.
        """
        anchor = _anchor(expect) if expect else None
        head = await self._store.head()
        faults: list[Fault] = []
        if head is None:
            return Verification(0, 0, 0, GENESIS, [Fault(0, "the head of the chain is missing")])
        if self._seal_of(head.text(), head.key_id) != head.head_seal:
            faults.append(Fault(head.seq, "the head of the chain was changed"))
        before, expected, count = head.first_seal, head.first_seq + 1, 0
        erased: dict[str, int] = {}
        erasures: set[str] = set()
        async for row in self._store.rows():
            count += 1
            if row.seq != expected:
                faults.append(Fault(expected, f"rows {expected} to {row.seq - 1} are missing"))
            faults += [Fault(row.seq, what) for what in self._faults_of(row, before)]
            facts = row.facts() if row.body.startswith("{") else {}
            if row.details is None:
                erased.setdefault(row.subject, row.seq)
            if facts.get("operation") == ERASE and facts.get("event") == "erased":
                erasures.add(str(facts.get("outcome")))
            if anchor and anchor == (row.seq, row.seal):
                anchor = None
            before, expected = row.seal, row.seq + 1
        if (expected - 1, before) != (head.seq, head.seal):
            faults.append(Fault(head.seq, f"the chain ends at row {expected - 1}, its head says {head.seq}"))
        faults += [
            Fault(seq, f"the details of {subject} are gone, and no erasure is on record")
            for subject, seq in erased.items()
            if subject not in erasures
        ]
        if anchor and anchor[0] > head.first_seq:
            faults.append(Fault(anchor[0], f"the row {anchor[0]} that was expected is not there with that seal"))
        return Verification(count, head.first_seq + 1, head.seq, f"{head.seq}:{head.seal}", faults)

    def _faults_of(self, row: Row, before: str) -> list[str]:
        faults = []
        try:
            facts = row.facts()
        except json.JSONDecodeError:
            return ["the row is not readable"]
        if self._seal_of(digest(before, row.body).encode(), row.key_id) != row.seal:
            faults.append("the row was changed, moved, or follows a row that was")
        shown = (row.seq, row.at.isoformat(), row.subject, row.operation, row.trace_id)
        if shown != (facts["seq"], facts["at"], facts["subject"], facts["operation"], facts["trace_id"]):
            faults.append("the columns of the row differ from its sealed text")
        if row.details is not None and (digest(row.details) if row.details else "") != facts["details"]:
            faults.append("the details of the row were changed")
        return faults

    def _seal_of(self, data: bytes, key_id: str) -> str:
        return self._keys.seal(data, key_id)

    # ------------------------------------------------------------ forgetting

    async def erase(self, person: str, by: str) -> int:
        """Forget a person; the rows stay, under a pseudonym that leads nowhere."""
        subject = await self._store.subject(person)
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
        before = self._clock() - keep
        async for row in self._store.rows():
            if row.at >= before or row.seq == head.seq:
                break
            last = row
        if last is None:
            return 0
        dropped = await self._store.cut(sealed_head(self._keys, head.seq, head.seal, last.seq, last.seal), last.seq)
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


def genesis(keys: Keyring) -> Head:
    return sealed_head(keys, 0, GENESIS, 0, GENESIS)


def _anchor(text: str) -> tuple[int, str]:
    seq, colon, seal = text.partition(":")
    if not colon or not seq.isdigit():
        raise InvalidInput(
            f"{text!r} is no head of an audit chain", mend="Give it as SEQ:SEAL, as `audit verify` prints it."
        )
    return int(seq), seal
