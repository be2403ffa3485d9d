from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.agent.answers import Answer, AnswerState, Feedback
from bot.agent.events import Text, Trouble
from bot.errors import NotFound
from bot.keyring import Keyring
from storage.database import Database
from storage.repositories import AnswerRepository
from tests.conftest import KEYS, START

RING = Keyring.parse(KEYS)
LATER = START + timedelta(hours=1)
LAPSE = timedelta(days=1)
ASKED = Answer("ans-1", "k1", "T1", "C1", "17.5", "ada", False, "r1", START, "how are we?")
ENDED = replace(
    ASKED,
    events=(Text("Fine, *thanks*"), Trouble("but for <this>", reference="t-1")),
    ts="18.0",
    state=AnswerState.DONE,
    finished_at=LATER,
)


@pytest.fixture
def answers(database: Database) -> AnswerRepository:
    return AnswerRepository(database, RING)


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[AnswerRepository]]:
    """Two processes' worth: a pool of connections each."""
    databases = [Database(database_url) for _ in range(2)]
    yield [AnswerRepository(each, RING) for each in databases]
    for each in databases:
        await each.close()


# ---------------------------------------------------------------- one turn, one answer


async def test_of_many_that_open_a_key_all_get_the_one_that_is_kept(replicas: list[AnswerRepository]) -> None:
    opened = await asyncio.gather(
        *(replicas[n % 2].open(replace(ASKED, id=f"ans-{n}", replica=f"r{n}")) for n in range(12))
    )
    (kept,) = {each.id for each in opened}
    found = await replicas[0].get(kept)
    assert found
    assert found.replica in {f"r{n}" for n in range(12)}
    assert replace(found, replica="") == replace(ASKED, id=kept, replica="")
    for n in range(12):
        assert (await replicas[1].get(f"ans-{n}") is not None) == (f"ans-{n}" == kept)


async def test_whoever_takes_it_up_again_goes_on_with_what_was_said_and_with_the_same_message(
    answers: AnswerRepository,
) -> None:
    assert await answers.open(ASKED) == ASKED
    await answers.posted("ans-1", "C2", "18.0")
    again = await answers.open(replace(ASKED, id="ans-2", replica="r2", question="another", created_at=LATER))
    assert again == replace(ASKED, channel="C2", ts="18.0", replica="r2")
    assert await answers.open(replace(ASKED, replica="r3")) == replace(again, replica="r3"), "the same id, too"
    other = replace(ASKED, id="ans-3", key="k3")
    assert await answers.open(other) == other


async def test_an_answer_that_has_ended_comes_back_whole(answers: AnswerRepository) -> None:
    await answers.open(ASKED)
    await answers.finish(ENDED)
    assert await answers.get("ans-1") == ENDED
    assert await answers.at("C1", "18.0") == ENDED
    assert await answers.open(replace(ASKED, id="ans-2", replica="r9")) == replace(ENDED, replica="r9")
    for nowhere in (await answers.get("ans-2"), await answers.at("C1", "18.1"), await answers.at("C2", "18.0")):
        assert nowhere is None


async def test_what_was_forgotten_meanwhile_does_not_come_back_by_its_end(answers: AnswerRepository) -> None:
    await answers.open(ASKED)
    assert await answers.purge(LATER) == 1
    await answers.posted("ans-1", "C1", "18.0")
    await answers.finish(ENDED)
    assert await answers.get("ans-1") is None


async def test_half_a_character_does_not_keep_an_answer_from_being_kept(answers: AnswerRepository) -> None:
    cut = replace(ASKED, question="🎉\ud83c")
    await answers.open(cut)
    await answers.finish(replace(cut, events=(Text("\ud83c ok \x00"),), state=AnswerState.DONE))
    found = await answers.get("ans-1")
    assert found
    assert (found.question, found.events) == ("🎉?", (Text("? ok \x00"),))


# ---------------------------------------------------------------- Stop


async def test_stopping_is_heard_by_the_one_that_answers_until_it_has_ended(answers: AnswerRepository) -> None:
    await answers.open(ASKED)
    await answers.open(replace(ASKED, id="ans-2", key="k2"))
    assert await answers.stopping("r1") == []
    assert await answers.stop("ans-1")
    assert await answers.stop("ans-1"), "pressed twice"
    assert await answers.stopping("r1") == ["ans-1"]
    assert await answers.stopping("r2") == []
    taken = await answers.open(replace(ASKED, id="ans-3", replica="r2"))
    assert taken.state is AnswerState.STOPPING
    assert (await answers.stopping("r1"), await answers.stopping("r2")) == ([], ["ans-1"])
    await answers.finish(replace(taken, state=AnswerState.STOPPED, finished_at=LATER))
    assert await answers.stopping("r2") == []
    assert not await answers.stop("ans-1")
    assert not await answers.stop("ans-9")
    found = await answers.get("ans-1")
    assert found
    assert found.state is AnswerState.STOPPED


# ---------------------------------------------------------------- feedback


async def test_the_newest_word_of_a_person_counts_in_whichever_order_it_comes(answers: AnswerRepository) -> None:
    await answers.open(ASKED)
    up = Feedback("ans-1", "ada", "up", START)
    down = Feedback("ans-1", "ada", "down", LATER, "wrong", "It was “checkout”. 🎉")
    await answers.rate(up)
    await answers.rate(down)
    assert await answers.feedback("ans-1") == [down]
    await answers.rate(up)
    assert await answers.feedback("ans-1") == [down], "a word that was late is an old one"
    again = replace(down, verdict="up", reason="", correction="")
    await answers.rate(again)
    assert await answers.feedback("ans-1") == [again], "of two at once, the one that came last"
    await asyncio.gather(*(answers.rate(replace(up, person=f"p{n % 3}")) for n in range(9)))
    assert [each.person for each in await answers.feedback("ans-1")] == ["p0", "p1", "p2", "ada"]


async def test_a_word_that_is_taken_back_is_gone_and_those_of_others_stay(answers: AnswerRepository) -> None:
    await answers.open(ASKED)
    for person in ("ada", "bob"):
        await answers.rate(Feedback("ans-1", person, "up", START))
    await answers.unrate("ans-1", "ada")
    await answers.unrate("ans-1", "ada")
    await answers.unrate("ans-9", "bob")
    assert [each.person for each in await answers.feedback("ans-1")] == ["bob"]


async def test_what_is_not_kept_any_more_cannot_be_rated_and_that_is_said(answers: AnswerRepository) -> None:
    with pytest.raises(NotFound, match="'ans-1' is not kept any more") as error:
        await answers.rate(Feedback("ans-1", "ada", "up", START))
    assert error.value.mend


async def test_old_answers_go_with_what_people_thought_of_them(answers: AnswerRepository) -> None:
    for number in range(3):
        await answers.open(replace(ASKED, id=f"ans-{number}", key=f"k{number}", created_at=START + number * LAPSE))
        await answers.rate(Feedback(f"ans-{number}", "ada", "up", LATER))
    assert await answers.purge(START) == 0
    assert await answers.purge(START + 2 * LAPSE) == 2
    assert [bool(await answers.get(f"ans-{number}")) for number in range(3)] == [False, False, True]
    assert [len(await answers.feedback(f"ans-{number}")) for number in range(3)] == [0, 0, 1]


# ---------------------------------------------------------------- who may see it


@pytest.mark.parametrize(
    ("person", "channel", "private", "seen"),
    [
        ("ada", "C1", False, True),
        ("ada", "C2", True, True),
        ("ada", None, True, True),
        ("bob", "C1", False, True),
        ("bob", "C1", True, False),
        ("bob", "C2", False, False),
        ("bob", None, False, False),
    ],
)
def test_an_answer_is_seen_by_whoever_asked_and_where_it_stands(
    *, person: str, channel: str | None, private: bool, seen: bool
) -> None:
    assert replace(ASKED, private=private).visible_to(person, channel) is seen
