"""Spans over OTLP, where the extra `otel` is installed and OTEL_EXPORTER_OTLP_ENDPOINT says whereto; else nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from bot.errors import ConfigurationError

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Tracing:
    """One for each app. The exporter reads the standard OTEL_ variables."""

    def __init__(self, version: str) -> None:
        self._provider: Any = _provider(version) if os.environ.get(ENDPOINT) else None
        self._tracer: Any = self._provider.get_tracer("llm-copilot", version) if self._provider else None

    @contextmanager
    def span(self, name: str, **attributes: str) -> Iterator[None]:
        """A span around a block; the names of people and parameters have no place in it."""
        if self._tracer is None:
            yield
            return
        with self._tracer.start_as_current_span(
            name, attributes={f"copilot.{key}": each for key, each in attributes.items()}
        ):
            yield

    def close(self) -> None:
        """Send what is left."""
        if self._provider:
            self._provider.shutdown()


def _provider(version: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            f"{ENDPOINT} = {os.environ[ENDPOINT]!r}, and OpenTelemetry is not installed ({error})",
            mend="Install the extra: pip install 'llm-copilot[otel]', or unset the variable.",
        ) from error
    provider = TracerProvider(
        resource=Resource.create({"service.name": "llm-copilot", "service.version": version}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
