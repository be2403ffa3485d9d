"""The files and keys of an installation, read and checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot import defaults
from bot.catalogue import Catalogue, Model, load_model
from bot.config import Settings
from bot.door.registry import Registry
from bot.errors import ConfigurationError
from bot.guard.roles import RoleBook
from bot.guard.rules import PolicyBook
from bot.keyring import Keyring, local_keys
from bot.language.names import Names
from bot.telemetry.vocabulary import Vocabulary


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
