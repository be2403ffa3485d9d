"""Incidents in the shape that the public scorer gives them in: rows of logs and traces, no call graph."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tests.telemetry.platforms import Platform, draw

Injected = Literal["cpu", "delay", "return", "exception"]
Row = dict[str, str]
BEGIN = 1_700_000_000_000_000_000


def _pod(platform: Platform, i: int) -> str:
    return f"ts-{platform.names[i]}-7d9f5c-x2k8p"


class _Recorder:
    """Plays requests and writes down what a collector would: a client's span and a server's for each call."""

    def __init__(self, platform: Platform, dice: np.random.Generator, injected: Injected | None, culprit: int) -> None:
        self.platform, self.dice, self.injected, self.culprit = platform, dice, injected, culprit
        self.traces: list[Row] = []
        self.logs: list[Row] = []

    def request(self, number: int) -> None:
        self._serve(f"{number:032x}", 0, "root", float(BEGIN) + number * 2e8)

    def _span(self, trace: str, parent: str, i: int, name: str) -> Row:
        row = {
            "TraceID": trace,
            "SpanID": f"{len(self.traces):016x}",
            "ParentID": parent,
            "PodName": _pod(self.platform, i),
            "OperationName": name,
        }
        self.traces.append(row)
        return row

    def _close(self, row: Row, start: float, end: float) -> None:
        row |= {
            "StartTimeUnixNano": str(int(start)),
            "EndTimeUnixNano": str(int(end)),
            "Duration": str(int(end - start)),
        }

    def _say(self, i: int, text: str) -> None:
        line = f'{{"log":"2023-01-29 08:50:01.{len(self.logs) % 1000:03d} {text}\\n","stream":"stdout"}}'
        self.logs.append({"PodName": _pod(self.platform, i), "Log": line})

    def _serve(self, trace: str, i: int, parent: str, start: float) -> tuple[float, bool]:
        mine = self._span(trace, parent, i, f"POST /api/v1/{i}")
        hit = i == self.culprit
        own = float(self.platform.work[i] * self.dice.lognormal(0, 0.3)) * 1e9
        at, failed = start + own * (8 if hit and self.injected == "cpu" else 1), False
        self._say(i, f"INFO 1 --- [exec-{self.dice.integers(9)}] Controller : [serve][{trace}] begins")
        broken = hit and self.injected in {"return", "exception"}
        if broken and self.injected == "exception":
            self._say(i, "ERROR 1 --- [exec-1] Controller : java.lang.IllegalStateException: injected")
            failed = True
        for callee, times in self.platform.called_by(i):
            if len(self.traces) % 400 > 380 or self.dice.random() >= times or broken:
                continue
            client = self._span(trace, mine["SpanID"], i, f"HTTP POST {callee}")
            slow = 4e8 if self.injected == "delay" and self.culprit in (i, callee) else 0.0
            begun, wire = at, float(self.dice.lognormal(13, 0.3)) + slow
            at, failing = self._serve(trace, callee, client["SpanID"], at + wire / 2)
            at += wire / 2
            self._close(client, begun, at)
            if failing:
                self._say(i, f"ERROR 1 --- [exec-2] Controller : 500 from {self.platform.names[callee]}")
                failed = True
        self._close(mine, start, at)
        return at, failed


def public_case(seed: int, injected: Injected, *, count: int = 46, requests: int = 60) -> tuple[dict[str, Any], str]:
    dice = np.random.default_rng(seed)
    platform = draw(dice, count)
    culprit = int(dice.choice([i for i in platform.felt() if injected == "cpu" or platform.called_by(i)]))
    usual = _Recorder(platform, dice, None, -1)
    during = _Recorder(platform, dice, injected, culprit)
    for number in range(requests * 3):
        usual.request(number)
    for number in range(requests):
        during.request(number)
    services = [f"ts-{name}" for name in platform.names]
    normal: dict[tuple[str, str], Any] = {}
    abnormal: dict[tuple[str, str], Any] = {}
    for i, service in enumerate(services):
        for name, level in (
            ("CpuUsageRate(%)", 3.0),
            ("MemoryUsageRate(%)", 40.0),
            ("SyscallRead", 9e3),
            ("NetworkReceiveBytes", 5e4),
            ("PodServerLatencyP90(s)", 0.05),
            ("PodWorkload(Ops)", 4.0),
            ("PodSuccessRate(%)", 100.0),
        ):
            spread = 0.0 if name.startswith("PodSuccess") else 0.25
            normal[service, name] = level * dice.lognormal(0, spread, int(dice.integers(0, 60)))
            abnormal[service, name] = level * dice.lognormal(0, spread, 4)
            if i == culprit and injected == "cpu" and name.startswith("Cpu"):
                abnormal[service, name][1:] *= 8
    return {
        "id": f"{seed} {injected}",
        "fault": injected,
        "services": services,
        "normal": normal,
        "abnormal": abnormal,
        "svc_of": {key: key[0] for key in normal},
        "graph": None,
        "target": None,
        "logs": during.logs,
        "traces": during.traces,
        "ref_logs": usual.logs,
        "ref_traces": usual.traces,
    }, services[culprit]
