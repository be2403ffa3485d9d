"""The one place that knows every concrete class: builds and wires, starts and stops."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot import defaults
from bot.agent.answers import AnswerStore
from bot.agent.deliberating import Deliberating
from bot.agent.invoking import Invoking
from bot.agent.preferences import PreferenceStore
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.loop import Thinker
from bot.agent.thinking.spending import DailyLedger
from bot.agent.thinking.tools import Toolbox
from bot.agent.threads import Threads
from bot.agent.turn import Language, Turns
from bot.catalogue import Catalogue, Model, load_model
from bot.config import PREFIX, Settings
from bot.dead_letters import DeadLetters
from bot.door.approved import ApprovedRuns
from bot.door.call import Call
from bot.door.checks import Checks, Rules
from bot.door.context import Resources
from bot.door.invoke import Door
from bot.door.registry import Registry
from bot.door.runner import Runner
from bot.door.runs import RunStore
from bot.errors import ConfigurationError, CopilotError
from bot.guard.approvals import ApprovalState
from bot.guard.audit import AuditTrail
from bot.guard.chain import Chain
from bot.guard.desk import ApprovalDesk, DeskRules
from bot.guard.limits import Limits, MemoryBuckets, Rate
from bot.guard.people import People
from bot.guard.policies import PolicyEngine
from bot.guard.redaction import Redactor
from bot.guard.roles import RoleBook
from bot.guard.rules import Budgets, PolicyBook, built_in
from bot.keyring import Keyring, local_keys
from bot.language.lexicon import Lexicon
from bot.language.names import Names
from bot.memory.knowledge import Knowledge
from bot.memory.memory import Memory
from bot.memory.semantic import embedder
from bot.observatory.observatory import DOWN, Observatory
from bot.operations.maintenance import DrillBook
from bot.operations.privacy import PersonalData
from bot.operations.recommend import Recommender
from bot.operations.spending import SpendingBook
from bot.operations.status import SelfPortrait, StatusOutput
from bot.ports import Clock, Durable
from bot.resilience import Breakers, BreakerState, BreakerStatus
from bot.telemetry.vocabulary import Vocabulary
from bot.tracing import Tracing
from bot.upkeep import Times, Upkeep
from bot.watch.alerts import AlertStore
from bot.watch.desk import AlertDesk
from bot.watch.replaying import Replays
from bot.watch.station import Station, Stores, Wishes
from bot.watch.watches import WatchStore
from handlers.face import Alerting, Brain, SlackFace, SlackSettings, slack_client
from handlers.http import HttpServer, Part, http_app
from handlers.people import SlackDirectory
from handlers.webhooks import Hook, webhooks
from integrations.alertmanager.adapter import Alertmanager
from integrations.dbos.adapter import DbosDurable
from integrations.models import models
from integrations.telemetry import connect
from storage.database import Database
from storage.repositories import (
    AlertCardRepository,
    AlertRepository,
    AnswerRepository,
    ApprovalRepository,
    AuditRepository,
    BucketRepository,
    CardRepository,
    ConversationRepository,
    CostRepository,
    DeadLetterRepository,
    DeliveryRepository,
    DrillRepository,
    MemoryRepository,
    PeopleRepository,
    PreferenceRepository,
    PrivacyRepository,
    ReplicaRepository,
    RunRepository,
    SuspendedRepository,
    WatchRepository,
)

log = structlog.get_logger()
VERSION: Final = version("llm-copilot")
GRACE_SECONDS: Final = 10.0
DELIVERIES_KEPT: Final = timedelta(days=7)
ANSWERS_KEPT: Final = timedelta(days=30)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of an installation, read and checked against each other."""

    catalogue: Catalogue
    roles: RoleBook
    policies: PolicyBook
    vocabulary: Vocabulary
    names: Names


def read_files(settings: Settings, registry: Registry) -> Files:
    """Raises ConfigurationError with all that is wrong in the first file that is wrong."""
    services = settings.services_file
    catalogue = Catalogue.load(services) if services else _shipped_catalogue()
    roles_path = settings.roles_file or defaults.path("roles.yaml")
    roles = _read(settings.roles_file, "roles.yaml", RoleBook)
    roles.check(registry.permissions, [service.name for service in catalogue.services], str(roles_path))
    policies_path = settings.policies_file or defaults.path("policies.yaml")
    policies = _read(settings.policies_file, "policies.yaml", PolicyBook)
    if policies.approvals.escalate_to not in roles.roles:
        raise ConfigurationError(
            f"{policies_path}: approvals.escalate_to = {policies.approvals.escalate_to!r} is no role of {roles_path}",
            mend=f"Use one of {', '.join(roles.roles)}.",
        )
    vocabulary = _read(settings.signals_file, "signals.yaml", Vocabulary)
    names = _read(settings.names_file, "names.yaml", Names)
    return Files(catalogue, roles, policies, vocabulary, names)


def _read(path: Path | None, shipped: str, model: type[Model]) -> Model:
    return load_model(path, model) if path else _shipped(shipped, model)


@cache
def _shipped(name: str, model: type[Model]) -> Model:
    """What comes with us does not change while we run."""
    return load_model(defaults.path(name), model)


@cache
def _shipped_catalogue() -> Catalogue:
    return Catalogue.load(defaults.path("services.yaml"))


def read_keys(settings: Settings) -> Keyring:
    """From the environment; on a laptop with SQLite, from a file that is made once."""
    if settings.encryption_keys:
        return Keyring.parse(settings.encryption_keys.get_secret_value())
    if not settings.database.startswith("sqlite"):
        raise ConfigurationError(
            "encryption_keys is not set, and several replicas on PostgreSQL have to share the same keys",
            mend="Set LLM_COPILOT_ENCRYPTION_KEYS, or LLM_COPILOT_ENCRYPTION_KEYS_FILE. Make a key with: "
            "python3 -c 'import base64,os;print(\"k1:\"+base64.b64encode(os.urandom(32)).decode())'",
        )
    return Keyring.parse(local_keys(settings.data_dir / "encryption.key"))


class App:
    """The bot, put together."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        registry: Registry | None = None,
        replica: str | None = None,
        durable: Durable | None = None,
        slack: bool = False,
    ) -> None:
        """With `slack`, and a bot token in the settings, it joins the workspace; that needs a running loop."""
        self.settings = settings
        self.clock = clock
        self.registry = registry or Registry.discover()
        self.files = files = read_files(settings, self.registry)
        self.keys = keys = read_keys(settings)
        self.replica = replica or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.redactor = Redactor(_secrets(settings))
        self.tracing = Tracing(VERSION)
        self.database = database = Database(
            settings.database, pool_size=settings.database_pool_size, timeout=settings.database_timeout_seconds
        )
        self.audit = AuditTrail(AuditRepository(database, Chain(keys).genesis), keys, clock)
        self.directory = PeopleRepository(database)
        self.costs = CostRepository(database)
        self.runs = RunRepository(database, keys)
        self.replicas = ReplicaRepository(database)
        self.breakers = Breakers(on_change=_told)
        self.observatory = connect(settings, files.vocabulary, files.catalogue, self.breakers, clock)
        self.resources = Resources()
        self.policies = PolicyEngine(built_in(files.policies, self.costs))
        self.metrics = CollectorRegistry()
        token = settings.slack_bot_token if slack else None
        client = slack_client(token, settings.slack_api_url) if token else None
        slack_people = SlackDirectory(client, self.directory, clock) if client else None
        self.people = (
            People(slack_people, files.roles, clock, afresh=slack_people.afresh)
            if slack_people
            else People(self.directory, files.roles, clock)
        )
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
        limits = self._limits()
        self.checks = Checks(
            registry=self.registry,
            people=self.people,
            policies=self.policies,
            limits=limits,
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
        durable = durable or DbosDurable(settings.database, settings.data_dir, self.replica)
        self.approved = ApprovedRuns(self.door, self.desk, durable, self.dead_letters)
        self.station = self._station(durable)
        self.deliveries = DeliveryRepository(database, keys)
        self.conversations = ConversationRepository(database, keys)
        self.answers = AnswerRepository(database, keys)
        self.preferences = PreferenceRepository(database)
        self.memory = Memory(MemoryRepository(database, keys), None, clock)
        self.knowledge = Knowledge(settings.knowledge_dir, clock)
        self.suspended = SuspendedRepository(database, keys)
        self.models = models(settings)
        self.turns = self._turns(limits)
        self.upkeep = self._upkeep()
        self._furnish()
        self.slack = self._slack(client, slack_people) if client and slack_people else None
        self.http = self._http()
        self.port = 0
        self._learning_to_read: asyncio.Task[None] | None = None
        self._started_at = clock()

    async def start(self, *, whole: bool = False) -> None:
        """`whole` is a bot that stays; without it, a terminal's short visit."""
        if self.database.sqlite:
            await self.database.prepare()
        else:
            await self.database.require_current()
        if self.slack:
            await self.slack.introduce()
        await self.upkeep.start(whole=whole)
        if whole:
            await self.station.start(self.slack.workspace if self.slack else "")
            self._learning_to_read = asyncio.create_task(self._learn_to_read(), name="embedder")
            self.port = await self.http.start()
        if self.slack:
            await self.slack.connect()

    async def _learn_to_read(self) -> None:
        """It takes most of a second, and until then words alone do."""
        if self.settings.semantic:
            self.memory.embedder = await asyncio.to_thread(embedder, self.settings.data_dir / "semantic")

    async def close(self) -> None:
        """Let what runs end, write down what is waiting, and go; a part that fails does not keep the others."""
        async with AsyncExitStack() as last_first:
            last_first.callback(self.tracing.close)
            last_first.push_async_callback(self.database.close)
            last_first.push_async_callback(self.observatory.close)
            if self._learning_to_read:
                last_first.push_async_callback(asyncio.wait, {self._learning_to_read})
            for model in self.models:
                last_first.push_async_callback(model.close)
            last_first.push_async_callback(self.upkeep.close)
            last_first.push_async_callback(self.audit.close)
            last_first.push_async_callback(self.approved.close)
            last_first.push_async_callback(self.runner.close, GRACE_SECONDS)
            last_first.push_async_callback(self.turns.close)
            if self.slack:
                last_first.push_async_callback(self.slack.close)
            last_first.push_async_callback(self.http.stop)
            last_first.callback(self.upkeep.rest)
            last_first.callback(self.station.clockwork.rest)

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: Settings, *, whole: bool = False) -> AsyncIterator[App]:
        app = cls(settings, slack=whole)
        try:
            await app.start(whole=whole)
            yield app
        finally:
            await app.close()

    @property
    def where(self) -> str:
        """Where people meet it, in a sentence."""
        if self.slack is None:
            slack = "It is in no Slack: set LLM_COPILOT_SLACK_BOT_TOKEN, or try `llm-copilot demo`."
        else:
            slack = f"It is in Slack ({self.settings.slack_mode} mode)."
        return f"{slack} Health and metrics are on port {self.port}."

    async def status(self) -> StatusOutput:
        """The bot as it sees itself; a part that does not answer is trouble, not an error."""
        trouble = []
        began = perf_counter()
        revision, replicas, pending, letters = "unknown", 0, 0, 0
        try:
            revision = await self.database.current() or "none"
            took = (perf_counter() - began) * 1_000
            replicas = len(await self.replicas.live())
            pending = len(await self.desk.store.find(states=(ApprovalState.PENDING,), limit=1_000))
            letters = len(await self.dead_letters.find(limit=1_000))
        except CopilotError as error:
            took = (perf_counter() - began) * 1_000
            trouble.append(str(error))
        breakers = {name: str(each.state) for name, each in self.breakers.snapshot().items()}
        trouble += [
            f"{name} is left alone for a while ({state})" for name, state in breakers.items() if state == "open"
        ]
        sources = await self.observatory.standing()
        trouble += [f"{name}: {said}" for name, said in sources.items() if said.startswith(DOWN)]
        if letters:
            trouble.append(f"{letters} dead letters wait for a decision")
        return StatusOutput(
            version=VERSION,
            healthy=not trouble,
            trouble=trouble,
            replica=self.replica,
            started_at=self._started_at,
            database=self.database.kind,
            database_ms=round(took, 2),
            schema_revision=revision,
            replicas=replicas,
            running=self.runner.running,
            pending_approvals=pending,
            dead_letters=letters,
            breakers=breakers,
            sources=dict(sources),
        )

    # ------------------------------------------------------------ within

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

    def _turns(self, limits: Limits) -> Turns:
        files, clock = self.files, self.clock
        words = {name: each.words for name, each in files.vocabulary.metrics.items()}
        invoking = Invoking(self.door, self.registry, clock)
        thinker = Thinker(
            self.models,
            invoking,
            Toolbox(self.registry, files.roles, self.policies, clock),
            limits=ThinkingLimits.for_models(self.models, answer_tokens=self.settings.model_max_tokens),
            ledger=DailyLedger(self.costs, files.policies.budgets, clock),
            redactor=self.redactor,
            clock=clock,
        )
        deliberating = Deliberating(thinker, self.memory, self.suspended, self.desk, limits, clock)
        return Turns(
            invoking=invoking,
            language=Language(self.registry, files.catalogue, Lexicon(files.catalogue, words, files.names)),
            people=self.people,
            preferences=self.preferences,
            threads=Threads(self.conversations, clock),
            suspended=self.suspended,
            memory=self.memory,
            deliberating=deliberating if self.models else None,
            clock=clock,
        )

    def _station(self, durable: Durable) -> Station:
        settings = self.settings
        watches, alerts = WatchRepository(self.database, self.keys), AlertRepository(self.database, self.keys)
        return Station(
            self.observatory,
            Stores(watches, alerts, watches.commit, (watches.purge, alerts.purge)),
            durable,
            self.approved.launch,
            Wishes(
                settings.watch_channel or "",
                tuple(name for each in settings.watch_environments.split(",") if (name := each.strip())),
                settings.alerts_per_day,
                time.fromisoformat(settings.digest_at),
                settings.digest_timezone,
            ),
            self.clock,
        )

    def _upkeep(self) -> Upkeep:
        async def old_deliveries(now: datetime) -> int:
            return await self.deliveries.purge(now - DELIVERIES_KEPT)

        async def old_answers(now: datetime) -> int:
            return await self.answers.purge(now - ANSWERS_KEPT)

        return Upkeep(
            replicas=self.replicas,
            runs=self.runs,
            runner=self.runner,
            desk=self.desk,
            approved=self.approved,
            audit=self.audit,
            expiring=(
                *(old_deliveries, old_answers, self.conversations.expire, self.memory.expire, self.suspended.purge),
                self.station.expire,
            ),
            times=Times(
                self.settings.heartbeat_seconds,
                timedelta(seconds=self.settings.replica_stale_seconds),
                timedelta(days=self.settings.audit_retention_days),
            ),
            clock=self.clock,
        )

    def _furnish(self) -> None:
        """What operations find in their context."""
        put = self.resources.put
        put(Registry, self.registry)
        put(RoleBook, self.files.roles)
        put(Catalogue, self.files.catalogue)
        put(Observatory, self.observatory)
        put(Checks, self.checks)
        put(People, self.people)
        put(ApprovalDesk, self.desk)
        put(ApprovedRuns, self.approved)
        put(AuditTrail, self.audit)
        put(DeadLetters, self.dead_letters)
        put(Runner, self.runner)
        put(RunStore, self.runs)
        put(SelfPortrait, self)
        put(DrillBook, DrillRepository(self.database))
        put(PersonalData, PrivacyRepository(self.database, self.keys))
        put(AnswerStore, self.answers)
        put(PreferenceStore, self.preferences)
        put(Knowledge, self.knowledge)
        put(Memory, self.memory)
        put(Recommender, self.memory)
        put(SpendingBook, self.costs)
        put(Budgets, self.files.policies.budgets)
        put(WatchStore, self.station.stores.watches)
        put(AlertStore, self.station.stores.alerts)
        put(AlertDesk, self.station.desk)
        put(Replays, self.station.scans)

    def _slack(self, client: AsyncWebClient, directory: SlackDirectory) -> SlackFace:
        settings = self.settings
        assert settings.slack_bot_token is not None
        face = SlackFace(
            SlackSettings(
                bot_token=settings.slack_bot_token,
                mode=settings.slack_mode,
                app_token=settings.slack_app_token,
                api_url=settings.slack_api_url,
                approvals_channel=settings.slack_approvals_channel,
                rate_factor=settings.slack_rate_factor,
            ),
            Brain(
                door=self.door,
                turns=self.turns,
                registry=self.registry,
                catalogue=self.files.catalogue,
                roles=self.files.roles,
                people=self.people,
                desk=self.desk,
                dead_letters=self.dead_letters,
                inbox=self.deliveries,
                answers=self.answers,
                cards=CardRepository(self.database),
                sessions=self.conversations,
                suspended=self.suspended,
                preferences=self.preferences,
                redactor=self.redactor,
                clock=self.clock,
                replica=self.replica,
                metrics=self.metrics,
                alerting=Alerting(
                    AlertCardRepository(self.database), self.station.stores.alerts, self.station.picturing
                ),
            ),
            directory,
            client,
        )
        self.upkeep.rounds += (face.round, self.station.round)
        if face.alerts:
            self.station.listen(face.alerts.moved)
            self.station.digesting.tell = face.alerts.tell
        return face

    def _http(self) -> HttpServer:
        settings = self.settings
        takes = self.slack is not None and settings.slack_mode == "http"
        app = http_app(
            self.slack.receive if self.slack and takes else None,
            settings.slack_signing_secret if takes else None,
            health=lambda: {"replica": self.replica},
            ready=self._ready,
            metrics=self.metrics,
            clock=self.clock,
            more=(webhooks([self._alertmanager()]),),
        )
        return HttpServer(app, host=settings.http_host, port=settings.http_port)

    def _alertmanager(self) -> Hook:
        """Its alerts come to the channel in which everything is watched; without one there is no place for them."""
        files, settings = self.files, self.settings
        taking = Alertmanager(files.vocabulary, files.catalogue, self.station.hear, self.clock)
        token = settings.alertmanager_token if settings.watch_channel else None
        return Hook("alertmanager", token, f"{PREFIX}ALERTMANAGER_TOKEN and {PREFIX}WATCH_CHANNEL", taking.take)

    async def _ready(self) -> Mapping[str, Part]:
        parts = {"slack": await self.slack.ready()} if self.slack else {}
        try:
            await self.database.current()
        except CopilotError as error:
            return {**parts, "database": Part(ok=False, detail=str(error))}
        return {**parts, "database": Part(ok=True)}

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


def _secrets(settings: Settings) -> list[str]:
    """Every secret of the settings, whole and in its parts, so that it is masked wherever it turns up."""
    found = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    keys = (settings.encryption_keys.get_secret_value() if settings.encryption_keys else "").split(",")
    password = urlsplit(settings.database).password or ""
    return [*found, *(key.partition(":")[2] for key in keys), password, unquote(password)]


def _told(status: BreakerStatus, before: BreakerState) -> None:
    """A dependency that is left alone, or taken up again, is news."""
    event = {BreakerState.OPEN: "circuit_opened", BreakerState.CLOSED: "circuit_closed"}.get(
        status.state, "circuit_tried"
    )
    log.warning(
        event,
        dependency=status.name,
        before=before,
        failures=status.failures,
        threshold=status.threshold,
        error=status.last_error,
    )
