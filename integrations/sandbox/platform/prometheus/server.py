"""The HTTP API of Prometheus over any store of samples; queries run in a thread, so that the loop stays free."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from bot.errors import InvalidInput
from integrations.sandbox.platform.prometheus import engine
from integrations.sandbox.platform.prometheus.answers import STATUS, failure, rendered, success
from integrations.sandbox.platform.prometheus.failures import QueryRefused, execution
from integrations.sandbox.platform.prometheus.functions import LABEL_NAME
from integrations.sandbox.platform.prometheus.parameters import duration_ms, invalid, moment_ms
from integrations.sandbox.platform.prometheus.parsing import selector
from integrations.sandbox.platform.prometheus.reading import Limits
from integrations.sandbox.platform.prometheus.rules import Rulebook
from integrations.sandbox.platform.prometheus.storage import Matcher, Storage

LONGEST_MS: Final = 120_000
RECENT_MS: Final = 3_600_000
"""What questions about labels cover when they name no window."""
AT_LEAST_ONE: Final = "must contain at least one non-empty matcher"
BUILD: Final = {
    "version": "2.42.0",
    "revision": "sandbox",
    "branch": "HEAD",
    "buildUser": "llm-copilot",
    "buildDate": "20230131-00:00:00",
    "goVersion": "go1.19.8",
}

Clock = Callable[[], datetime]
Form = Mapping[str, list[str]]


def app(world: Storage, clock: Clock) -> web.Application:
    """To be run alone or mounted under a path."""
    api = _Api(world, clock, Rulebook(world))
    application = web.Application(middlewares=[_failing])
    for path, answer in {
        "query": api.query,
        "query_range": api.query_range,
        "labels": api.labels,
        "series": api.series,
    }.items():
        application.router.add_get(f"/api/v1/{path}", answer)
        application.router.add_post(f"/api/v1/{path}", answer)
    application.router.add_get("/api/v1/label/{name}/values", api.values)
    application.router.add_get("/api/v1/metadata", api.metadata)
    application.router.add_get("/api/v1/rules", api.rules)
    application.router.add_get("/api/v1/alerts", api.alerts)
    application.router.add_get("/api/v1/status/buildinfo", api.build)
    application.router.add_get("/-/healthy", api.healthy)
    application.router.add_get("/-/ready", api.ready)
    return application


@web.middleware
async def _failing(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error in the form that Prometheus has for it."""
    try:
        return await handler(request)
    except QueryRefused as refused:
        return _json(failure(refused), STATUS[refused.kind])
    except InvalidInput as refused:  # what the store itself will not do
        return _json(failure(execution(refused.message)), STATUS["execution"])
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found\n")
    except web.HTTPMethodNotAllowed as refused:
        methods = sorted({*refused.allowed_methods, "OPTIONS"} - {"HEAD"})
        return web.Response(status=405, text="Method Not Allowed\n", headers={"Allow": ", ".join(methods)})


def _json(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, body=text.encode(), content_type="application/json")


async def _form(request: web.Request) -> Form:
    """What the address says, and a form that was posted."""
    found: dict[str, list[str]] = {}
    posted = await request.post() if request.method == "POST" else {}
    for name, value in [*posted.items(), *request.query.items()]:
        found.setdefault(name, []).append(str(value))
    return found


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


class _Api:
    """One method for each path."""

    def __init__(self, storage: Storage, clock: Clock, rulebook: Rulebook) -> None:
        self._storage = storage
        self._clock = clock
        self._rulebook = rulebook

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)

    async def query(self, request: web.Request) -> web.Response:
        form = await _form(request)
        at = moment_ms("time", _one(form, "time")) if _one(form, "time") else self._now_ms()
        limits, text = _limits(form), _one(form, "query")

        def work() -> str:
            return rendered(_named(lambda: engine.instant(text, self._storage, at, limits)), at)

        return _json(await asyncio.to_thread(work))

    async def query_range(self, request: web.Request) -> web.Response:
        form = await _form(request)
        start, end = moment_ms("start", _one(form, "start")), moment_ms("end", _one(form, "end"))
        if end < start:
            raise invalid("end", "end timestamp must not be before start time")
        step = duration_ms("step", _one(form, "step"))
        if step <= 0:
            problem = "zero or negative query resolution step widths are not accepted. Try a positive integer"
            raise invalid("step", problem)
        limits, text = _limits(form), _one(form, "query")

        def work() -> str:
            return rendered(engine.evaluate(text, self._storage, start, end, step, limits), end)

        return _json(await asyncio.to_thread(work))

    async def labels(self, request: web.Request) -> web.Response:
        return await self._over_matches(await _form(request), self._storage.label_names)

    async def values(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if not LABEL_NAME.fullmatch(name):
            raise QueryRefused("bad_data", f'invalid label name: "{name[:100]}"')
        return await self._over_matches(
            await _form(request), lambda wanted, start, end: self._storage.label_values(name, wanted, start, end)
        )

    async def _over_matches(self, form: Form, found_by: Callable[[list[Matcher], int, int], Any]) -> web.Response:
        """What any of the selectors finds, sorted; all there is without one."""
        start, end = self._window(form)
        wanted = _selectors(form) or [[]]

        def work() -> str:
            return success(sorted({value for one in wanted for value in found_by(one, start, end)}))

        return _json(await asyncio.to_thread(work))

    async def series(self, request: web.Request) -> web.Response:
        form = await _form(request)
        if not form.get("match[]"):
            raise QueryRefused("bad_data", "no match[] parameter provided")
        start, end = self._window(form)
        wanted = _selectors(form)

        def work() -> str:
            found = {tuple(sorted(one.items())) for each in wanted for one in self._storage.series(each, start, end)}
            return success([dict(labels) for labels in sorted(found)])

        return _json(await asyncio.to_thread(work))

    def _window(self, form: Form) -> tuple[int, int]:
        end = moment_ms("end", _one(form, "end")) if _one(form, "end") else self._now_ms()
        start = moment_ms("start", _one(form, "start")) if _one(form, "start") else end - RECENT_MS
        return start, end

    async def metadata(self, request: web.Request) -> web.Response:
        limit, metric = request.query.get("limit", ""), request.query.get("metric", "")
        if limit and not limit.lstrip("-").isdecimal():
            raise QueryRefused("bad_data", "limit must be a number")
        known = self._storage.metadata()
        names = [name for name in sorted(known) if metric in ("", name)]
        if limit and int(limit) >= 0:
            names = names[: int(limit)]
        return _json(
            success(
                {
                    name: [{"type": known[name].type, "help": known[name].help, "unit": known[name].unit}]
                    for name in names
                }
            )
        )

    async def rules(self, request: web.Request) -> web.Response:
        kind = request.query.get("type", "").lower()
        if kind not in ("", "alert", "record"):
            raise invalid("type", f'not supported value "{kind[:100]}"')
        return _json(await asyncio.to_thread(lambda: success(self._rulebook.groups(self._clock(), kind))))

    async def alerts(self, _: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(lambda: success(self._rulebook.alerts(self._clock()))))

    async def build(self, _: web.Request) -> web.Response:
        return _json(success(BUILD))

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Healthy.\n")

    async def ready(self, _: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Ready.\n")


def _selectors(form: Form) -> list[list[Matcher]]:
    try:
        return [selector(text) for text in form.get("match[]", [])]
    except QueryRefused as refused:
        empty = refused.message.endswith(AT_LEAST_ONE)
        raise invalid("match[]", f"match[] {AT_LEAST_ONE}" if empty else refused.message) from refused


def _named(work: Callable[[], engine.Answer]) -> engine.Answer:
    """What is wrong with the text of a query is said to be wrong with the parameter."""
    try:
        return work()
    except QueryRefused as refused:
        if "parse error: " in refused.message:
            raise invalid("query", refused.message) from refused
        raise


def _limits(form: Form) -> Limits:
    text = _one(form, "timeout")
    longest = min(LONGEST_MS, duration_ms("timeout", text)) if text else LONGEST_MS
    until = time.monotonic() + longest / 1000
    return Limits(expired=lambda: time.monotonic() >= until)
