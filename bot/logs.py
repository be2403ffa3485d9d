"""The bot's own log: structured, with the trace id of the request, and without secrets."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

from bot.guard.redaction import Redactor
from bot.ports import Json

STRUCTLOG_OWN: Final = frozenset({"_record", "_from_structlog"})


def _masked(redactor: Redactor, value: object) -> Json:
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            return redactor.value({str(key): _masked(redactor, item) for key, item in value.items()}, personal=True)
        case list() | tuple() | set() | frozenset():
            return [_masked(redactor, item) for item in value]
        case _:
            # Lone surrogates could not be written to the stream.
            return redactor.text(str(value).encode("utf-8", "backslashreplace").decode(), personal=True)


def configure(redactor: Redactor, *, level: str, form: str, stream: TextIO | None = None) -> None:
    """Everything that is logged, by us or by a library, goes through the same processors to one stream."""

    def redact(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        masked = _masked(redactor, {key: value for key, value in event.items() if key not in STRUCTLOG_OWN})
        assert isinstance(masked, dict)
        return {**masked, **{key: event[key] for key in STRUCTLOG_OWN & event.keys()}}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    stream = stream or sys.stderr
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # A tick that finds the last one still at work is left out, by design; the scheduler warns of each.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
