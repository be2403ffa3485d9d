"""Being told, in Slack: asked for in words, looked over in a form, tried on the past, listed, paused and taken away."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.watch.watches import Watch, WatchKind, WatchState, WatchStore
from integrations.sandbox.slack.testing import Person, words


async def kept(app: App) -> list[Watch]:
    return list(await app.resources.get(WatchStore).find())


@pytest.mark.parametrize(
    ("said", "watched"),
    [
        (
            "alert me if payments errors go over 2 % for 5 minutes",
            "error rate of payments in production above 2 % for 5 min",
        ),
        (
            "ping me when p99.9 response time on search is over 800ms",
            "p99.9 latency of search in production above 800 ms",
        ),
        ("tell me when redis-cache logs 'OOM'", "log lines of redis-cache in production with 'OOM'"),
    ],
)
async def test_a_wish_in_words_is_looked_over_and_then_watched(
    watching: App, sre: Person, said: str, watched: str
) -> None:
    thread = await sre.says("#ops", f"@copilot {said}")
    asked = await thread.last(containing="please look it over")
    await sre.clicks(asked, "Fill in the form")
    modal = await sre.modal(containing="Metric")
    assert await sre.submits(modal) == {}
    answer = await thread.last(containing="now, and speak here")
    assert f"I watch {watched} now" in words(answer)
    (watch,) = await kept(watching)
    assert (watch.name, watch.channel, watch.state) == (watched, "C0OPS", WatchState.ACTIVE)


async def test_everything_is_watched_by_one_line(watching: App, sre: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.commands.PATIENCE", 30)
    await sre.runs("/watch", "everything in production", channel="#ops")
    assert await sre.submits(await sre.modal(containing="Metric")) == {}
    await sre.sees("#ops", containing="I watch everything in production now, and speak here")
    assert {watch.aim.metric for watch in await kept(watching)} == {"metrics", "slo", "logs", "traces"}


async def test_watch_this_opens_a_form_about_the_same(watching: App, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot p99 of checkout in prod over the last hour")
    answer = await thread.last(containing="P99 latency of checkout in production")
    await sre.clicks(answer, "Watch this")
    modal = await sre.modal(containing="Metric")
    assert (modal.value("Metric"), modal.value("Service")["text"]["text"]) == ("latency", "Checkout (checkout)")
    assert await sre.submits(modal) == {}
    await thread.last(containing="anything unusual in p99 latency of checkout in production")
    (watch,) = await kept(watching)
    assert (watch.aim.kind, watch.aim.quantile) == (WatchKind.ANOMALY, 0.99)


async def test_watch_it_means_what_was_asked_before(watching: App, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot errors of payments in prod in the last hour")
    await thread.last(containing="Error rate of payments in production")
    await sre.says(thread, "@copilot alert me if it goes above 3 %")
    asked = await thread.last(containing="please look it over")
    await sre.clicks(asked, "Fill in the form")
    assert await sre.submits(await sre.modal(containing="Metric")) == {}
    await thread.last(containing="error rate of payments in production above 3 %")


async def test_the_slash_command_lists_shows_tests_pauses_and_deletes(
    watching: App, sre: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.commands.PATIENCE", 30)
    await sre.runs("/watch", "create service=checkout metric=latency above=5", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="p95 latency of checkout in production above 5 s now")
    (watch,) = await kept(watching)
    await sre.runs("/watch", "list", channel="#ops")
    await sre.sees_ephemeral("#ops", containing=watch.id)
    await sre.runs("/watch", f"show {watch.id}", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="is watched")
    await sre.runs("/watch", f"test {watch.id} over the last hour", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="it would never have spoken")
    await sre.runs("/watch", f"pause watch={watch.id} until=2h", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="rests until")
    await sre.runs("/watch", "delete checkout latency", channel="#ops")
    assert await sre.submits(await sre.modal(containing="Watch")) == {}
    await sre.sees("#ops", containing="is not watched any more")
    assert [each.state for each in await kept(watching)] == [WatchState.DELETED]


async def test_a_mistake_is_said_at_once(watching: App, sre: Person) -> None:
    await sre.runs("/watch", "create service=chekout metric=latency", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="Did you mean checkout")
    assert await kept(watching) == []


async def test_what_is_said_of_a_watch_means_the_one_that_fits(watching: App, sre: Person) -> None:
    for metric in ("latency", "error_rate"):
        await sre.runs("/watch", f"create service=payments metric={metric}", channel="#ops")
        await sre.sees_ephemeral("#ops", containing=f"{metric.replace('_', ' ')} of payments in production now")
    thread = await sre.says("#ops", "@copilot make the payments latency watch more sensitive")
    await sre.clicks(await thread.last(containing="latency of payments"), "Fill in the form")
    modal = await sre.modal(containing="Sensitivity")
    assert modal.value("Sensitivity")["value"] == "high"
    assert await sre.submits(modal) == {}
    await thread.last(containing="has high sensitivity now")
    await sre.says(thread, "@copilot make the payments latency watch more sensitive")
    await thread.last(containing="high sensitivity already")
    await sre.says(thread, "@copilot stop watching payments")
    which = await thread.last(containing="Which one?")
    (errors,) = [each for each in await kept(watching) if each.aim.metric == "error_rate"]
    await sre.clicks(which, f"Delete {errors.name}")
    await thread.last(containing="is not watched any more")
    assert {each.aim.metric for each in await kept(watching) if each.state is WatchState.ACTIVE} == {"latency"}


async def test_a_watch_for_some_hours_only_is_said_to_be_none(watching: App, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot watch payments latency at night")
    await thread.last(containing="looks at all hours")
    await sre.runs("/watch", "payments latency at night", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="looks at all hours")
    assert (await sre.modal(containing="Metric")).open


async def test_who_silenced_something_is_told_and_it_is_ended_in_words(watching: App, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot silence payments for 2 hours")
    await sre.clicks(await thread.last(containing="please look it over"), "Fill in the form")
    modal = await sre.modal(containing="Alerts about payments would be silent here until")
    await sre.fills(modal, {"Reason": "deploying"})
    assert await sre.submits(modal) == {}
    await thread.last(containing="silent here until")
    await sre.says(thread, "@copilot who silenced payments?")
    said = words(await thread.last(containing="payments is silenced here by"))
    assert "SRE on call" in said
    assert "deploying" in said
    await sre.says(thread, "@copilot unsilence payments")
    await sre.clicks(await thread.last(containing="End a silence"), "Fill in the form")
    assert await sre.submits(await sre.modal(containing="Silence")) == {}
    await thread.last(containing="are told again")
