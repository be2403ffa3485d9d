from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import Refusal, Unavailable
from bot.guard import people
from bot.guard.people import Actor, ActorKind, Identity, People, Person
from bot.guard.roles import ListedPerson, Role, RoleBook, Standing
from storage.database import Database
from storage.repositories import PeopleRepository
from tests.conftest import START, MovedClock

BOOK = RoleBook(
    roles={name: Role(title=name) for name in ("member", "sre", "dev", "hook", "job")},
    everyone=("member",),
    people={
        "listed": ListedPerson(name="Lis", roles=("sre",)),
        "barred": ListedPerson(name="Bar", roles=("sre",), standing=Standing.DISABLED),
        "guest": ListedPerson(name="Gus", standing=Standing.GUEST),
    },
    groups={"S1": ("sre",), "S2": ("dev", "sre")},
    services={"webhook": ("hook",)},
    jobs={"upkeep": ("job",)},
)


class Directory:
    """Answers what it is told to, and counts."""

    def __init__(self, *known: Person) -> None:
        self.known = {person.id: person for person in known}
        self.asked = 0
        self.broken: Exception | None = None

    async def person(self, person_id: str) -> Person | None:
        self.asked += 1
        if self.broken:
            raise self.broken
        return self.known.get(person_id)


def people_of(directory: Directory, clock: MovedClock) -> People:
    return People(directory, BOOK, clock)


@pytest.mark.parametrize("kind", ActorKind)
async def test_whoever_is_not_known_does_not_act(kind: ActorKind, clock: MovedClock) -> None:
    with pytest.raises(Refusal, match="known") as error:
        await people_of(Directory(), clock).identify(Actor("x" * 500, kind))
    assert len(error.value.message) < 200
    assert error.value.mend


async def test_being_known_as_one_kind_is_not_being_known_as_another(clock: MovedClock) -> None:
    each = people_of(Directory(), clock)
    for name, kind in (("webhook", ActorKind.JOB), ("upkeep", ActorKind.PERSON), ("listed", ActorKind.SERVICE)):
        with pytest.raises(Refusal):
            await each.identify(Actor(name, kind))
    assert (await each.identify(Actor("webhook", ActorKind.SERVICE))).roles == {"hook"}
    assert (await each.identify(Actor("upkeep", ActorKind.JOB))).roles == {"job"}


@pytest.mark.parametrize(
    ("standing", "why"),
    [(Standing.DISABLED, "disabled"), (Standing.GUEST, "guest"), (Standing.EXTERNAL, "other organisation")],
)
async def test_only_active_members_act_whatever_their_roles(standing: Standing, why: str, clock: MovedClock) -> None:
    directory = Directory(Person("U1", "Ada", standing, roles=frozenset({"sre"}), groups=frozenset({"S1"})))
    with pytest.raises(Refusal, match=why) as error:
        await people_of(directory, clock).identify(Actor("U1"))
    assert error.value.mend


@pytest.mark.parametrize("person", ["barred", "guest"])
@pytest.mark.parametrize("known", [True, False])
async def test_whom_the_file_bars_does_not_act_whatever_the_directory_says(
    person: str, clock: MovedClock, *, known: bool
) -> None:
    directory = Directory(*([Person(person, "X")] if known else []))
    with pytest.raises(Refusal, match="may not act"):
        await people_of(directory, clock).identify(Actor(person))


async def test_whom_the_directory_bars_does_not_act_whatever_the_file_says(clock: MovedClock) -> None:
    with pytest.raises(Refusal, match="guest"):
        await people_of(Directory(Person("listed", "Lis", Standing.GUEST)), clock).identify(Actor("listed"))


async def test_roles_add_up_from_everyone_file_directory_and_groups(clock: MovedClock) -> None:
    directory = Directory(
        Person("listed", "Lis", roles=frozenset({"dev"})),
        Person("U2", "Bea", groups=frozenset({"S2", "S9"}), timezone="Europe/Berlin"),
    )
    each = people_of(directory, clock)
    assert (await each.identify(Actor("listed"))).roles == {"member", "sre", "dev"}
    bea = await each.identify(Actor("U2"))
    assert (bea.roles, bea.timezone, str(bea)) == (frozenset({"member", "dev", "sre"}), "Europe/Berlin", "Bea (U2)")


def test_a_name_that_is_the_id_is_said_once() -> None:
    assert str(Identity("sre", ActorKind.PERSON, "sre", frozenset())) == "sre"


@pytest.mark.parametrize(
    "error", [Unavailable("down"), OSError("reset"), TimeoutError(), ValueError("odd"), KeyError(1)]
)
async def test_a_lookup_that_fails_refuses(error: Exception, clock: MovedClock) -> None:
    directory = Directory(Person("U1", "Ada"))
    each = people_of(directory, clock)
    await each.identify(Actor("U1"))
    directory.broken = error
    for person in ("U1", "listed"):
        with pytest.raises(Refusal, match="cannot be looked up"):
            await each.identify(Actor(person), fresh=True)


async def test_the_cache_lasts_half_a_minute_and_fresh_passes_it_by(clock: MovedClock) -> None:
    directory = Directory(Person("U1", "Ada", roles=frozenset({"sre"})))
    each = people_of(directory, clock)
    await each.identify(Actor("U1"))
    directory.known["U1"] = Person("U1", "Ada")
    clock.move(seconds=29)
    assert "sre" in (await each.identify(Actor("U1"))).roles
    assert "sre" not in (await each.identify(Actor("U1"), fresh=True)).roles
    assert "sre" not in (await each.identify(Actor("U1"))).roles
    assert directory.asked == 2
    clock.move(seconds=30)
    await each.identify(Actor("U1"))
    assert directory.asked == 3
    each.forget("U1")
    await each.identify(Actor("U1"))
    assert directory.asked == 4


@pytest.mark.parametrize("now", ["disabled", "gone", "failing"])
async def test_a_fresh_no_is_remembered_over_a_cached_yes(now: str, clock: MovedClock) -> None:
    directory = Directory(Person("U1", "Ada"))
    each = people_of(directory, clock)
    await each.identify(Actor("U1"))
    match now:
        case "disabled":
            directory.known["U1"] = Person("U1", "Ada", Standing.DISABLED)
        case "gone":
            directory.known.clear()
        case _:
            directory.broken = Unavailable("down")
    for fresh in (True, False):
        with pytest.raises(Refusal):
            await each.identify(Actor("U1"), fresh=fresh)


async def test_the_cache_does_not_grow_without_end(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "CACHE_SIZE", 5)
    each = people_of(Directory(*(Person(f"U{number}", "x") for number in range(50))), clock)
    for number in range(50):
        await each.identify(Actor(f"U{number}"))
    assert len(each._cache) <= 5


async def test_the_kept_directory_gives_back_what_was_saved(database: Database) -> None:
    kept = PeopleRepository(database)
    ada = Person("U1", "Ada", Standing.EXTERNAL, frozenset({"S1", "S2"}), timezone="Asia/Tokyo")
    assert await kept.person("U1") is None
    await kept.save(ada, START, team_id="T1")
    assert await kept.person("U1") == ada
    await kept.bind("U1", "sre", "admin", START)
    await kept.bind("U1", "sre", "admin", START + timedelta(1))
    found = await kept.person("U1")
    assert found
    assert found.roles == {"sre"}
    await kept.save(Person("U1", "Ada L."), START)
    found = await kept.person("U1")
    assert found
    assert (found.name, found.standing, found.roles, found.groups) == (
        "Ada L.",
        Standing.ACTIVE,
        frozenset({"sre"}),
        frozenset(),
    )
    assert await kept.unbind("U1", "sre")
    assert not await kept.unbind("U1", "sre")
    assert await kept.ids() == ["U1"]
