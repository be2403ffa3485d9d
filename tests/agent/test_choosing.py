"""Words of a name: one watch that fits is meant, several are asked about, and a step goes from where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.agent.choosing import Chosen, chosen, fit
from bot.agent.events import Choice, Choices, Text
from bot.door.outcomes import Done, Outcome, Refused
from bot.ports import Json
from tests.agent.test_meaning import KNOWN


def watch(name: str, number: int = 1, sensitivity: str = "medium", kind: str = "anomaly") -> dict[str, Json]:
    return {
        "id": f"wch-{number}",
        "name": name,
        "watches": name,
        "metric": "error_rate" if "error" in name else "latency",
        "service": name.partition(" of ")[2],
        "environment": "production",
        "sensitivity": sensitivity,
        "kind": kind,
    }


async def settled(operation: str, values: Mapping[str, Json], *watches: dict[str, Json]) -> Chosen:
    async def ask(name: str, given: Mapping[str, Json]) -> Outcome:
        assert (name, given) == ("watches.list", {})
        return Done({"watches": list(watches)}, name, "t", "r")

    return await chosen(KNOWN.names[operation], values, ask)


def offered(found: Chosen) -> list[tuple[str, str, Mapping[str, Any], bool]]:
    (choices,) = [each for each in found.said if isinstance(each, Choices)]
    return [(each.label, each.operation, each.values, each.form) for each in choices.choices]


LATENCY = watch("latency of payments", 1)
ERRORS = watch("error rate of payments", 2, "high")
SEARCH = watch("latency of search", 3, "low")


async def test_the_one_that_fits_is_meant() -> None:
    found = await settled("watches.delete", {"watch": "payments error_rate"}, LATENCY, ERRORS, SEARCH)
    assert found == Chosen({"watch": "wch-2"}, "it is about “error rate of payments”")


async def test_a_name_that_is_part_of_another_is_itself() -> None:
    longer = watch("latency of payments above 2 s", 4)
    found = await settled("watches.delete", {"watch": "latency of payments"}, LATENCY, longer)
    assert found.values == {"watch": "wch-1"}
    found = await settled("watches.delete", {"watch": "Latency of Payments"}, LATENCY, longer)
    assert found.values == {"watch": "wch-1"}, "whatever its letters"


async def test_of_several_it_is_asked_which() -> None:
    found = await settled("watches.delete", {"watch": "payments"}, LATENCY, ERRORS, SEARCH)
    assert offered(found) == [
        ("Delete latency of payments", "watches.delete", {"watch": "wch-1"}, False),
        ("Delete error rate of payments", "watches.delete", {"watch": "wch-2"}, False),
    ]


async def test_two_of_one_name_are_told_apart() -> None:
    found = await settled("watches.show", {"watch": "payments"}, LATENCY, {**LATENCY, "id": "wch-9"})
    assert [label for label, *_ in offered(found)] == ["latency of payments (wch-1)", "latency of payments (wch-9)"]


async def test_what_fits_in_part_is_offered_and_what_does_not_is_said() -> None:
    near = await settled("watches.delete", {"watch": "search error_rate"}, SEARCH)
    assert offered(near) == [("Delete latency of search", "watches.delete", {"watch": "wch-3"}, True)]
    seen = await settled("watches.show", {"watch": "search error_rate"}, SEARCH)
    assert offered(seen) == [("latency of search", "watches.show", {"watch": "wch-3"}, False)]
    none = await settled("watches.delete", {"watch": "cart"}, SEARCH)
    assert none.said[0] == Text("No watch is called so.")


@pytest.mark.parametrize("said", ["me like", "ate", "_", "pay.ents"])
async def test_a_word_fits_where_a_word_begins(said: str) -> None:
    assert fit(said, "latency of payments", "latency", "payments", "production") == 0
    found = await settled("watches.delete", {"watch": said}, LATENCY)
    assert found.said[0] == Text("No watch is called so.")


@pytest.mark.parametrize(
    ("said", "much"),
    [("pay", 1), ("Payments error_rate", 1), ("api", 1), ("chat-api prod", 1), ("chat latency", 0.5), ("", 0)],
)
def test_how_much_of_what_was_said_is_in_a_name(said: str, much: float) -> None:
    assert fit(said, "calls that fail", "error_rate", "chat-api payments", "production") == much


async def test_a_step_goes_from_where_the_watch_stands() -> None:
    more = await settled("watches.tune", {"watch": "latency payments", "sensitivity": "more"}, LATENCY)
    assert more.values == {"watch": "wch-1", "sensitivity": "high"}
    less = await settled("watches.tune", {"watch": "wch-1", "sensitivity": "less"}, LATENCY)
    assert less.values == {"watch": "wch-1", "sensitivity": "low"}


async def test_at_the_end_of_the_scale_there_is_no_step() -> None:
    more = await settled("watches.tune", {"watch": "error_rate", "sensitivity": "more"}, ERRORS)
    less = await settled("watches.tune", {"watch": "search", "sensitivity": "less"}, SEARCH)
    assert [str(each.said[0]).count("already") for each in (more, less)] == [1, 1]
    assert ("Silence it", "alerts.silence", {"watch": "wch-3"}, True) in offered(less)


async def test_a_limit_has_no_sensitivity() -> None:
    found = await settled(
        "watches.tune", {"watch": "wch-1", "sensitivity": "less"}, watch("latency of payments", kind="threshold")
    )
    assert "goes by a limit" in str(found.said[0])


async def test_each_of_several_steps_from_where_it_stands() -> None:
    found = await settled("watches.tune", {"watch": "payments", "sensitivity": "more"}, LATENCY, ERRORS)
    assert offered(found) == [
        ("Tune latency of payments", "watches.tune", {"watch": "wch-1", "sensitivity": "high"}, False),
        ("Tune error rate of payments", "watches.tune", {"watch": "wch-2"}, True),
    ]


async def test_more_than_fit_on_buttons_are_a_list() -> None:
    many = [watch(f"latency of payments {number}", number) for number in range(7)]
    found = await settled("watches.pause", {"watch": "payments", "until": "until 9"}, *many)
    assert len(offered(found)) == 6
    (choices,) = [each for each in found.said if isinstance(each, Choices)]
    assert choices.choices[-1] == Choice("Show all watches", operation="watches.list")
    assert choices.choices[0].values == {"watch": "wch-0", "until": "until 9"}


async def test_what_names_no_watch_is_left_as_it_is() -> None:
    async def never(name: str, _: Mapping[str, Json]) -> Outcome:
        raise AssertionError(name)

    kept: dict[str, dict[str, Json]] = {
        "logs.search": {"contains": "more"},
        "files.look": {"lines": ["less", "more"]},
        "watches.show": {"watch": "wch-1"},
    }
    for operation, values in kept.items():
        assert await chosen(KNOWN.names[operation], values, never) == Chosen(values)


async def test_who_may_not_look_gets_the_form_as_it_was_said() -> None:
    async def refused(name: str, _: Mapping[str, Json]) -> Outcome:
        return Refused("permission", "no", "", name, "t")

    found = await chosen(KNOWN.names["watches.tune"], {"watch": "payments", "sensitivity": "more"}, refused)
    assert found == Chosen({"watch": "payments"})
