"""One log line on its way through a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

ERROR: Final = "__error__"
DETAILS: Final = "__error_details__"


@dataclass(slots=True)
class Entry:
    """A line on its way through the stages. What is read first hides what comes later: parsed, metadata, stream."""

    line: str
    stream: dict[str, str]
    metadata: dict[str, str]
    parsed: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        for labels in (self.parsed, self.metadata, self.stream):
            if name in labels:
                return labels[name]
        return ""

    def has(self, name: str) -> bool:
        return name in self.parsed or name in self.metadata or name in self.stream

    def put(self, name: str, value: str) -> None:
        """A parsed label does not hide one of the stream: it is called …_extracted."""
        if name in self.stream or name in self.metadata:
            name += "_extracted"
        self.parsed[name] = value

    def write(self, name: str, value: str) -> None:
        """A formatted label takes the place of any other."""
        self.forget(name)
        self.parsed[name] = value

    def forget(self, name: str) -> None:
        for labels in (self.parsed, self.metadata, self.stream):
            labels.pop(name, None)

    def fail(self, kind: str, why: str) -> None:
        self.parsed[ERROR], self.parsed[DETAILS] = kind, why

    def labels(self) -> dict[str, str]:
        return {**self.stream, **self.metadata, **self.parsed}


Run = Callable[[Entry], bool]
