"""The audit chain: rows, their seals, and what is wrong with them. Pure, but for the dice.

What must last (who, what, when, how it ended) is in the sealed text itself; people stand in it under
a pseudonym. What may have to be erased (parameters, reasons) is in `details`, of which only a salted
digest is sealed. So a person can be erased and the chain stays whole, and nothing else can be changed
without breaking it: the seals are MACs under a key that is not in the database.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.errors import InvalidInput, Tampered
from bot.guard.canonical import canonical, digest
from bot.keyring import Keyring
from bot.ports import Json

GENESIS = "0" * 64
SUBJECT_LENGTH = 24
MOST_DETAILS = 8_192
ERASE = "privacy.erase"


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
    decision: str
    body: str
    details: str | None
    key_id: str
    seal: str

    def facts(self) -> dict[str, Json]:
        try:
            parsed: Json = json.loads(self.body)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise Tampered(f"audit row {self.seq} is not readable", mend="Run `llm-copilot audit verify`.")
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
class Subject:
    """Whom a pseudonym stands for. It is a MAC over the person and the salt, so nobody can give it to another."""

    subject: str
    person: str
    salt: str
    key_id: str


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


class Chain:
    """Makes seals, and checks them."""

    def __init__(self, keys: Keyring) -> None:
        self.keys = keys

    def row(self, seq: int, before: str, entry: Entry, subject: str) -> Row:
        """The next row; `before` is the seal of the last one."""
        salt = secrets.token_hex(8)
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
        seal = self.keys.seal(digest(before, body).encode(), self.keys.active)
        return Row(
            seq,
            entry.at,
            subject,
            entry.operation,
            entry.trace_id,
            entry.decision,
            body,
            details,
            self.keys.active,
            seal,
        )

    def head(self, seq: int, seal: str, first_seq: int, first_seal: str) -> Head:
        bare = Head(seq, seal, first_seq, first_seal, self.keys.active, "")
        return replace(bare, head_seal=self.keys.seal(bare.text(), self.keys.active))

    def genesis(self) -> Head:
        return self.head(0, GENESIS, 0, GENESIS)

    def is_genuine(self, head: Head) -> bool:
        return self.keys.seal(head.text(), head.key_id) == head.head_seal

    def require_genuine(self, head: Head) -> None:
        """A new seal over a head that somebody forged would make it genuine."""
        if not self.is_genuine(head):
            raise Tampered(
                f"the head of the audit chain was changed, or the key {head.key_id!r} is another one than it was "
                "sealed with",
                mend="Check LLM_COPILOT_ENCRYPTION_KEYS; then run `llm-copilot audit verify`.",
            )

    def subject(self, person: str) -> Subject:
        """A fresh pseudonym."""
        salt, key_id = secrets.token_hex(8), self.keys.active
        return Subject(self._pseudonym(person, salt, key_id), person, salt, key_id)

    def is_whose_it_was(self, subject: Subject) -> bool:
        return self._pseudonym(subject.person, subject.salt, subject.key_id) == subject.subject

    def _pseudonym(self, person: str, salt: str, key_id: str) -> str:
        return self.keys.seal(digest("subject", salt, person).encode(), key_id)[:SUBJECT_LENGTH]

    def faults_of(self, row: Row, before: str) -> list[str]:
        faults = []
        try:
            facts = row.facts()
        except Tampered:
            return ["the row is not readable"]
        if self.keys.seal(digest(before, row.body).encode(), row.key_id) != row.seal:
            faults.append("the row was changed, moved, or follows a row that was")
        shown = {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "subject": row.subject,
            "operation": row.operation,
            "trace_id": row.trace_id,
            "decision": row.decision,
        }
        if shown != {name: facts.get(name) for name in shown}:
            faults.append("the columns of the row differ from its sealed text")
        if row.details is not None and (digest(row.details) if row.details else "") != facts.get("details"):
            faults.append("the details of the row were changed")
        return faults


class Walk:
    """Where a walk along the chain stands, and what it found."""

    def __init__(self, head: Head, anchor: tuple[int, str] | None) -> None:
        self.before, self.expected, self.count = head.first_seal, head.first_seq + 1, 0
        self.faults: list[Fault] = []
        self.erased: dict[str, int] = {}
        self.erasures: set[str] = set()
        self.met = False
        self._anchor = anchor

    def step(self, row: Row, faults: Sequence[str]) -> None:
        self.count += 1
        if row.seq < self.expected:
            self.faults.append(Fault(row.seq, "the row stands before the beginning of the chain"))
            return
        if row.seq > self.expected:
            self.faults.append(Fault(self.expected, f"rows {self.expected} to {row.seq - 1} are missing"))
        self.faults += [Fault(row.seq, what) for what in faults]
        if row.details is None:
            self.erased.setdefault(row.subject, row.seq)
        if not faults and row.operation == ERASE and row.facts()["event"] == "erased":
            self.erasures.add(str(row.facts()["outcome"]))
        self.met = self.met or self._anchor == (row.seq, row.seal)
        self.before, self.expected = row.seal, row.seq + 1

    def missing(self) -> list[Fault]:
        """Details that are gone, though nobody was erased."""
        return [
            Fault(seq, f"the details of {subject} are gone, and no erasure is on record")
            for subject, seq in self.erased.items()
            if subject not in self.erasures
        ]


def _bounded(details: Mapping[str, Json]) -> dict[str, Json]:
    text = canonical(dict(details))
    if len(text) <= MOST_DETAILS:
        return dict(details)
    return {"cut": text[:MOST_DETAILS], "characters": len(text)}


def anchor_of(text: str) -> tuple[int, str]:
    seq, colon, seal = text.partition(":")
    if not colon or not seq.isdecimal():
        raise InvalidInput(
            f"{text!r} is no head of an audit chain", mend="Give it as SEQ:SEAL, as `audit verify` prints it."
        )
    return int(seq), seal
