"""The JSON model has what Grafana wants, and holds no query that is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.door.outcomes import Refused
from bot.errors import InvalidInput
from bot.observatory.dashboards import MOST_TITLE, Panel, dashboard
from tests.observatory.conftest import Watcher

PROM = Panel("p95", "sum(rate(up[5m]))", "promql")
LINES = Panel("lines", '{service="cart"} |= "x"', "logql")
COUNT = Panel("count", 'sum(count_over_time({service="cart"}[5m]))', "logql")
SLOW = Panel("slow", '{ resource.service.name = "cart" && duration > 1s }', "traceql")
EVERY = (PROM, LINES, COUNT, SLOW)


@given(st.lists(st.sampled_from(EVERY), max_size=30))
def test_panels_have_ids_of_their_own_and_do_not_overlap(panels: Sequence[Panel]) -> None:
    model = json.loads(json.dumps(dashboard("Mine", panels)))
    assert len({each["id"] for each in model["panels"]}) == len(panels)
    places = [each["gridPos"] for each in model["panels"]]
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= 24 for at in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above


@given(st.lists(st.sampled_from(EVERY), max_size=10))
def test_every_source_that_is_used_is_asked_for_once(panels: Sequence[Panel]) -> None:
    model = dashboard("Mine", panels)
    asked = [each["name"] for each in model["__inputs"]]
    used = {each["datasource"]["uid"].strip("${}") for each in model["panels"]}
    assert sorted(asked) == sorted(used)
    for each in model["panels"]:
        assert each["targets"][0]["datasource"] == each["datasource"]
    assert all(each["type"] == "datasource" and each["pluginId"] for each in model["__inputs"])


def test_each_kind_of_query_has_its_kind_of_panel() -> None:
    model = dashboard("Mine", EVERY)
    assert [each["type"] for each in model["panels"]] == ["timeseries", "logs", "timeseries", "table"]
    assert [each["targets"][0].get("expr", "") for each in model["panels"]] == [*(each.query for each in EVERY[:3]), ""]
    assert model["panels"][3]["targets"][0]["query"] == SLOW.query
    assert (model["id"], model["uid"], model["schemaVersion"] >= 36) == (None, None, True)


@pytest.mark.parametrize("language", ["promql", "logql", "traceql"])
def test_a_query_that_is_none_is_refused(language: str) -> None:
    with pytest.raises(InvalidInput):
        dashboard("Mine", [Panel("x", "sum((", language)])  # type: ignore[arg-type]


def test_titles_are_bounded() -> None:
    assert len(dashboard("Mine", [Panel("x" * 500, "up", "promql")])["panels"][0]["title"]) == MOST_TITLE


async def test_queries_are_given_or_there_are_none(watcher: Watcher) -> None:
    given = await watcher.runs(
        "dashboards.generate", title="Cart", queries=[{"query": "up"}, {"query": LINES.query, "language": "logql"}]
    )
    assert given.output["panels"] == 2
    assert [each["title"] for each in given.output["model"]["panels"]] == ["up", LINES.query]
    odd = (await watcher.runs("dashboards.generate", queries=[{"query": "select 1", "language": "sql"}])).outcome
    assert isinstance(odd, Refused)
    broken = (await watcher.runs("dashboards.generate", queries=[{"query": "sum(("}])).outcome
    assert broken.kind in {"failed", "refused"}
    none = (await watcher.runs("dashboards.generate")).outcome
    assert "no query in this conversation" in getattr(none, "message", "")
