"""Our evaluator and a real Prometheus give the same, over the same samples."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest
from aiohttp.test_utils import TestServer

from integrations.sandbox.platform.prometheus.server import app
from tests.prometheus_server import END_MS, START_MS, RealPrometheus
from tests.sandbox.platform import promql_ended
from tests.sandbox.platform.promql_expressions import EXPRESSIONS, ONLY_AT_A_MOMENT, REFUSED

pytest_plugins = ["tests.prometheus_server", "tests.sandbox.platform.promql_ended"]

MOMENTS: Final = tuple({"time": str(START_MS / 1000 + after)} for after in (3_600, 3_615.5, 6_030, 9_300))
"""On a sample, between two, in a gap, and after restarts."""
RANGES: Final = (
    {"start": str(START_MS / 1000 - 300), "end": str(END_MS / 1000 + 600), "step": "97.5"},
    {"start": str(START_MS / 1000), "end": str(END_MS / 1000), "step": "30s"},
)
TOLERANCE: Final = 1e-9
ORDERED: Final = ("sort", "topk", "bottomk")


@pytest.mark.parametrize("expression", EXPRESSIONS)
async def test_the_answer_is_prometheus_own(expression: str, prometheus: RealPrometheus) -> None:
    ranges = () if expression in ONLY_AT_A_MOMENT else RANGES
    await _agree(expression, prometheus, MOMENTS, ranges)


@pytest.mark.parametrize("expression", promql_ended.EXPRESSIONS)
async def test_what_has_ended_is_gone_when_it_is_for_prometheus(expression: str, ended: RealPrometheus) -> None:
    """Each scrape before, while and after pods are replaced; beyond the last sample, too."""
    start = ended.start_ms / 1000
    moments = [{"time": str(start + after)} for after in (1_200, 1_231.5, 1_262, 1_500, 1_830, 2_430, 3_600, 3_899)]
    ranges = [{"start": str(start), "end": str(ended.end_ms / 1000 + 400), "step": step} for step in ("15s", "97.5")]
    await _agree(expression, ended, moments, () if expression in promql_ended.ONLY_AT_A_MOMENT else ranges)


async def _agree(
    expression: str, real: RealPrometheus, moments: Sequence[Mapping[str, str]], ranges: Sequence[Mapping[str, str]]
) -> None:
    now = datetime.fromtimestamp(real.end_ms / 1000, UTC)
    async with (
        TestServer(app(real.storage, lambda: now)) as server,
        httpx.AsyncClient(verify=False) as client,
    ):
        for path, how in [*(("query", one) for one in moments), *(("query_range", one) for one in ranges)]:
            parameters = {"query": expression, **how}
            ours = await client.post(str(server.make_url(f"/api/v1/{path}")), data=parameters)
            theirs = await client.post(f"{real.url}/api/v1/{path}", data=parameters)
            assert ours.status_code == theirs.status_code, (parameters, ours.text, theirs.text)
            differences = list(_differences(ours.json(), theirs.json(), ordered=expression.startswith(ORDERED)))
            assert not differences, (parameters, differences[:3])


def test_there_are_as_many_as_the_issue_wants() -> None:
    assert len(set(EXPRESSIONS) - set(REFUSED)) > 170
    assert len(set(EXPRESSIONS)) == len(EXPRESSIONS)


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], *, ordered: bool) -> Iterator[str]:
    if theirs["status"] == "error":
        if ours["errorType"] != theirs["errorType"] or not _same_words(ours["error"], theirs["error"]):
            yield f"{ours} and {theirs}"
        return
    kind = theirs["data"]["resultType"]
    assert ours["data"]["resultType"] == kind
    if kind in ("scalar", "string"):
        if not _same_sample(ours["data"]["result"], theirs["data"]["result"]):
            yield f"{ours['data']['result']} and {theirs['data']['result']}"
        return
    mine, real = _by_labels(ours["data"]["result"]), _by_labels(theirs["data"]["result"])
    in_order = all(map(_same_sample, itertools.chain(*mine.values()), itertools.chain(*real.values())))
    if ordered and kind == "vector" and not in_order:
        yield f"the order is {mine}, not {real}"
    if mine.keys() != real.keys():
        yield f"too many: {mine.keys() - real.keys()}, missing: {real.keys() - mine.keys()}"
    for labels in mine.keys() & real.keys():
        pairs = zip(mine[labels], real[labels], strict=False)
        wrong = [(one, other) for one, other in pairs if not _same_sample(one, other)]
        if wrong or len(mine[labels]) != len(real[labels]):
            yield f"{labels}: {len(mine[labels])} and {len(real[labels])} samples, {wrong[:3]}"


def _same_words(ours: str, theirs: str) -> bool:
    """What is wrong with a text each parser says in its words; what fails as it runs, in the same."""
    return ours == theirs or ("parse error: " in ours and "parse error: " in theirs)


def _same_sample(one: list[Any], other: list[Any]) -> bool:
    if one[0] != other[0]:
        return False
    try:
        ours, theirs = float(one[1]), float(other[1])
    except ValueError:
        return bool(one[1] == other[1])
    both_nan = math.isnan(ours) and math.isnan(theirs)
    return both_nan or math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=0.0)


def _by_labels(series: list[Any]) -> dict[str, list[Any]]:
    found = {json.dumps(one["metric"], sort_keys=True): one.get("values") or [one["value"]] for one in series}
    assert len(found) == len(series)
    return found
