"""Answers of the HTTP API as JSON: samples as pairs of a time and a string, errors with their type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from integrations.sandbox.platform.prometheus.engine import Answer
from integrations.sandbox.platform.prometheus.failures import Kind, QueryRefused
from integrations.sandbox.platform.prometheus.numbers import sample_value
from integrations.sandbox.platform.prometheus.storage import Floats, Milliseconds

STATUS: Final[Mapping[Kind, int]] = {"bad_data": 400, "execution": 422, "timeout": 503}


def success(data: Any) -> str:
    return '{"status":"success","data":' + _json(data) + "}"


def failure(refused: QueryRefused) -> str:
    return _json({"status": "error", "errorType": refused.kind, "error": refused.message})


def rendered(answer: Answer, at_ms: int) -> str:
    """Written by hand where it is much: a range answer has some hundred thousand samples."""
    if answer.kind == "string":
        result = f"[{_seconds(at_ms)},{_json(answer.text)}]"
    elif answer.kind == "scalar":
        result = _pairs(_moments(answer.series[0].times), answer.series[0].values)
    else:
        many = answer.kind == "matrix"
        known: dict[int, list[str]] = {}  # most series of a range share their times
        for one in answer.series:
            if id(one.times) not in known:
                known[id(one.times)] = _moments(one.times)
        result = ",".join(_series(one.labels, known[id(one.times)], one.values, many=many) for one in answer.series)
        result = f"[{result}]"
    return f'{{"status":"success","data":{{"resultType":"{answer.kind}","result":{result}}}}}'


def _series(labels: Mapping[str, str], moments: list[str], values: Floats, *, many: bool) -> str:
    pairs = _pairs(moments, values)
    return f'{{"metric":{_json(labels)},' + (f'"values":[{pairs}]}}' if many else f'"value":{pairs}}}')


def _pairs(moments: list[str], values: Floats) -> str:
    return ",".join([f'[{at},"{sample_value(value)}"]' for at, value in zip(moments, values.tolist(), strict=True)])


def _moments(times: Milliseconds) -> list[str]:
    return [_seconds(at) for at in times.tolist()]


def _seconds(at_ms: int) -> str:
    whole, rest = divmod(at_ms, 1000)
    return f"{whole}.{rest:03}" if rest else str(whole)


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
