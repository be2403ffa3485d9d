"""What people may ask for and nothing here does: said plainly, with what would be needed and what there is instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Absent:
    """In words: what is not here, what it needs, and which operations come near it."""

    what: str
    needs: str
    instead: tuple[str, ...] = ()


_TESTS: Final = Absent("Writing or running tests", "a test bench", ("services.show", "metrics.compare"))
_WORKFLOWS: Final = Absent("Workflows", "a workflow engine", ("deploys.list", "runs.list", "runbooks.list"))
_INCIDENTS: Final = Absent("An incident register", "the incident manager", ("status.overview", "metrics.explain"))
_CHANGES: Final = Absent("Changing what runs", "a system that deploys", ("deploys.list", "services.show"))
_SECURITY: Final = Absent(
    "Security posture (keys and their age, vulnerabilities, compliance)",
    "a source that knows secrets and findings",
    ("audit.search", "logs.search"),
)
_SUBJECTS: Final = (
    (
        re.compile(
            r"\b(?:api|access|signing) keys?\b.*\b(?:rotat|expir|old|age)|\bsecrets?\b.*\b(?:rotat|expir)"
            r"|\b(?:soc ?2|iso ?27001|hipaa|gdpr|pci)\b|\bcompliance (?:report|audit|status)\b|\bvulnerabilit|\bcves?\b"
        ),
        "security.posture",
    ),
)
"""Subjects of which nothing here knows anything, in whatever words they are asked for."""
ABSENT: Final[Mapping[str, Absent]] = {
    "security.posture": _SECURITY,
    "tests.generate": _TESTS,
    "tests.run": _TESTS,
    "tests.coverage": _TESTS,
    "deploy.start": _CHANGES,
    "deploy.rollback": _CHANGES,
    "scale.service": _CHANGES,
    "workflows.start": _WORKFLOWS,
    "workflows.define": _WORKFLOWS,
    "workflows.status": _WORKFLOWS,
    "workflows.cancel": _WORKFLOWS,
    "incidents.list": _INCIDENTS,
    "incidents.show": _INCIDENTS,
    "incidents.declare": _INCIDENTS,
    "incidents.update": _INCIDENTS,
    "incidents.resolve": _INCIDENTS,
    "incidents.postmortem": _INCIDENTS,
    "runbooks.run": Absent("Running a runbook", "the runbook runner", ("runbooks.list", "runbooks.show")),
}


def absent(operation: str, installed: Collection[str]) -> Absent:
    """Of what comes near it, only what is here."""
    known = ABSENT.get(operation, Absent(f"`{operation}`", "a module that brings it"))
    return Absent(known.what, known.needs, tuple(each for each in known.instead if each in installed))


def beyond(text: str) -> str:
    """The subject, where it is one of which nothing here knows anything."""
    said = text.lower()
    return next((name for pattern, name in _SUBJECTS if pattern.search(said)), "")
