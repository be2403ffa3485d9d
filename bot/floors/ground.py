"""The ground: settings, files, keys, the database, and the backends that are looked at."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from bot.catalogue import Catalogue
from bot.config import Settings
from bot.door.context import Resources
from bot.door.registry import Registry
from bot.floors.files import read_files, read_keys
from bot.guard.redaction import Redactor
from bot.guard.roles import RoleBook
from bot.observatory.observatory import Observatory
from bot.operations.maintenance import DrillBook
from bot.operations.privacy import PersonalData
from bot.ports import Clock, Durable
from bot.resilience import Breakers, BreakerState, BreakerStatus
from bot.tracing import Tracing
from integrations.telemetry import connect
from storage.database import Database
from storage.repositories import DrillRepository, PrivacyRepository

log = structlog.get_logger()
VERSION: Final = version("llm-copilot")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a house is built from; None is what is usual."""

    settings: Settings
    clock: Clock
    registry: Registry | None
    replica: str | None
    durable: Durable | None
    slack: bool
    """Join the workspace, if the settings have a bot token; that needs a running loop."""


class Ground:
    """What every floor stands on."""

    def __init__(self, plan: Plan) -> None:
        self.settings = settings = plan.settings
        self.clock = plan.clock
        self.registry = plan.registry or Registry.discover()
        self.files = read_files(settings, self.registry)
        self.keys = read_keys(settings)
        self.replica = plan.replica or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.redactor = Redactor(_secrets(settings))
        self.tracing = Tracing(VERSION)
        self.metrics = CollectorRegistry()
        self.database = Database(
            settings.database, pool_size=settings.database_pool_size, timeout=settings.database_timeout_seconds
        )
        self.breakers = Breakers(on_change=_told)
        self.observatory = connect(settings, self.files.vocabulary, self.files.catalogue, self.breakers, self.clock)
        self.resources = Resources()
        put = self.resources.put
        put(Registry, self.registry)
        put(RoleBook, self.files.roles)
        put(Catalogue, self.files.catalogue)
        put(Observatory, self.observatory)
        put(DrillBook, DrillRepository(self.database))
        put(PersonalData, PrivacyRepository(self.database, self.keys))


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
