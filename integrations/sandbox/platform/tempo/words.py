"""What the spans of the platform are called and carry: routes, statements, models, and what they say when they fail."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from bot.telemetry.queries.traceql_parts import Value
from integrations.sandbox.platform.tempo.plan import Route
from integrations.sandbox.platform.world.profiles import PROFILES, Model

TABLES: Final[Mapping[str, str]] = {
    "auth-service": "sessions",
    "checkout": "orders",
    "payments": "charges",
    "cart": "cart_items",
    "chat-api": "messages",
}
STATEMENTS: Final[Mapping[str, str]] = {
    "select": "SELECT * FROM {table} WHERE id = $1",
    "write": "INSERT INTO {table} VALUES ($1, $2, $3)",
    "commit": "COMMIT",
    "get": "GET {table}:?",
    "set": "SET {table}:? ? EX 300",
}
SYSTEMS: Final[Mapping[str, str]] = {"postgres-main": "postgresql", "redis-cache": "redis", "vector-db": "qdrant"}
ANSWERING: Final = ("completions", "chat", "embed", "batch", "embeddings", "moderate")
"""How the paths of endpoints end that ask a model themselves."""


def text(value: str) -> Value:
    return Value("string", value)


@lru_cache(maxsize=4_096)
def described(service: str, method: str, path: str, caller: str, *, client: bool) -> Mapping[str, Value]:
    """What is the same in every span of an endpoint: on the caller's side (`client`), or on its own."""
    system, statement = SYSTEMS.get(service, ""), STATEMENTS.get(path)
    said: dict[str, str] = {}
    if statement:
        said["db.statement"] = statement.format(table=TABLES.get(caller, caller))
        said["name"] = _operation(said["db.statement"], TABLES.get(caller, caller))
    else:
        said["name"] = f"{method} {service}" if client else f"{method} {path}"
        said["http.request.method"] = method
        if not client:
            said["http.route"] = path
    if system:
        said["db.system"] = system
    if client:
        said["server.address"] = service
    return {key: text(value) for key, value in said.items()}


def _operation(statement: str, table: str) -> str:
    verb = statement.split(maxsplit=1)[0]
    return verb if verb == "COMMIT" else f"{verb} {table}"


def models(route: Route) -> tuple[Model, ...]:
    """The models that an endpoint may ask."""
    last = route.endpoint.name.rpartition("/")[2]
    if last not in ANSWERING:
        return ()
    known = PROFILES[route.name].models
    embeds = "embed" in route.endpoint.name
    return tuple(model for model in known if model.name.startswith("embed") == embeds)
