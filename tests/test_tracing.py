from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.errors import ConfigurationError
from bot.tracing import ENDPOINT, Tracing


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP, as a real collector does, and keeps what came."""

    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        """Be quiet."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, bytes]]]:
    received: list[tuple[str, bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Bound", (Collector,), {"received": received}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_an_endpoint_a_span_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    tracing = Tracing("1")
    with tracing.span("invoke", operation="x.y"):
        assert "opentelemetry.sdk.trace.export" not in sys.modules or tracing._tracer is None
    tracing.close()


def test_spans_reach_a_collector_at_the_latest_when_the_bot_stops(collector: list[tuple[str, bytes]]) -> None:
    tracing = Tracing("1")
    with tracing.span("invoke", operation="status.self"):
        pass
    tracing.close()
    ((path, body),) = collector
    assert path == "/v1/traces"
    for expected in (b"invoke", b"copilot.operation", b"status.self", b"llm-copilot"):
        assert expected in body


def test_an_endpoint_without_the_extra_stops_the_start_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match=r"llm-copilot\[otel\]"):
        Tracing("1")
