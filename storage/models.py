"""Every table. Columns that end in `_sealed` hold ciphertext; times are UTC; `version` is for compare-and-swap."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import Counter, Document, Utc


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can drop it by name on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text(), datetime: Utc(), dict[str, Any]: Document, list[Any]: Document}  # noqa: RUF012


class PersonRow(Base):
    """Somebody the bot has met; the roles file and the Slack directory are joined to it."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[str | None]
    name: Mapped[str]
    standing: Mapped[str]
    timezone: Mapped[str] = mapped_column(default="UTC")
    groups: Mapped[list[Any]] = mapped_column(default=list)
    updated_at: Mapped[datetime]


class RoleBindingRow(Base):
    """A role that was given while the bot ran, beside those of the roles file."""

    __tablename__ = "role_bindings"
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    given_by: Mapped[str]
    given_at: Mapped[datetime]


class PreferenceRow(Base):
    """A setting of one person, channel or workspace."""

    __tablename__ = "preferences"
    scope: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Document)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class SessionRow(Base):
    """A conversation: one thread of one channel of one workspace."""

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    channel: Mapped[str]
    thread: Mapped[str]
    project: Mapped[str | None]
    opened_by: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    token_count: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    last_activity: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (UniqueConstraint("workspace", "channel", "thread"),)


class MessageRow(Base):
    """One turn of a conversation."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(Counter, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(index=True)
    role: Mapped[str]
    content_sealed: Mapped[str]
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    token_count: Mapped[int] = mapped_column(default=0)
    slack_ts: Mapped[str | None]
    created_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("role IN ('user', 'assistant', 'system')", name="role"),)


class ApprovalRow(Base):
    """A wish that waits for people."""

    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str]
    parameters_sealed: Mapped[str]
    parameters_hash: Mapped[str]
    risk: Mapped[str]
    environment: Mapped[str | None]
    service: Mapped[str | None]
    why_sealed: Mapped[str]
    preview_sealed: Mapped[str]
    requester: Mapped[str]
    requester_kind: Mapped[str]
    route: Mapped[dict[str, Any]]
    approvers: Mapped[str]
    quorum: Mapped[int]
    self_approval: Mapped[bool]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    escalate_at: Mapped[datetime]
    escalate_to: Mapped[str]
    escalated_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="")
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    trace_id: Mapped[str]
    outcome_sealed: Mapped[str | None]
    __table_args__ = (
        Index(None, "state", "expires_at"),
        Index(
            "ix_approvals_one_pending",
            "requester",
            "parameters_hash",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        CheckConstraint("quorum >= 1", name="quorum"),
    )


class DecisionRow(Base):
    """One person's word on one approval."""

    __tablename__ = "decisions"
    approval_id: Mapped[str] = mapped_column(ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class RunRow(Base):
    """A run of an operation: of a change from its start, of a read once it lasts."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    operation: Mapped[str]
    parameters_hash: Mapped[str]
    actor: Mapped[str]
    trace_id: Mapped[str]
    channel: Mapped[str | None]
    approval_id: Mapped[str | None]
    replica: Mapped[str]
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    outcome_sealed: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "state", "actor"),)


class AuditRow(Base):
    """One sealed row of the audit trail."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    operation: Mapped[str]
    trace_id: Mapped[str] = mapped_column(index=True)
    decision: Mapped[str]
    body: Mapped[str]
    details: Mapped[str | None]
    key_id: Mapped[str]
    seal: Mapped[str]


class AuditHeadRow(Base):
    """The end of the audit chain; there is one."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Counter)
    seal: Mapped[str]
    first_seq: Mapped[int] = mapped_column(Counter)
    first_seal: Mapped[str]
    key_id: Mapped[str]
    head_seal: Mapped[str]


class SubjectRow(Base):
    """Whom a pseudonym of the audit trail stands for; deleted when the person is erased."""

    __tablename__ = "subjects"
    subject: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(unique=True)
    salt: Mapped[str]
    key_id: Mapped[str]


class DeliveryRow(Base):
    """Something that came from outside: kept before it is acknowledged, handled once, its content dropped then."""

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload_sealed: Mapped[str | None]
    replica: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime]
    position: Mapped[int] = mapped_column(default=0)  # within its batch: what came at once was said in an order
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    __table_args__ = (
        Index(
            "ix_deliveries_open",
            "replica",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class AnswerRow(Base):
    """What the bot said to a request, so that details, feedback and a crash find it again."""

    __tablename__ = "answers"
    id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    workspace: Mapped[str]
    channel: Mapped[str]
    thread: Mapped[str | None]
    ts: Mapped[str | None]
    person: Mapped[str]
    private: Mapped[bool]
    record_sealed: Mapped[str]
    state: Mapped[str]
    replica: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "channel", "ts"),
        Index(
            "ix_answers_stopping",
            "replica",
            sqlite_where=text("state = 'stopping'"),
            postgresql_where=text("state = 'stopping'"),
        ),
    )


class FeedbackRow(Base):
    """What somebody thought of an answer."""

    __tablename__ = "feedback"
    id: Mapped[str] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    person: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    correction_sealed: Mapped[str | None]
    at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("answer_id", "person"),)


class CardRow(Base):
    """Where an approval is shown, and which version of it."""

    __tablename__ = "cards"
    approval_id: Mapped[str] = mapped_column(ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    thread: Mapped[str | None]
    ts: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=0)
    announced: Mapped[bool] = mapped_column(default=False)


class SuspendedRow(Base):
    """A question that was asked, or an investigation at a gate: what goes on when somebody has spoken."""

    __tablename__ = "suspended"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    workspace: Mapped[str]
    channel: Mapped[str]
    thread: Mapped[str]
    person: Mapped[str] = mapped_column(index=True)
    replica: Mapped[str | None]
    payload_sealed: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class WatchRow(Base):
    """What is looked at by itself; what people wrote about it is sealed."""

    __tablename__ = "watches"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str]
    channel: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    every: Mapped[float]
    sensitivity: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    paused_until: Mapped[datetime | None]
    timezone: Mapped[str]
    tuned: Mapped[float]
    version: Mapped[int]
    record_sealed: Mapped[str]


class WatchProgressRow(Base):
    """How far a watch has come. Its state may hold lines of logs and what others said."""

    __tablename__ = "watch_progress"
    watch: Mapped[str] = mapped_column(ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True)
    until: Mapped[datetime]
    state_sealed: Mapped[str]
    failures: Mapped[int]
    trouble: Mapped[str]
    looked_at: Mapped[datetime | None]
    took: Mapped[float]


class AlertRow(Base):
    """What went wrong; what is asked for has a column, the rest is sealed."""

    __tablename__ = "alerts"
    id: Mapped[str] = mapped_column(primary_key=True)
    group: Mapped[str]
    fingerprint: Mapped[str]
    workspace: Mapped[str]
    channel: Mapped[str]
    environment: Mapped[str]
    state: Mapped[str]
    severity: Mapped[str]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    resolved_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str]
    shown: Mapped[bool]
    version: Mapped[int]
    record_sealed: Mapped[str]
    __table_args__ = (Index(None, "group", "state"),)


class JudgementRow(Base):
    """What somebody thinks of an alert, and what that taught the watches."""

    __tablename__ = "judgements"
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True, index=True)
    verdict: Mapped[str]
    at: Mapped[datetime]
    lessons: Mapped[list[Any] | None]


class SilenceRow(Base):
    """What is kept quiet, and until when; why is sealed."""

    __tablename__ = "silences"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace: Mapped[str] = mapped_column(server_default=text("''"))
    starts: Mapped[datetime | None]
    until: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    channel: Mapped[str]
    environment: Mapped[str]
    service: Mapped[str]
    signal: Mapped[str]
    watch: Mapped[str]
    ended_at: Mapped[datetime | None]
    record_sealed: Mapped[str]


class AlertCardRow(Base):
    """Where an alert is shown, which version, and what people have seen of it: hashes, and numbers of its picture."""

    __tablename__ = "alert_cards"
    __table_args__ = (Index(None, "channel", "ts"),)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    ts: Mapped[str | None]
    version: Mapped[int]
    shows: Mapped[str]


class CostRow(Base):
    """What something cost, and to whom it is booked."""

    __tablename__ = "costs"
    id: Mapped[int] = mapped_column(Counter, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person: Mapped[str]
    channel: Mapped[str | None]
    workspace: Mapped[str | None]
    operation: Mapped[str]
    usd: Mapped[float]
    tokens: Mapped[int]
    trace_id: Mapped[str]


class DeadLetterRow(Base):
    """Work that could not be done, kept until somebody retries or discards it."""

    __tablename__ = "dead_letters"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload_sealed: Mapped[str]
    error: Mapped[str]
    attempts: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    trace_id: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")


class ReplicaRow(Base):
    """A process of the bot, and when it was last alive."""

    __tablename__ = "replicas"
    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class BucketRow(Base):
    """A token bucket that several replicas share. Not worth a journal: a crash gives a few tokens back."""

    __tablename__ = "buckets"
    key: Mapped[str] = mapped_column(primary_key=True)
    arrival: Mapped[float]
    interval: Mapped[float]
    tolerance: Mapped[float]


class DrillRow(Base):
    """A practice drill that was run, to try the gate."""

    __tablename__ = "drills"
    key: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    environment: Mapped[str]
    person: Mapped[str]
    at: Mapped[datetime]


class MemoryItemRow(Base):
    """Something remembered: in a thread and with it, for a week, or until it is forgotten."""

    __tablename__ = "memory_items"
    id: Mapped[int] = mapped_column(Counter, primary_key=True)
    scope: Mapped[str]
    tier: Mapped[str]
    kind: Mapped[str]
    author: Mapped[str | None] = mapped_column(index=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    source: Mapped[int | None] = mapped_column(Counter)
    importance: Mapped[float]
    tokens: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    record_sealed: Mapped[str]
    embedding_sealed: Mapped[str | None]
    key_id: Mapped[str]  # of the key that its terms are hidden with
    __table_args__ = (
        Index(None, "scope", "created_at"),
        CheckConstraint("tier IN ('short', 'medium', 'long')", name="tier"),
    )


class MemoryTermRow(Base):
    """A word of an item, as a keyed hash that differs from scope to scope, and how much the item is about it."""

    __tablename__ = "memory_terms"
    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    item_id: Mapped[int] = mapped_column(
        Counter, ForeignKey("memory_items.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    weight: Mapped[int] = mapped_column(SmallInteger)
    __table_args__ = ({"sqlite_with_rowid": False},)
