"""The deploy API over HTTP: JSON in and out; a request is done whole or not at all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from bot.errors import Conflict, CopilotError, InvalidInput, NotFound
from bot.telemetry.signals import Change
from integrations.sandbox.platform.deploys import asked
from integrations.sandbox.platform.world import Fault, World

MOST_BYTES: Final = 64 * 1024
MOST_KEYS: Final = 10_000
ENDING: Final = timedelta(minutes=1)
"""An end waits for the next whole minute."""
_STATUSES: Final[tuple[tuple[type[CopilotError], HTTPStatus], ...]] = (
    (InvalidInput, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def app(world: World, clock: Callable[[], datetime]) -> web.Application:
    """To be mounted where its base url shall be."""
    return _Deploys(world, clock).application()


class _Deploys:
    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world, self._clock = world, clock
        self._done: OrderedDict[str, tuple[dict[str, Any], dict[str, Any]]] = OrderedDict()

    def application(self) -> web.Application:
        application = web.Application(middlewares=[_in_json], client_max_size=MOST_BYTES)
        application.add_routes(
            [
                web.get("/api/v1/health", self._health),
                web.get("/api/v1/deploys", self._deploys),
                web.get("/api/v1/versions", self._versions),
                web.post("/api/v1/actions", self._act),
                web.get("/api/v1/faults", self._faults),
                web.post("/api/v1/faults", self._inject),
                web.delete("/api/v1/faults/{id}", self._end),
            ]
        )
        return application

    # ---------------------------------------------------------------- reading

    async def _health(self, request: web.Request) -> web.Response:
        asked.nothing(_query(request))
        world = self._world
        return web.json_response(
            {
                "status": "ok",
                "product": "CoPilot sandbox deploys",
                "seed": world.seed,
                "now": _text(self._clock()),
                "services": len(world.services),
                "environments": list(world.environments),
            }
        )

    async def _deploys(self, request: web.Request) -> web.Response:
        """The newest first; what lies ahead has not happened yet."""
        now, world = self._clock(), self._world
        wanted = asked.deploys(_query(request), now, world.services, world.environments)
        found = [
            change for change in world.deploys(wanted.window, wanted.service, wanted.environment) if change.at <= now
        ]
        newest = found[::-1][: wanted.limit]
        return web.json_response(
            {"deploys": [_change(change) for change in newest], "total": len(found), "cut": len(found) > len(newest)}
        )

    async def _versions(self, request: web.Request) -> web.Response:
        now, world = self._clock(), self._world
        wanted = asked.versions(_query(request), world.environments)
        places = [(service, env) for env in world.environments if wanted in {"", env} for service in world.services]
        return web.json_response(
            {
                "at": _text(now),
                "versions": [
                    {
                        "service": service,
                        "environment": env,
                        "version": world.version_at(service, env, now),
                        "replicas": world.replicas_at(service, env, now),
                    }
                    for service, env in places
                ],
            }
        )

    async def _faults(self, request: web.Request) -> web.Response:
        asked.nothing(_query(request))
        now = self._clock()
        return web.json_response({"faults": [_fault(fault, now) for fault in self._world.faults()]})

    # ---------------------------------------------------------------- changing

    async def _act(self, request: web.Request) -> web.Response:
        asked.nothing(_query(request))
        wanted = asked.body(await request.read(), asked.ACTION_FIELDS)
        key = wanted.pop("idempotency_key", None)
        if key in self._done:
            before, answer = self._done[key]
            if before != wanted:
                raise Conflict(f"The key {asked.shown(key)} was used for another action.", mend="Take a fresh key.")
            return web.json_response(answer)
        change = self._world.act(**{"at": self._clock(), **wanted})
        answer = {"change": _change(change)}
        if key is not None:
            self._done[key] = (wanted, answer)
            if len(self._done) > MOST_KEYS:
                self._done.popitem(last=False)
        return web.json_response(answer, status=HTTPStatus.CREATED)

    async def _inject(self, request: web.Request) -> web.Response:
        asked.nothing(_query(request))
        wanted = asked.body(await request.read(), asked.FAULT_FIELDS)
        now = self._clock()
        at = asked.moment(wanted.pop("at"), "at") if "at" in wanted else now
        fault = self._world.inject(**wanted, at=at)
        return web.json_response({"fault": _fault(fault, now)}, status=HTTPStatus.CREATED)

    async def _end(self, request: web.Request) -> web.Response:
        """What is just ending ends once: a second rollback would lead further back."""
        asked.nothing(_query(request))
        now, name = self._clock(), request.match_info["id"]
        fault = next((one for one in self._world.faults() if one.id == name), None)
        if fault is None or fault.stop is None or not now < fault.stop <= now + ENDING:
            fault = self._world.end(name, now)
        return web.json_response({"fault": _fault(fault, now)})


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything that fails says so in JSON, with what to do."""
    try:
        return await handler(request)
    except CopilotError as error:
        status = next((code for kind, code in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        return web.json_response({"error": error.message, "mend": error.mend}, status=status)
    except web.HTTPException as error:
        mend = {
            HTTPStatus.NOT_FOUND: "GET deploys, versions, faults or health; POST actions or faults, below /api/v1/.",
            HTTPStatus.METHOD_NOT_ALLOWED: f"Allowed: {error.headers.get('Allow', '')}.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"Send {MOST_BYTES:,} bytes at most.",
        }.get(HTTPStatus(error.status), "")
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        answer = {"error": f"{request.method} {asked.shown(request.path)}: {error.reason}.", "mend": mend}
        return web.json_response(answer, status=error.status, headers=headers)


def _query(request: web.Request) -> dict[str, str]:
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise InvalidInput(f"{asked.shown(name)} stands there more than once.", mend="Give it once.")
    return dict(request.query)


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "at": _text(change.at),
        "finished_at": _text(change.finished_at) if change.finished_at else None,
        "kind": change.kind,
        "service": change.service,
        "environment": change.environment,
        "title": change.title,
        "version": change.version,
        "before": change.before,
        "by": change.by,
    }


def _fault(fault: Fault, now: datetime) -> dict[str, Any]:
    state = "coming" if now < fault.start else "over" if fault.stop is not None and fault.stop <= now else "active"
    return {
        "id": fault.id,
        "kind": fault.kind,
        "service": fault.service,
        "environment": fault.environment,
        "start": _text(fault.start),
        "stop": _text(fault.stop) if fault.stop else None,
        "size": fault.size,
        "version": fault.version,
        "state": state,
    }


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
