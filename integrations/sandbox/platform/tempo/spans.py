"""Spans as columns: what a query asks of them is computed for all of them at once, and only when asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np

from bot.telemetry.queries.traceql_parts import Field, Kind, Value
from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.tempo.drawing import OWN, Requests
from integrations.sandbox.platform.tempo.ids import Keys
from integrations.sandbox.platform.tempo.plan import TROUBLES, Plan
from integrations.sandbox.platform.tempo.setting import Flags, Setting
from integrations.sandbox.platform.tempo.words import described, models, text
from integrations.sandbox.platform.world.schedule import MINUTE
from integrations.sandbox.platform.world.shapes import Floats, Minutes

SECOND: Final = 1_000_000_000
WAY: Final = 0.0002
"""Seconds on the wire, each way; at most a part of a short call."""
WAY_SHARE: Final = 0.03
INHERITED: Final = 503
DATABASES: Final = frozenset({"postgres-main", "redis-cache"})

RESOURCE: Final = ("service.name", "service.version", "deployment.environment", "service.instance.id")
ATTRIBUTES: Final = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "server.address",
    "db.system",
    "db.statement",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "retry.attempt",
)
_SAME: Final = {
    "span:duration": "duration",
    "span:name": "name",
    "span:kind": "kind",
    "span:status": "status",
    "span:statusMessage": "statusMessage",
    "trace:duration": "traceDuration",
    "trace:rootName": "rootName",
    "trace:rootService": "rootServiceName",
}
_SERVER, _CLIENT = 60, 61  # slots of the spans' ids
_MODEL, _TOKENS = 50, 51


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """A value for each span out of a few; -1 where it has none."""

    codes: Minutes
    values: tuple[Value, ...]

    def at(self, index: int) -> Value | None:
        code = int(self.codes[index])
        return None if code < 0 else self.values[code]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A whole number for each span; of no meaning where it is not there."""

    values: Minutes
    there: Flags
    kind: Kind

    def at(self, index: int) -> Value | None:
        return Value(self.kind, int(self.values[index])) if self.there[index] else None


Column = Words | Numbers
Key = TypeVar("Key", bound=Hashable)


class Spans:
    """First the side of the callee of every request, then the side of the caller of those that have one."""

    def __init__(self, plan: Plan, setting: Setting, requests: Requests) -> None:
        self.plan, self.setting, self.requests = plan, setting, requests
        self.roots = int((requests.parent < 0).sum())
        inner = np.arange(self.roots, len(requests))
        self.row = np.concatenate([np.arange(len(requests)), inner])
        self.client = np.arange(len(self.row)) >= len(requests)
        self.trace = requests.trace[self.row]
        self.parent = np.concatenate(
            [np.full(self.roots, -1), np.arange(len(inner)) + len(requests), requests.parent[self.roots :]]
        )
        way = np.minimum(WAY, requests.seconds * WAY_SHARE)
        way[: self.roots] = 0.0
        self.start = self._nanoseconds(np.concatenate([requests.start + way, requests.start[inner]]))
        self.start += setting.first * MINUTE * SECOND
        self.duration = self._nanoseconds(np.concatenate([requests.seconds - 2 * way, requests.seconds[inner]]))
        self._columns: dict[Field, Column | None] = {}

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def _nanoseconds(seconds: Floats) -> Minutes:
        return np.rint(seconds * SECOND).astype(np.int64)

    @cached_property
    def ids(self) -> Keys:
        keys = self.requests.key[self.row]
        return np.where(self.client, ids.derived(keys, _CLIENT), ids.derived(keys, _SERVER))

    @cached_property
    def service(self) -> Minutes:
        """Whose span it is."""
        own = self.plan.service_of[self.requests.route]
        callers = own[self.requests.parent[self.roots :]]
        return np.concatenate([own, callers])

    @cached_property
    def fails(self) -> Flags:
        fails: Flags = self.requests.fails[self.row]
        return fails

    @cached_property
    def _order(self) -> tuple[Minutes, Minutes]:
        order = np.argsort(self.trace, kind="stable")
        return order, np.searchsorted(self.trace[order], np.arange(self.roots + 1))

    def members(self, trace: int) -> Minutes:
        """The spans of one trace."""
        order, begins = self._order
        members: Minutes = order[begins[trace] : begins[trace + 1]]
        return members

    # ---------------------------------------------------------------- columns

    def column(self, field: Field) -> Column | None:
        """What every span says to a field; nothing where no span could say anything."""
        if field not in self._columns:
            self._columns[field] = self._column(field)
        return self._columns[field]

    def _column(self, field: Field) -> Column | None:
        name = _SAME.get(field.name, field.name)
        if field.scope == "intrinsic":
            make = self._intrinsics.get(name)
            return make() if make else None
        if field.scope in {"span", ""} and name in ATTRIBUTES:
            make = self._attributes.get(name)
            return make() if make else self._said(name)
        if field.scope in {"resource", ""} and name in RESOURCE:
            return self._resources[name]()
        return None

    @cached_property
    def _intrinsics(self) -> dict[str, Callable[[], Column]]:
        everywhere = np.ones(len(self), dtype=np.bool_)
        return {
            "name": lambda: self._said("name"),
            "rootName": lambda: self._of_root(self._said("name")),
            "rootServiceName": lambda: self._of_root(self._services()),
            "kind": lambda: Words(self.client.astype(np.int64), (Value("kind", "server"), Value("kind", "client"))),
            "status": lambda: Words(self.fails.astype(np.int64), (Value("status", "unset"), Value("status", "error"))),
            "statusMessage": self._messages,
            "duration": lambda: Numbers(self.duration, everywhere, "duration"),
            "traceDuration": lambda: Numbers(self.duration[self.trace], everywhere, "duration"),
            "childCount": lambda: Numbers(
                np.bincount(self.parent[self.parent >= 0], minlength=len(self)), everywhere, "int"
            ),
            "trace:id": lambda: _distinct(self.trace, self.trace_id),
            "span:id": lambda: _distinct(self.ids, lambda key: f"{key:016x}"),
            "span:parentID": lambda: _distinct(
                np.where(self.parent >= 0, self.ids[self.parent], np.uint64(0)),
                lambda key: f"{key:016x}" if key else "",
            ),
            "instrumentation:name": lambda: Words(np.zeros(len(self), dtype=np.int64), (text("sandbox"),)),
        }

    @cached_property
    def _attributes(self) -> dict[str, Callable[[], Column]]:
        return {
            "http.response.status_code": self._codes,
            "retry.attempt": lambda: Numbers(
                self.requests.attempt[self.row], self.client & (self.requests.attempt[self.row] > 0), "int"
            ),
            "gen_ai.request.model": lambda: self._models[0],
            "gen_ai.usage.input_tokens": lambda: self._models[1],
            "gen_ai.usage.output_tokens": lambda: self._models[2],
        }

    @cached_property
    def _resources(self) -> dict[str, Callable[[], Column]]:
        return {
            "service.name": self._services,
            "service.version": lambda: self._by_instance([run.version for run in self.setting.instances]),
            "service.instance.id": lambda: self._by_instance([run.name for run in self.setting.instances]),
            "deployment.environment": lambda: Words(
                np.zeros(len(self), dtype=np.int64), (text(self.setting.environment),)
            ),
        }

    def trace_id(self, trace: int) -> str:
        return ids.written(self.plan.nature.seed, int(self.requests.key[trace]))

    def _services(self) -> Words:
        return Words(self.service, tuple(map(text, self.plan.services)))

    def _by_instance(self, said: Sequence[str]) -> Words:
        rows = np.where(self.client, self.requests.parent[self.row], self.row)
        codes, values = _coded(said)
        return Words(codes[self.requests.instance[rows]], tuple(map(text, values)))

    def _of_root(self, words: Words) -> Words:
        return Words(words.codes[self.trace], words.values)

    def _said(self, name: str) -> Words:
        """What hangs only on the endpoint, its caller, and the side."""
        keys, each = np.unique(self._kinds, return_inverse=True)
        said = [self._kind(int(key)).get(name) for key in keys]
        codes, values = _coded([value for value in said if value])
        places = np.full(len(keys), -1)
        places[[place for place, value in enumerate(said) if value]] = codes
        return Words(places[each], tuple(values))

    @cached_property
    def _kinds(self) -> Minutes:
        """Endpoint, caller and side of each span in one number."""
        callers = np.full(len(self.requests), len(self.plan.services))
        callers[self.roots :] = self.service[len(self.requests) :]
        kinds: Minutes = (self.requests.route * (len(self.plan.services) + 1) + callers)[self.row] * 2 + self.client
        return kinds

    def _kind(self, key: int) -> dict[str, Value]:
        route, caller = divmod(key // 2, len(self.plan.services) + 1)
        called = self.plan.routes[route]
        name = (*self.plan.services, "")[caller]
        endpoint = called.endpoint
        return dict(described(called.name, endpoint.method, endpoint.name, name, client=bool(key % 2)))

    # ---------------------------------------------------------------- failures and models

    @cached_property
    def _outcomes(self) -> tuple[Minutes, tuple[tuple[int, str], ...]]:
        """For each request how it ended: a place among (status, message); 0 is well."""
        request, plan = self.requests, self.plan
        kinds = ((200, ""), *TROUBLES.values(), *((INHERITED, f"{name} failed") for name in plan.services))
        outcome = np.zeros(len(request), dtype=np.int64)
        rows = np.flatnonzero(request.fails & (request.cause == OWN))
        outcome[rows] = 1 + self.setting.trouble[plan.service_of[request.route[rows]], request.minute[rows]]
        bad = rows[self.setting.bad[request.instance[rows]]]
        outcome[bad] = 1 + plan.troubles["bad_deploy"]
        for row in np.flatnonzero(request.fails & (request.cause != OWN)):
            callee = plan.routes[request.route[row]].calls[request.cause[row]].callee
            outcome[row] = 1 + len(TROUBLES) + callee
        return outcome, kinds

    def _messages(self) -> Words:
        outcome, kinds = self._outcomes
        codes, values = _coded([message for _, message in kinds])
        return Words(np.where(self.client, codes[0], codes[outcome[self.row]]), tuple(map(text, values)))

    def _codes(self) -> Words:
        outcome, kinds = self._outcomes
        codes, values = _coded([status for status, _ in kinds])
        silent = np.array([name in DATABASES for name in self.plan.services])
        called = self.plan.service_of[self.requests.route][self.row]
        return Words(np.where(silent[called], -1, codes[outcome[self.row]]), tuple(Value("int", it) for it in values))

    @cached_property
    def _models(self) -> tuple[Words, Numbers, Numbers]:
        """The model that a request asks, and how much; one conversation keeps to one model."""
        request = self.requests
        known = list(dict.fromkeys(model.name for route in self.plan.routes for model in models(route)))
        code = np.full(len(request), -1)
        tokens = np.zeros((2, len(request)), dtype=np.int64)
        draws = ids.uniform(request.key, _MODEL)[request.trace]
        size = np.exp(ids.uniform(request.key, _TOKENS) - 0.5)
        for route in self.plan.routes:
            asked = models(route)
            rows = np.flatnonzero(request.route == route.number)
            if not asked or not len(rows):
                continue
            odds = np.cumsum([model.share for model in asked]) / sum(model.share for model in asked)
            chosen = np.minimum(np.searchsorted(odds, draws[rows], side="right"), len(asked) - 1)
            code[rows] = np.array([known.index(model.name) for model in asked])[chosen]
            for place, wanted in enumerate(("tokens_in", "tokens_out")):
                mean = np.array([getattr(model, wanted) for model in asked])[chosen]
                tokens[place, rows] = np.maximum(1, mean * size[rows])
        codes = np.where(self.client, -1, code[self.row])
        used_in, used_out = (Numbers(used[self.row], codes >= 0, "int") for used in tokens)
        return Words(codes, tuple(map(text, known))), used_in, used_out


def _coded(values: Sequence[Key]) -> tuple[Minutes, list[Key]]:
    """Each value's place among the distinct ones."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return np.array([places[value] for value in values], dtype=np.int64), list(places)


def _distinct(keys: Minutes | Keys, written: Callable[[int], str]) -> Words:
    distinct, codes = np.unique(keys, return_inverse=True)
    return Words(codes, tuple(text(written(int(key))) for key in distinct))
