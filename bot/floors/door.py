"""The door, and who guards it: people, policies, limits, approvals, the audit trail, runs."""

from __future__ import annotations

from datetime import timedelta

from bot.dead_letters import DeadLetters
from bot.door.approved import ApprovedRuns
from bot.door.call import Call
from bot.door.checks import Checks, Rules
from bot.door.invoke import Door
from bot.door.runner import Runner
from bot.door.runs import RunStore
from bot.floors.ground import Ground, Plan
from bot.guard.audit import AuditTrail
from bot.guard.chain import Chain
from bot.guard.desk import ApprovalDesk, DeskRules
from bot.guard.limits import Limits, MemoryBuckets, Rate
from bot.guard.people import People
from bot.guard.policies import PolicyEngine
from bot.guard.rules import Budgets, built_in
from bot.operations.spending import SpendingBook
from handlers.face import slack_client
from handlers.people import SlackDirectory
from integrations.dbos.adapter import DbosDurable
from storage.repositories import (
    ApprovalRepository,
    AuditRepository,
    BucketRepository,
    CostRepository,
    DeadLetterRepository,
    PeopleRepository,
    ReplicaRepository,
    RunRepository,
)


class WithDoor(Ground):
    """Whatever is to be done goes through here, whoever asks."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        settings, files, database, keys, clock = self.settings, self.files, self.database, self.keys, self.clock
        self.audit = AuditTrail(AuditRepository(database, Chain(keys).genesis), keys, clock)
        self.directory = PeopleRepository(database)
        self.costs = CostRepository(database)
        self.runs = RunRepository(database, keys)
        self.replicas = ReplicaRepository(database)
        token = settings.slack_bot_token if plan.slack else None
        self.slack_client = slack_client(token, settings.slack_api_url) if token else None
        self.slack_people = SlackDirectory(self.slack_client, self.directory, clock) if self.slack_client else None
        self.people = (
            People(self.slack_people, files.roles, clock, afresh=self.slack_people.afresh)
            if self.slack_people
            else People(self.directory, files.roles, clock)
        )
        self.policies = PolicyEngine(built_in(files.policies, self.costs))
        self.limits = self._limits()
        self.desk = ApprovalDesk(
            ApprovalRepository(database, keys),
            self.people,
            files.roles,
            DeskRules(
                timedelta(minutes=settings.approval_expiry_minutes),
                timedelta(minutes=settings.approval_escalation_minutes),
                files.policies.approvals.escalate_to,
            ),
            clock,
        )
        self.runner = Runner(
            store=self.runs,
            audit=self.audit,
            redactor=self.redactor,
            breakers=self.breakers,
            resources=self.resources,
            charge=self._charge,
            clock=clock,
            replica=self.replica,
        )
        self.checks = Checks(
            registry=self.registry,
            people=self.people,
            policies=self.policies,
            limits=self.limits,
            rules=Rules(
                files.roles,
                files.policies.approvals,
                settings.operation_timeout_seconds,
                settings.concurrent_per_person,
            ),
            running=lambda: self.runner.running,
            clock=clock,
        )
        self.door = Door(
            checks=self.checks,
            desk=self.desk,
            audit=self.audit,
            runner=self.runner,
            redactor=self.redactor,
            tracing=self.tracing,
            resources=self.resources,
            clock=clock,
        )
        self.dead_letters = DeadLetters(DeadLetterRepository(database, keys), clock)
        self.durable = plan.durable or DbosDurable(settings.database, settings.data_dir, self.replica)
        self.approved = ApprovedRuns(self.door, self.desk, self.durable, self.dead_letters)
        put = self.resources.put
        put(Checks, self.checks)
        put(People, self.people)
        put(ApprovalDesk, self.desk)
        put(ApprovedRuns, self.approved)
        put(AuditTrail, self.audit)
        put(DeadLetters, self.dead_letters)
        put(Runner, self.runner)
        put(RunStore, self.runs)
        put(SpendingBook, self.costs)
        put(Budgets, files.policies.budgets)

    def _limits(self) -> Limits:
        settings = self.settings
        # One bot to a SQLite file; on PostgreSQL the replicas share what a person may do.
        buckets = MemoryBuckets() if self.database.sqlite else BucketRepository(self.database)
        person, channel, workspace = (
            Rate(per_minute, settings.rate_burst * share)
            for per_minute, share in (
                (settings.person_per_minute, 1),
                (settings.channel_per_minute, 4),
                (settings.workspace_per_minute, 20),
            )
        )
        return Limits(buckets, person, channel, workspace)

    async def _charge(self, call: Call, usd: float, tokens: int) -> None:
        origin = call.wish.origin
        await self.costs.book(
            at=self.clock(),
            person=call.wish.identity.id,
            channel=origin.channel,
            workspace=origin.workspace,
            operation=call.name,
            usd=usd,
            tokens=tokens,
            trace_id=origin.trace_id,
        )
