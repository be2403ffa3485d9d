"""What can be named beside services: workflows, runbooks, suites and kinds of tests, by whatever words people use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Words = Annotated[tuple[str, ...], Field(default=())]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Runbook(_Strict):
    """`verbs` mean it by themselves ("restart the cart"), `loose_verbs` only beside `objects` ("clear the cache")."""

    aliases: Words
    verbs: Words
    loose_verbs: Words
    objects: Words


class Names(_Strict):
    """The whole file; values are further words for a name."""

    workflows: Mapping[str, tuple[str, ...]] = {}
    runbooks: Mapping[str, Runbook] = {}
    suites: Mapping[str, tuple[str, ...]] = {}
    test_kinds: Mapping[str, tuple[str, ...]] = {}
    metrics: Mapping[str, tuple[str, ...]] = {}
    """How people speak of a metric, beside what the vocabulary calls it."""
