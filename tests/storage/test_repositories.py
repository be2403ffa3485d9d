from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from bot.agent.answers import Answer, Feedback
from bot.agent.inbox import LETTERS, Delivery
from bot.agent.suspended import Suspended
from bot.agent.threads import Key, Message
from bot.dead_letters import DeadLetter, LetterState
from bot.door.runs import Run, RunState
from bot.errors import Conflict, CopilotError
from bot.guard.approvals import Approval, ApprovalState, Decision, Route, Verdict
from bot.guard.canonical import parameters_hash
from bot.guard.limits import Rate
from bot.guard.people import Person
from bot.guard.risk import Risk
from bot.keyring import Keyring
from bot.memory.relevance import Kind
from bot.memory.store import Kept, Tier
from bot.ports import Json
from bot.watch.alerts import Judgement, Silence
from storage.database import Database
from storage.models import Base
from storage.repositories import (
    AlertRepository,
    AnswerRepository,
    ApprovalRepository,
    BucketRepository,
    ConversationRepository,
    CostRepository,
    DeadLetterRepository,
    DeliveryRepository,
    DrillRepository,
    MemoryRepository,
    PeopleRepository,
    PreferenceRepository,
    PrivacyRepository,
    ReplicaRepository,
    RunRepository,
    SuspendedRepository,
    WatchRepository,
)
from tests.conftest import KEYS, START
from tests.watch.made import SCAN, alert

RING = Keyring.parse(KEYS)
RUN = Run("run-1", "ada:k1", "x.do", "ada", "t1", START, "r1", "h", channel="C1")
LATER = START + timedelta(hours=1)


async def dump(database: Database) -> str:
    out = []
    async with database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            out += [f"{table.name} {tuple(row)!r}" for row in await connection.execute(table.select())]
    return "\n".join(out)


# ---------------------------------------------------------------- runs


async def test_of_many_that_claim_a_key_one_gets_it_and_the_rest_see_whose_it_is(database: Database) -> None:
    runs = RunRepository(database, RING)
    claimed = await asyncio.gather(*(runs.claim(replace(RUN, id=f"run-{number}")) for number in range(8)))
    (won,) = [run for run, fresh in claimed if fresh]
    assert {run for run, _ in claimed} == {won}
    assert await runs.get(won.id) == won
    assert await runs.get("run-x") is None


async def test_only_one_takes_up_what_another_left(database: Database) -> None:
    runs = RunRepository(database, RING)
    await runs.claim(RUN)
    taken = [each for each in await asyncio.gather(*(runs.retake(RUN, f"r{n}") for n in range(6))) if each]
    assert len(taken) == 1
    assert (taken[0].attempt, taken[0].state) == (2, RunState.RUNNING)
    assert await runs.get("run-1") == taken[0]


async def test_what_has_ended_meanwhile_is_not_run_again(database: Database) -> None:
    runs = RunRepository(database, RING)
    await runs.claim(RUN)
    await runs.finish(replace(RUN, state=RunState.DONE, outcome={"n": 1}, finished_at=LATER))
    assert await runs.retake(RUN, "r2") is None
    kept = await runs.get("run-1")
    assert kept
    assert (kept.state, kept.outcome, kept.finished_at) == (RunState.DONE, {"n": 1}, LATER)


async def test_a_run_that_was_stopped_and_is_tried_again_is_not_stopped_again(database: Database) -> None:
    runs = RunRepository(database, RING)
    await runs.claim(RUN)
    assert await runs.request_cancel("run-1")
    assert await runs.cancels("r1") == ["run-1"]
    assert await runs.cancels("r2") == []
    stopped = replace(RUN, state=RunState.CANCELLED, finished_at=LATER, cancel_requested=True)
    await runs.finish(stopped)
    assert not await runs.request_cancel("run-1")
    again = await runs.retake(stopped, "r1")
    assert again
    assert (again.cancel_requested, again.finished_at) == (False, None)
    assert await runs.get("run-1") == again
    assert await runs.cancels("r1") == []


async def test_a_replica_back_from_the_dead_does_not_overwrite_the_one_that_took_over(database: Database) -> None:
    runs = RunRepository(database, RING)
    await runs.claim(RUN)
    again = await runs.retake(RUN, "r2")
    await runs.finish(replace(RUN, state=RunState.FAILED))
    assert await runs.get("run-1") == again


async def test_orphans_are_the_runs_of_replicas_that_are_gone(database: Database) -> None:
    runs, replicas = RunRepository(database, RING), ReplicaRepository(database)
    for number, replica in enumerate(("r1", "r2", "r3")):
        await runs.claim(replace(RUN, id=f"run-{replica}", key=f"k{number}", replica=replica))
    for replica in ("r1", "r2"):
        await replicas.beat(replica, "host", START)
    await replicas.beat("r1", "host", LATER)
    assert [run.id for run in await runs.orphans()] == ["run-r3"]
    assert await replicas.bury(START) == []
    assert await replicas.bury(LATER) == ["r2"]
    assert {run.id for run in await runs.orphans()} == {"run-r2", "run-r3"}
    assert await runs.count_elsewhere("ada", "r1") == 2
    assert await runs.count_elsewhere("bob", "r1") == 0
    await replicas.leave("r1")
    assert await replicas.live() == []


async def test_runs_are_found_by_all_that_is_given_newest_first(database: Database) -> None:
    runs = RunRepository(database, RING)
    for number in range(4):
        run = replace(RUN, id=f"run-{number}", key=f"k{number}", started_at=START + timedelta(minutes=number))
        await runs.claim(replace(run, actor=("ada", "bob")[number % 2], replica=("r1", "r2")[number // 2]))

    async def ids(**by: object) -> list[str]:
        return [run.id for run in await runs.find(**by)]  # type: ignore[arg-type]

    assert await ids() == ["run-3", "run-2", "run-1", "run-0"]
    assert await ids(actor="ada") == ["run-2", "run-0"]
    assert await ids(replicas=["r1"], actor="bob") == ["run-1"]
    assert await ids(replicas=[]) == []
    assert await ids(states=[RunState.DONE]) == []
    assert await ids(limit=1) == ["run-3"]


# ---------------------------------------------------------------- the rest


async def test_a_drill_is_written_once_however_often_it_is_repeated(database: Database) -> None:
    drills = DrillRepository(database)
    wrote = [await drills.write("k", label="x", environment="staging", person="ada", at=START) for _ in range(3)]
    assert wrote == [True, False, False]
    assert len(await drills.all()) == 1


async def test_two_that_open_a_thread_at_once_get_the_same_session(database: Database) -> None:
    talks = ConversationRepository(database, RING)
    opened = await asyncio.gather(
        *(talks.open("T1", "C1", "1.0", by=f"p{n}", now=START, expires_at=LATER) for n in range(6))
    )
    assert len({session.id for session in opened}) == 1
    other = await talks.open("T1", "C2", "1.0", by="p", now=START, expires_at=LATER)
    assert other.id != opened[0].id


async def test_people_who_speak_at_once_lose_nothing(database: Database) -> None:
    talks = ConversationRepository(database, RING)
    session = await talks.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)
    await asyncio.gather(
        *(talks.say(session.id, Message("ada", "user", f"m{n}", START, token_count=2)) for n in range(10))
    )
    said, _ = await talks.page(session.id, None, 100)
    assert {message.content for message in said} == {f"m{n}" for n in range(10)}
    newest, before = await talks.page(session.id, None, 3)
    assert [message.content for message in newest] == [m.content for m in said[-3:]]
    older, none = await talks.page(session.id, before, 100)
    assert ([m.content for m in older], none) == ([m.content for m in said[:-3]], None)
    again = await talks.open("T1", "C1", "1.0", by="bob", now=LATER, expires_at=LATER)
    assert (again.token_count, again.opened_by) == (20, "ada")
    with pytest.raises(CopilotError):
        await talks.say("nowhere", Message("ada", "user", "x", START))


async def test_of_two_that_change_the_context_one_is_told(database: Database) -> None:
    talks = ConversationRepository(database, RING)
    session = await talks.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)
    after = await talks.remember(session, {"service": "checkout"})
    assert (after.context, after.version) == ({"service": "checkout"}, 2)
    with pytest.raises(Conflict, match="changed meanwhile"):
        await talks.remember(session, {"service": "search"})
    assert (await talks.remember(after, {})).version == 3


async def test_a_session_takes_its_messages_along_when_it_expires(database: Database) -> None:
    talks = ConversationRepository(database, RING)
    session = await talks.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)
    await talks.say(session.id, Message("ada", "user", "x", START))
    assert await talks.expire(LATER - timedelta(seconds=1)) == 0
    assert await talks.expire(LATER) == 1
    assert await talks.messages_of("ada") == []


async def test_preferences_come_back_as_they_were(database: Database) -> None:
    preferences = PreferenceRepository(database)
    values: dict[str, Json] = {"a": None, "b": False, "c": [1, {"é": "x"}], "d": 1.5, "e": ""}
    for name, value in values.items():
        await preferences.set("person:ada", name, "old", START)
        await preferences.set("person:ada", name, value, START)
    assert await preferences.all("person:ada") == values
    assert await preferences.all("person:bob") == {}
    assert await preferences.forget("person:ada") == 5


async def test_a_dead_letter_is_closed_by_one(database: Database) -> None:
    letters = DeadLetterRepository(database, RING)
    letter = DeadLetter("dl-1", "x", {"n": 1}, "failed", 3, "t", START)
    await letters.add(letter)
    await letters.add(replace(letter, error="again"))
    assert await letters.get("dl-1") == letter
    assert await letters.get("dl-2") is None
    closed = replace(letter, state=LetterState.DISCARDED, version=2, closed_at=LATER, closed_by="ada", note="no")
    assert sorted(await asyncio.gather(*(letters.swap(letter, closed) for _ in range(4)))) == [False] * 3 + [True]
    assert await letters.find(LetterState.OPEN, 10) == []
    assert await letters.find(None, 10) == [closed]


async def test_instants_come_back_in_utc_and_need_a_zone(database: Database) -> None:
    events = DrillRepository(database)
    there = datetime(2026, 3, 29, 4, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    await events.write("k", label="x", environment="e", person="p", at=there)
    (row,) = await events.all()
    assert row["at"] == there
    assert row["at"].tzinfo is UTC
    with pytest.raises((StatementError, CopilotError), match="no time zone"):
        await events.write("l", label="x", environment="e", person="p", at=there.replace(tzinfo=None))


# ---------------------------------------------------------------- one person, everywhere


def asked(number: int, requester: str) -> Approval:
    return Approval(
        id=f"apr-{number}",
        operation="x.do",
        parameters={},
        parameters_hash=parameters_hash("x.do", {}),
        risk=Risk.WRITE,
        environment=None,
        service=None,
        why=f"{requester} wants it",
        preview="",
        requester=requester,
        requester_kind="person",
        route=Route("test"),
        approvers="SRE",
        quorum=1,
        self_approval=False,
        created_at=START,
        expires_at=LATER,
        escalate_at=LATER,
        escalate_to="sre",
        idempotency_key=f"{requester}:k{number}",
    )


async def everything_of(database: Database, person: str) -> None:
    """A row of this person in every table that may have one."""
    directory, talks, runs = (
        PeopleRepository(database),
        ConversationRepository(database, RING),
        RunRepository(database, RING),
    )
    approvals = ApprovalRepository(database, RING)
    await directory.save(Person(person, f"{person} L."), START)
    await directory.save(Person("bob", "Bob"), START)
    await directory.bind(person, "sre", "bob", START)
    await directory.bind("bob", "sre", person, START)
    session = await talks.open("T1", "C1", "1.0", by=person, now=START, expires_at=LATER)
    await talks.say(session.id, Message(person, "user", f"I, {person}", START))
    await talks.say(session.id, Message("bob", "user", "hello", START))
    await runs.claim(replace(RUN, actor=person, key=f"{person}:k"))
    await runs.claim(replace(RUN, id="run-2", actor=person, key="approval:apr-1"))
    await approvals.add(asked(1, person))
    theirs = await approvals.add(asked(2, "bob"))
    no = Decision(person, "sre", Verdict.REJECT, f"because I, {person}, say so", START)
    await approvals.swap(
        theirs,
        replace(theirs, state=ApprovalState.REJECTED, version=2, decisions=(no,), ended_because=no.reason),
    )
    about = Kept(Kind.FINDING, Tier.LONG, f"person:T1:{person}", f"about {person}", 3, 0.6, START, person)
    await MemoryRepository(database, RING).add([about])
    private = Key("T1", "C1", f"command:{person}")
    await talks.open("T1", "C1", private.thread, by=person, now=START, expires_at=LATER)
    await SuspendedRepository(database, RING).put(
        Suspended("question", private, person, {}, created_at=START, expires_at=LATER)
    )
    await CostRepository(database).book(
        at=START, person=person, channel=None, workspace=None, operation="x", usd=1, tokens=1, trace_id="t"
    )
    await PreferenceRepository(database).set(f"person:{person}", "tone", "dry", START)
    await DrillRepository(database).write("k", label="x", environment="staging", person=person, at=START)
    letters = DeadLetterRepository(database, RING)
    letter = DeadLetter("dl-1", "x", {}, "failed", 1, "t", START)
    await letters.add(letter)
    await letters.swap(letter, replace(letter, state=LetterState.DISCARDED, version=2, closed_by=person))
    for asker in (person, "bob"):
        unhandled: Json = {"payload": {"user": asker, "text": f"{asker} asks"}}
        await letters.add(DeadLetter(f"dl-action:{asker}:1.2", LETTERS, unhandled, "failed", 3, "t", START))
    answers = AnswerRepository(database, RING)
    for number, asker in enumerate((person, "bob")):
        await answers.open(
            Answer(f"ans-{number}", f"k{number}", "T1", "C1", None, asker, False, "r1", START, f"{asker} asks")
        )
        await answers.rate(Feedback(f"ans-{number}", person, "down", START, f"says {person}", f"I, {person}, know it"))
        await answers.rate(Feedback(f"ans-{number}", "bob", "up", START))
    inbox = DeliveryRepository(database, RING)
    await inbox.add([Delivery(f"action:{person}:1.2:approve", "block_actions", {"user": person}, START)], "r1")
    await inbox.done([f"action:{person}:1.2:approve"], START)
    await WatchRepository(database, RING).add(replace(SCAN, created_by=person))
    alerts = AlertRepository(database, RING)
    seen = {"acknowledged_by": person, "acknowledged_at": START}
    await alerts.swap(None, alert(1, **seen, judgements=(Judgement("bob", "useful", START),)))
    await alerts.swap(None, alert(2, judgements=(Judgement(person, "noise", START),)))
    await alerts.silence(
        Silence("sil-1", LATER, person, START, reason=f"{person} knows", starts=LATER - timedelta(minutes=9))
    )
    if not database.sqlite:
        await BucketRepository(database).take({f"person:{person}": Rate(1, 1)}, 1.0)


async def test_an_erased_person_is_nowhere_and_what_must_stay_stays(database: Database) -> None:
    person = "ada-lovelace"
    await everything_of(database, person)
    privacy = PrivacyRepository(database, RING)
    held = await privacy.export(person)
    assert {name for name, rows in held.items() if not rows} == set(), "everything that is held is handed over"
    assert "v1.test." not in str(held)
    assert [each["question"] for each in held["answers"]] == [f"{person} asks"]
    assert {each["correction"] for each in held["feedback"]} == {f"I, {person}, know it"}
    assert [each["why"] for each in held["approvals"]] == [f"{person} wants it"]
    assert [each["reason"] for each in held["silences"]] == [f"{person} knows"]
    assert [each["name"] for each in held["watches"]] == [SCAN.name]
    watches, alerts = WatchRepository(database, RING), AlertRepository(database, RING)
    watch, seen = await watches.get(SCAN.id), await alerts.find()
    assert watch
    counts = await privacy.erase(person, "erased-1")
    assert all(counts.values()), counts
    assert person not in await dump(database)
    assert {name for name, rows in (await privacy.export(person)).items() if rows} == set()
    runs = RunRepository(database, RING)
    assert {run.key for run in await runs.find(actor="erased-1")} == {"erased-1:run-1", "approval:apr-1"}
    kept = await ApprovalRepository(database, RING).get("apr-2")
    assert kept
    assert (kept.state, kept.why, kept.decisions[0].person, kept.decisions[0].reason) == (
        ApprovalState.REJECTED,
        "bob wants it",
        "erased-1",
        "",
    )
    mine = await ApprovalRepository(database, RING).get("apr-1")
    assert mine
    assert (mine.why, mine.requester) == ("", "erased-1")
    assert len(await ConversationRepository(database, RING).messages_of("bob")) == 1
    answers = AnswerRepository(database, RING)
    assert await answers.get("ans-0") is None
    theirs = await answers.get("ans-1")
    assert theirs
    assert theirs.question == "bob asks"
    rated = {each.person: (each.verdict, each.reason, each.correction) for each in await answers.feedback("ans-1")}
    assert rated == {"bob": ("up", "", ""), "erased-1": ("down", "", "")}
    assert not await watches.swap(watch, watch.changed(every=30.0)), "who read the name before cannot write it back"
    assert [await alerts.swap(each, each.changed(START)) for each in seen] == [False, False]
    judged = {each.id: (each.acknowledged_by, each.judgements) for each in await alerts.find()}
    assert judged == {
        "alt-1": ("erased-1", (Judgement("bob", "useful", START),)),
        "alt-2": ("", (Judgement("erased-1", "noise", START),)),
    }
    (silence,) = await alerts.silences(START)
    assert (silence.created_by, silence.reason) == ("erased-1", "")
    assert silence.planned(START), "what is planned does not begin because somebody is forgotten"
    assert not any((await privacy.erase(person, "erased-1")).values())


async def test_a_name_that_begins_alike_is_somebody_else(database: Database) -> None:
    runs = RunRepository(database, RING)
    await runs.claim(replace(RUN, actor="ada", key="ada:k"))
    await runs.claim(replace(RUN, id="run-2", actor="ada%", key="ada%:k"))
    await PrivacyRepository(database, RING).erase("ada%", "erased-1")
    kept = await runs.get("run-1")
    assert kept
    assert (kept.actor, kept.key) == ("ada", "ada:k")
