"""The port Changes over a small deploy API, which anybody can put before what they deploy with.

    GET /api/v1/deploys?start=<RFC 3339>&end=<RFC 3339>[&service=…][&environment=…]&limit=1000

    {"deploys": [{"id": "d-1042", "service": "checkout", "environment": "production", "at": "2026-03-18T15:04:00Z",
                  "finished_at": "2026-03-18T15:06:10Z",   null while it goes on, or where it is not known
                  "kind": "deploy",                        deploy, rollback, config, scale, restart, flush, failover
                  "version": "2.14.0", "before": "2.13.4", "by": "…", "title": "…"}],
     "cut": false}                                         true where older ones were left out

    GET /api/v1/versions[?environment=…]

    {"versions": [{"service": "checkout", "environment": "production", "version": "2.14.0"}]}

`start` is included and `end` is not. A change needs `id`, `service`, `environment` and `at`; a kind that is not known
is read as `other`, further fields are not read. A refusal is a 4xx with `{"error": "…"}` or plain text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

from bot.resilience import Shield
from bot.telemetry.signals import Change, Read, Window
from integrations.http.backend import Backend
from integrations.http.client import Clock, Http, now

MOST_CHANGES: Final = 1_000
Kind = Literal["deploy", "rollback", "config", "scale", "restart", "flush", "failover", "other"]
KINDS: Final[Mapping[str, Kind]] = {kind: kind for kind in get_args(Kind)}


class Deploys:
    """Implements `bot.telemetry.sources.Changes`."""

    def __init__(
        self, backend: Backend, shield: Shield | None = None, *, name: str = "deploys", clock: Clock = now
    ) -> None:
        self.name = name
        self._http = Http("Deploy API", backend, shield, clock)

    async def close(self) -> None:
        await self._http.close()

    async def ready(self) -> str:
        answer = await self._http.ask("/api/v1/versions", {}, _versions)
        return f"deploy API, {len(answer.value)} versions"

    async def changes(self, window: Window, *, service: str = "", environment: str = "") -> Read[tuple[Change, ...]]:
        fields = {"start": window.start.isoformat(), "end": window.end.isoformat(), "limit": str(MOST_CHANGES)}
        fields |= {name: value for name, value in (("service", service), ("environment", environment)) if value}
        answer = await self._http.ask("/api/v1/deploys", fields, _changes, what="The question for deploys")
        listed, cut = answer.value
        found = tuple(
            change
            for change in listed
            if change.at in window
            and (not service or change.service == service)
            and (not environment or change.environment == environment)
        )
        return Read(found, self.name, answer.at, took_ms=answer.took_ms, cut=cut)

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        fields = {"environment": environment} if environment else {}
        answer = await self._http.ask("/api/v1/versions", fields, _versions, what="The question for versions")
        found = {key: version for key, version in answer.value.items() if environment in {"", key[1]}}
        return Read(found, self.name, answer.at, took_ms=answer.took_ms)


def _changes(answer: Any) -> tuple[tuple[Change, ...], bool]:
    """In the order of time, and whether there were more."""
    listed = [_change(deploy) for deploy in answer["deploys"]]
    cut = answer.get("cut") is True or len(listed) > MOST_CHANGES
    return tuple(sorted(listed, key=lambda change: change.at)[-MOST_CHANGES:]), cut


def _change(deploy: Mapping[str, Any]) -> Change:
    kind = KINDS.get(str(deploy.get("kind", "deploy")), "other")
    service, version = str(deploy["service"]), str(deploy.get("version") or "")
    return Change(
        id=str(deploy["id"]),
        at=_moment(deploy["at"]),
        kind=kind,
        service=service,
        environment=str(deploy["environment"]),
        title=str(deploy.get("title") or f"{kind} of {service} {version}".rstrip()),
        version=version,
        before=str(deploy.get("before") or ""),
        by=str(deploy.get("by") or ""),
        finished_at=_moment(deploy["finished_at"]) if deploy.get("finished_at") else None,
    )


def _moment(text: str) -> datetime:
    """A time as RFC 3339 has it; one without a zone is taken for UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _versions(answer: Any) -> dict[tuple[str, str], str]:
    return {(str(each["service"]), str(each["environment"])): str(each["version"]) for each in answer["versions"]}
