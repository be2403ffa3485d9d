"""Answers of a real Loki, and a store of the lines that they show, so that the same questions can be asked again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from bot.telemetry.queries.logql import LineFilter, Matcher
from integrations.sandbox.platform.loki.stages import finder
from integrations.sandbox.platform.loki.store import Block, Times, Verdicts

RECORDINGS = Path(__file__).parent / "recordings" / "loki"
NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
NOW = datetime.fromtimestamp(1795267664.085, UTC)
STREAM = ("env", "level", "service", "service_name")
METADATA = ("detected_level", "pod", "trace_id")


def recording(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return answer


@dataclass(frozen=True)
class Lines:
    """Lines of one stream in memory."""

    labels: Mapping[str, str]
    times: Times
    texts: Sequence[str]
    known: Sequence[dict[str, str]]

    @property
    def constant(self) -> Mapping[str, str]:
        return {}

    @property
    def varying(self) -> frozenset[str]:
        return frozenset(name for known in self.known for name in known)

    def line(self, index: int) -> tuple[str, dict[str, str]]:
        return self.texts[index], dict(self.known[index])

    def verdicts(self, wanted: LineFilter) -> Verdicts:
        return np.array([finder(wanted)(text) for text in self.texts], dtype=np.int8)

    def bytes(self) -> int:
        return sum(len(text.encode()) for text in self.texts)


class Memory:
    """A store of such streams."""

    def __init__(self, lines: Iterable[tuple[Mapping[str, str], int, str, dict[str, str]]] = ()) -> None:
        self.lines = sorted(lines, key=lambda line: line[1])

    def blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Block]:
        for stream in self.streams(matchers, start, end):
            mine = [line for line in self.lines if line[0] == stream and start <= line[1] < end]
            times = np.array([line[1] for line in mine], dtype=np.int64)
            yield Lines(stream, times, [line[2] for line in mine], [line[3] for line in mine])

    def streams(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Mapping[str, str]]:
        found: list[Mapping[str, str]] = []
        for labels, at, _, _ in self.lines:
            fits = all(each.matches(labels.get(each.name, "")) for each in matchers)
            if start <= at < end and fits and labels not in found:
                found.append(labels)
        return found


def lines_of(*names: str) -> Memory:
    """What the answers show, put back into a store."""
    found: dict[tuple[int, str], tuple[Mapping[str, str], int, str, dict[str, str]]] = {}
    for name in names:
        for stream in recording(name)["body"]["data"]["result"]:
            shown = stream["stream"]
            for at, text, *more in stream["values"]:
                of = [label for label in shown if label in (*STREAM, "pod")]
                labels = {label: shown[label] for label in of if label != "pod" or shown["service"] != "payments"}
                known = {label: shown[label] for label in METADATA if label in shown and label not in labels}
                known |= more[0]["structuredMetadata"] if more else {}
                found[int(at), text] = (labels, int(at), text, known)
    return Memory(found.values())


@asynccontextmanager
async def client(app: web.Application) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with TestClient(TestServer(app)) as found:
        yield found


async def asked(to: TestClient[web.Request, web.Application], request: Mapping[str, Any]) -> ClientResponse:
    """Sends a recorded request again."""
    params = [
        (name, str(value))
        for name, values in (request["params"] or {}).items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return await to.request(
        request["method"],
        request["path"],
        params=params,
        data=request["form"],
        headers=request["headers"],
    )


def shape(body: object) -> object:
    """The keys and types of an answer, without what differs from run to run."""
    if isinstance(body, dict):
        return {name: shape(value) for name, value in body.items()}
    if isinstance(body, list):
        return [shape(body[0])] if body else []
    return "number" if isinstance(body, int | float) and not isinstance(body, bool) else type(body).__name__
