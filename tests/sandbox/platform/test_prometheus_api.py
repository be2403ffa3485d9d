"""The HTTP API answers in the shapes, codes and words that were recorded of a real Prometheus 2.42."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from integrations.sandbox.platform.prometheus.memory import MemoryStorage
from integrations.sandbox.platform.prometheus.server import app
from integrations.sandbox.platform.prometheus.storage import NAME, Metadata, RawSeries
from tests.prometheus_server import END_MS, START_MS, RealPrometheus

pytest_plugins = ["tests.prometheus_server"]

RECORDINGS: Final = Path(__file__).parent / "recordings" / "prometheus"
NOW: Final = datetime.fromtimestamp(1_795_267_663.972, UTC)
EXACT: Final = sorted(path.stem for path in RECORDINGS.glob("err_*.json") if path.stem != "err_timeout")
ALIKE: Final = sorted(path.stem for path in RECORDINGS.glob("*.json") if not path.stem.startswith("err_"))


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


def _recorded_series() -> list[RawSeries]:
    """What the recorded server knew, with an hour of samples each."""
    times = np.arange(0, 3_600_000, 5_000, dtype=np.int64) + round(NOW.timestamp() * 1000) - 3_599_000
    found = []
    for name in ("query_vector", "query_nonfinite"):
        for one in recorded(name)["body"]["data"]["result"]:
            value = float(one["value"][1])
            values = np.linspace(0, value, len(times)) if np.isfinite(value) else np.full(len(times), value)
            found.append(RawSeries(one["metric"], times, values))
    for job, value in (("prometheus", 1.0), ("shop", 1.0), ("deadjob", 0.0)):
        found.append(RawSeries({NAME: "up", "job": job, "instance": f"{job}:1"}, times, np.full(len(times), value)))
    return found


METADATA: Final = {
    "http_requests_total": Metadata("counter", "HTTP requests by service, route and status."),
    "up": Metadata("gauge", "Whether it answers."),
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    storage = MemoryStorage(_recorded_series(), METADATA)
    root = web.Application()
    root.add_subapp("/prometheus", app(storage, lambda: NOW))
    async with (
        TestServer(root) as server,
        httpx.AsyncClient(base_url=str(server.make_url("/prometheus")), verify=False) as found,
    ):
        yield found


async def replayed(client: httpx.AsyncClient, name: str) -> httpx.Response:
    request = recorded(name)["request"]
    return await client.request(request["method"], request["path"], params=request["params"], data=request["form"])


@pytest.mark.parametrize("name", EXACT)
async def test_an_error_is_word_for_word_what_prometheus_says(name: str, client: httpx.AsyncClient) -> None:
    said, wanted = await replayed(client, name), recorded(name)
    assert said.status_code == wanted["status"]
    assert said.headers["content-type"] == wanted["headers"]["Content-Type"]
    assert said.headers.get("allow") == wanted["headers"].get("Allow")
    assert (said.json() if wanted["body_kind"] == "json" else said.text) == wanted["body"]


@pytest.mark.parametrize("name", ALIKE)
async def test_an_answer_has_the_recorded_shape(name: str, client: httpx.AsyncClient) -> None:
    said, wanted = await replayed(client, name), recorded(name)
    assert said.status_code == wanted["status"]
    assert said.headers["content-type"] == wanted["headers"]["Content-Type"]
    if wanted["body_kind"] == "text":
        assert said.text == wanted["body"]
    else:
        assert _fits(said.json(), wanted["body"]) == []


BY_NAME: Final = frozenset({"metric", "labels", "annotations"})
"""Their keys are data."""


def _fits(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where the shapes differ; of two lists each of ours must be like one of theirs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        if path.rpartition(".")[2] in BY_NAME or theirs.keys() != ours.keys():
            data = path.rpartition(".")[2] in BY_NAME or path in ("data", ".data")
            kinds = {type(value) for value in ours.values()} <= {type(value) for value in theirs.values()}
            return [] if data and kinds else [f"{path}: {sorted(ours)} instead of {sorted(theirs)}"]
        return [problem for key in theirs for problem in _fits(ours[key], theirs[key], f"{path}.{key}")]
    if isinstance(theirs, list) and isinstance(ours, list):
        if bool(theirs) != bool(ours) and not path.startswith(".data.groups.rules"):
            return [f"{path}: {len(ours)} instead of {len(theirs)}"]
        tried = [[_fits(one, other, path) for other in theirs] for one in ours]
        return [min(problems, key=len)[0] for problems in tried if problems and all(problems)]
    number = (int, float)
    alike = isinstance(ours, number) and isinstance(theirs, number)
    return [] if alike or type(ours) is type(theirs) else [f"{path}: {ours!r} instead of {theirs!r}"]


def test_a_shape_that_differs_is_found() -> None:
    assert _fits({"a": [{"b": 1}]}, {"a": [{"b": 2.5}]}) == []
    assert _fits({"a": [{"b": "1"}]}, {"a": [{"b": 2.5}]}) == [".a.b: '1' instead of 2.5"]
    assert _fits({"a": [{"c": 1}]}, {"a": [{"b": 2.5}]}) == [".a: ['c'] instead of ['b']"]
    assert _fits({"a": []}, {"a": [1]}) == [".a: 0 instead of 1"]


async def test_no_time_left_is_a_503(client: httpx.AsyncClient) -> None:
    said = await client.get("/api/v1/query", params={"query": "up", "timeout": "0"})
    wanted = recorded("err_timeout")
    assert (said.status_code, said.json()) == (wanted["status"], wanted["body"])


async def test_metadata_is_by_metric_and_cut_to_a_limit(client: httpx.AsyncClient) -> None:
    every = (await client.get("/api/v1/metadata")).json()["data"]
    assert every["up"] == [{"type": "gauge", "help": "Whether it answers.", "unit": ""}]
    assert len((await client.get("/api/v1/metadata", params={"limit": 1})).json()["data"]) == 1


async def test_an_alert_says_since_when(client: httpx.AsyncClient) -> None:
    alerts = (await client.get("/api/v1/alerts")).json()["data"]["alerts"]
    [down] = [alert for alert in alerts if alert["labels"]["alertname"] == "InstanceDown"]
    assert down["state"] == "firing"
    assert down["labels"] == {
        "alertname": "InstanceDown",
        "instance": "deadjob:1",
        "job": "deadjob",
        "severity": "critical",
    }
    assert down["annotations"] == {"summary": "deadjob:1 does not answer"}
    assert down["value"] == "0e+00"
    assert datetime.fromisoformat(down["activeAt"]) < NOW


async def test_a_rule_group_is_filtered_by_kind(client: httpx.AsyncClient) -> None:
    for kind, types in (("alert", {"alerting"}), ("record", {"recording"}), ("", {"alerting", "recording"})):
        groups = (await client.get("/api/v1/rules", params={"type": kind})).json()["data"]["groups"]
        assert {rule["type"] for group in groups for rule in group["rules"]} == types
    assert (await client.get("/api/v1/rules", params={"type": "odd"})).status_code == 400


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {"query": "up", "time": "2026-03-18T13:00:00+01:00"}),
        ("query", {"query": "up", "time": "2026-03-18T12:30:00.25Z"}),
        ("query", {"query": "up", "time": "2026-02-30T12:30:00Z"}),
        ("query", {"query": "up", "timeout": "soon"}),
        ("query", {"query": "up", "timeout": "1e30"}),
        ("query_range", {"query": "up", "start": "", "end": "1", "step": "1"}),
        ("query_range", {"query": "up", "start": "1", "end": "later", "step": "1"}),
        ("query_range", {"query": "up", "start": "1", "end": "2", "step": "-1m"}),
        ("query_range", {"query": "up", "start": "1", "end": "2", "step": "often"}),
        ("query_range", {"query": "up", "start": "1", "end": "2", "step": "1e40"}),
        ("query_range", {"query": "up", "start": "0", "end": "10999", "step": "1"}),
        ("query_range", {"query": "up", "start": "0", "end": "11000", "step": "1"}),
        ("query_range", {"query": "up", "start": "0", "end": "11001", "step": "1"}),
        ("query_range", {"query": '"text"', "start": "0", "end": "11", "step": "1"}),
        ("query_range", {"query": "foo(", "start": "0", "end": "11", "step": "1"}),
        ("labels", {"match[]": "memory_bytes"}),
        ("labels", {"match[]": ["up", "memory_bytes{service='checkout'}"]}),
        ("labels", {"match[]": "{"}),
        ("labels", {}),
        ("label/service/values", {}),
        ("label/service/values", {"match[]": "http_requests_total{env='staging'}"}),
        ("label/__name__/values", {}),
        ("label/bad-name/values", {}),
        ("label/nothing/values", {}),
        ("series", {"match[]": ["up", "{__name__=~'memory_.*'}", "up"]}),
        ("series", {"match[]": "up[5m]"}),
        ("series", {"match[]": "{job=''}"}),
        ("series", {"match[]": "no_such_metric"}),
        ("series", {"match[]": "up", "start": "0", "end": "100"}),
        ("series", {}),
        ("metadata", {"limit": "many"}),
        ("rules", {"type": "odd"}),
        ("rules", {"type": "record"}),
    ],
)
async def test_parameters_are_understood_as_the_real_one_does(
    path: str, parameters: Mapping[str, Any], prometheus: RealPrometheus
) -> None:
    now = datetime.fromtimestamp(END_MS / 1000, UTC)
    window = {} if path in ("query", "query_range") else {"start": str(START_MS / 1000), "end": str(END_MS / 1000)}
    async with (
        TestServer(app(prometheus.storage, lambda: now)) as server,
        httpx.AsyncClient(verify=False) as client,
    ):
        ours = await client.get(str(server.make_url(f"/api/v1/{path}")), params={**window, **parameters})
        theirs = await client.get(f"{prometheus.url}/api/v1/{path}", params={**window, **parameters})
    assert ours.status_code == theirs.status_code, (ours.text, theirs.text)
    if path == "rules" and ours.is_success:
        return
    mine, real = ours.json(), theirs.json()
    if "parse error" in real.get("error", ""):
        mine, real = mine["errorType"], real["errorType"]
    assert mine == real
