from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import defaults
from bot.agent.meaning import Known, group_of, understand
from bot.catalogue import Catalogue
from bot.door.registry import Registry
from bot.guard.risk import Risk
from bot.ports import Json

REGISTRY = Registry.discover()
CATALOGUE = Catalogue.load(defaults.path("services.yaml"))


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("status", "status.self", {}),
        ("What is waiting for me?", "approvals.list", {}),
        ("help with approvals.decide", "help.show", {"operation": "approvals.decide"}),
        ("hello", "help.show", {}),
        ("approvals.list state=all", "approvals.list", {"state": "all"}),
        ("runs.list --everybody=yes", "runs.list", {"everybody": "yes"}),
        (
            'maintenance.drill environment=staging label="two words"',
            "maintenance.drill",
            {"environment": "staging", "label": "two words"},
        ),
    ],
)
def test_what_reads_or_is_said_exactly_is_run(text: str, operation: str, values: dict[str, Json]) -> None:
    found = understand(text, Known(REGISTRY, CATALOGUE))
    assert found.kind == "run"
    assert found.operation is not None
    assert (found.operation.name, found.values) == (operation, values)


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("run a drill in prod", "maintenance.drill", {"environment": "production"}),
        (
            'please rehearse a drill in staging called "friday"',
            "maintenance.drill",
            {"environment": "staging", "label": "friday"},
        ),
        ("approve apr-123abc", "approvals.decide", {"approval": "apr-123abc", "verdict": "approve"}),
        ("approvals.decide", "approvals.decide", {}),
        ("maintenance.drill staging", "maintenance.drill", {}),
        ('maintenance.drill label="open', "maintenance.drill", {}),
    ],
)
def test_what_changes_something_becomes_a_form_filled_in_as_far_as_known(
    text: str, operation: str, values: dict[str, Json]
) -> None:
    found = understand(text, Known(REGISTRY, CATALOGUE))
    assert found.kind == "form"
    assert found.operation is not None
    assert (found.operation.name, found.values) == (operation, values)
    assert found.why


@pytest.mark.parametrize("text", ["make coffee", "lunch at noon?", "¿qué?", "the", "…"])
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert understand(text, Known(REGISTRY, CATALOGUE)).kind == "unsure"


@given(st.text(max_size=200))
def test_no_free_sentence_runs_a_change(text: str) -> None:
    found = understand(text, Known(REGISTRY, CATALOGUE))
    if found.kind == "run" and found.operation is not None and found.operation.risk is not Risk.READ:
        assert text.strip().lower().startswith(found.operation.name)


def test_a_verb_behind_a_slash_command_is_an_operation_of_its_group_where_there_is_one() -> None:
    assert group_of("list state=all", "approvals", REGISTRY) == "approvals.list state=all"
    assert group_of("declare it burns", "incidents", REGISTRY) == "declare it burns"


def test_a_measure_is_no_wish_to_rate_something() -> None:
    found = understand("error rate of payments in prod", Known(REGISTRY, CATALOGUE, {"error_rate": ("error rate",)}))
    assert found.operation is not None
    assert found.operation.name == "metrics.query"
