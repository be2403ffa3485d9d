"""A watch that is asked for once more: what is otherwise than was asked is said, and how to have it so."""

from __future__ import annotations

from bot.app import App
from tests.observatory.fakes import FakeLogs
from tests.operations.working import HERE, Furnished, kept, run, watch

NAME = "Anything unusual in p95 latency of checkout in production"


async def test_another_sensitivity_is_said_and_is_one_press_away(app: App) -> None:
    name = await watch(app)
    again = await run(app, "watches.create", **HERE, sensitivity="high")
    assert again["summary"] == f"{NAME} is watched here already."
    assert again["findings"][-1] == f"{NAME}: its sensitivity is medium, not high, until it is tuned."
    first = again["steps"][0]
    assert (first["label"], first["operation"]) == ("Tune latency to high", "watches.tune")
    assert (await run(app, first["operation"], **first["values"]))["watches"][0]["sensitivity"] == "high"
    assert (await kept(app, name)).sensitivity == "high"
    so = await run(app, "watches.create", **HERE, sensitivity="high")
    assert not [each for each in so["findings"] if "sensitivity" in each]


async def test_what_is_set_when_it_is_made_is_said_to_stay(app: App) -> None:
    name = await watch(app)
    again = await run(app, "watches.create", **HERE, every=300, name="mine")
    said = f"{NAME}: it looks every 60 s and it keeps its name; for another, delete it and ask again."
    assert again["findings"][-1] == said
    await run(app, "watches.delete", watch=name)
    anew = (await run(app, "watches.create", **HERE, every=300, name="mine"))["watches"][0]
    assert (anew["id"], anew["every"], anew["name"]) == (name, 300, "mine")
    so = await run(app, "watches.create", **HERE, every=300, name="mine")
    assert not [each for each in so["findings"] if "ask again" in each]
    assert await run(app, "watches.create", **HERE), "and who asks for nothing beside is told of nothing"


async def test_a_limit_has_no_sensitivity_to_tune(app: App) -> None:
    await watch(app, above=2)
    again = await run(app, "watches.create", **HERE, above=2, sensitivity="high")
    assert again["findings"][-1].endswith("it goes by a limit, whatever the sensitivity.")
    assert "watches.tune" not in [each["operation"] for each in again["steps"]]


async def test_of_everything_each_is_named(furnished: Furnished) -> None:
    app = await furnished({}, logs=FakeLogs())
    await run(app, "watches.create", kind="scan")
    again = await run(app, "watches.create", kind="scan", sensitivity="low", every=900)
    said = again["findings"]
    assert "The metrics of everything in production: its sensitivity is medium, not low, until it is tuned." in said
    assert [each["label"] for each in again["steps"]] == ["Tune metrics to low", "Tune logs to low", "Show them"]
