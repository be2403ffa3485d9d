"""How a query fails: in the three ways that Prometheus tells apart."""

from __future__ import annotations

from typing import Literal

from bot.errors import InvalidInput

Kind = Literal["bad_data", "execution", "timeout"]


class QueryRefused(InvalidInput):
    """The message is worded as Prometheus words it; clients look for parts of it."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def execution(message: str) -> QueryRefused:
    return QueryRefused("execution", message)
