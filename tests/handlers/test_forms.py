"""Every operation's input is a valid form, comes back as it was, and is refused in words at the field that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Self

import pytest
from annotated_types import Ge, Le, MaxLen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    create_model,
    model_validator,
)

from bot import defaults
from bot.catalogue import Catalogue, KnownEnvironment, Service, load_model
from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, operation
from bot.door.outcomes import Problem
from bot.door.registry import Registry
from bot.errors import InvalidInput, NotFound
from bot.guard.people import ActorKind, Identity
from bot.guard.redaction import Redactor
from bot.guard.risk import Risk
from bot.guard.roles import RoleBook
from handlers.buttons import OnAnswer, read
from handlers.forms import (
    Errors,
    Forms,
    FormScene,
    Place,
    Submission,
    ask_view,
    feedback_view,
    loading,
    paged,
    read_ask,
    read_feedback,
    response,
    told,
)
from handlers.widgets import NOT_SET
from tests.handlers.form_client import answered, field, judged, untouched

CATALOGUE = Catalogue.load(defaults.path("services.yaml"))
ROLES = load_model(defaults.path("roles.yaml"), RoleBook)
SHIPPED = Registry.discover()
SCENE = FormScene(timezone="Europe/Berlin", channel="C1", thread="1.2", answer="ans-1", key="k-1")
TOKEN = "xoxb-1234567890-abcdefghij"


class Said(Output):
    """Nothing."""


def of(model: type[Input], *, risk: Risk = Risk.READ, permission: str = "help:read") -> Operation[Any, Any]:
    async def function(wanted: Any, context: Any) -> Said:
        """Do what the test says."""
        return Said()

    function.__annotations__ = {"wanted": model, "context": Context, "return": Said}
    return operation("test.it", title="A test", permission=permission, risk=risk)(function)


def made(*operations: Operation[Any, Any], catalogue: Catalogue = CATALOGUE) -> Forms:
    return Forms(Registry(operations), catalogue, ROLES, Redactor())


def forms_of(model: type[Input], *, risk: Risk = Risk.READ, permission: str = "help:read") -> Forms:
    return made(of(model, risk=risk, permission=permission))


def shipped() -> Forms:
    return Forms(SHIPPED, CATALOGUE, ROLES, Redactor())


def sent(found: Submission | Errors) -> Submission:
    assert isinstance(found, Submission), found
    return found


def wrong(found: Submission | Errors) -> dict[str, str]:
    assert isinstance(found, Errors), found
    return {block.removeprefix("field:"): words for block, words in found.at.items()}


# ---------------------------------------------------------------- any operation, any input


@pytest.mark.parametrize("each", list(SHIPPED), ids=lambda each: each.name)
def test_every_operation_that_ships_has_a_valid_form(each: Operation[Any, Any]) -> None:
    view = judged(shipped().form(each.name, {}, SCENE))
    required = {f"field:{name}" for name, info in each.input.model_fields.items() if info.is_required()}
    found = shipped().read(untouched(view))
    if required:
        assert isinstance(found, Errors)
        assert set(found.at) == required
    else:
        assert each.input.model_validate(sent(found).values) == each.input()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    name: str
    size: int = 3


text = st.text(
    st.characters(
        exclude_categories=("Cs", "Cc"), exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
)
full = text.filter(lambda value: value.strip() != "")
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, full.map(lambda value: value[:200])),
    (Annotated[str, MaxLen(2_000)], full.map(lambda value: value[:2_000])),
    (int, st.integers(-(2**63) + 1, 2**63 - 1)),
    (Annotated[int, Ge(1), Le(200)], st.integers(1, 200)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (int | float, st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    (bool, st.booleans()),
    (Literal["a", "b", "c"], st.sampled_from(["a", "b", "c"])),
    (Literal[1, "1", True], st.sampled_from([1, "1", True])),
    (Literal["", "a", "b"], st.sampled_from(["", "a", "b"])),
    (Annotated[Literal["a", "b"], MaxLen(9)] | Literal["", "c"], st.sampled_from(["", "a", "b", "c"])),
    (Colour, st.sampled_from(Colour)),
    (date, st.dates()),
    (time, st.times()),
    (timedelta, st.timedeltas(timedelta(days=-9_999), timedelta(days=9_999))),
    (AwareDatetime, st.datetimes(datetime(1900, 1, 1), datetime(2300, 1, 1), timezones=st.timezones())),  # noqa: DTZ001
    (list[str], st.lists(full, min_size=1, max_size=5)),
    (tuple[int, ...], st.lists(st.integers(-99, 99), min_size=1, max_size=5).map(tuple)),
    (list[Literal["x", "y", "z"]], st.permutations(["x", "y", "z"]).map(lambda order: order[:2])),
    (frozenset[Literal["x", "y", "z"]], st.frozensets(st.sampled_from(["x", "y", "z"]), min_size=1)),
    (dict[str, int], st.dictionaries(full, st.integers(-99, 99), min_size=1, max_size=4)),
    (Inner, st.builds(Inner, name=full, size=st.integers(0, 9))),
    (list[Inner], st.lists(st.builds(Inner, name=full), min_size=1, max_size=3)),
    (tuple[int, str], st.tuples(st.integers(0, 9), full)),
    (Literal["all"] | tuple[str, ...], st.just("all") | st.lists(full, min_size=1, max_size=3).map(tuple)),
    (AnyUrl, st.just(AnyUrl("https://example.com/a?b=c"))),
]


@st.composite
def inputs(draw: st.DrawFn) -> tuple[type[Input], dict[str, Any]]:
    """A model of a few fields, and values for it, in JSON as they travel in a button."""
    chosen = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for number, (kind, strategy) in enumerate(chosen):
        name, adapter = f"f{number}", TypeAdapter(kind)
        how = draw(st.sampled_from(["required", "default", "nullable"]))
        value = draw(strategy)
        if how == "required":
            fields[name] = (kind, Field(description=draw(text)))
        elif how == "default":
            fields[name] = (kind, draw(strategy))
        else:
            fields[name] = (kind | None, draw(st.none() | strategy))
        if how == "required" or draw(st.booleans()):
            values[name] = adapter.dump_python(value, mode="json")
        elif how == "nullable" and draw(st.booleans()):
            values[name] = None
    return create_model("Made", __base__=Input, **fields), values


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(inputs(), st.timezones())
def test_what_a_form_shows_comes_back_as_it_was(drawn: tuple[type[Input], dict[str, Any]], zone: Any) -> None:
    model, values = drawn
    forms = forms_of(model)
    view = judged(forms.form("test.it", values, FormScene(timezone=zone.key)))
    assert "not filled in" not in json.dumps(view)
    found = sent(forms.read(untouched(view)))
    assert json.loads(json.dumps(found.values)) == found.values
    assert model.model_validate(found.values) == model.model_validate(values)


class Narrowed(Input):
    """What is left out fits everything."""

    environment: KnownEnvironment | Literal[""] = ""
    state: Literal["", "open", "over"] = ""


def test_an_optional_list_of_values_is_a_plain_menu_that_can_be_emptied_again() -> None:
    forms = forms_of(Narrowed)
    view = judged(forms.form("test.it", {"environment": "prod"}, SCENE))
    menu = field(view, "environment")["element"]
    assert [each["text"]["text"] for each in menu["options"]] == ["production", "staging", "development", "(not set)"]
    assert menu["initial_option"]["text"]["text"] == "production"
    assert [each["text"]["text"] for each in field(view, "state")["element"]["options"]] == [
        "open",
        "over",
        "(not set)",
    ]
    assert "JSON" not in json.dumps(view)
    filled = answered(view, environment={"type": menu["type"], "selected_option": menu["options"][-1]})
    assert Narrowed.model_validate(sent(forms.read(filled)).values) == Narrowed()


hostile = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=50)
    | st.sampled_from(["x" * 30_000, "\u202e", "<!channel>", "[" * 4_000, "9" * 5_000, "checkboxes", "value"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "selected_option", "selected_options", "selected_date_time", "x"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


class Everything(Input):
    """One of each."""

    names_people = frozenset({"person", "people"})
    line: str = "x"
    lines: list[str] = Field([])
    number: int = 1
    amount: Decimal = Decimal(1)
    flag: bool = False
    state: Literal["a", "b"] = "a"
    states: list[Literal["a", "b"]] = Field([])
    service: str | None = None
    services: list[str] = Field([])
    environment: str = "*"
    person: str | None = None
    people: list[str] = Field([])
    day: date | None = None
    clock: time | None = None
    since: AwareDatetime | None = None
    window: timedelta | None = None
    data: dict[str, Any] = Field({})
    anything: Any = None
    channel: str = Field("", json_schema_extra={"form": "channel"})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_hostile_submission_gives_errors_and_never_an_exception(data: st.DataObject) -> None:
    forms = forms_of(Everything, risk=Risk.DESTRUCTIVE)
    view = untouched(forms.form("test.it", {}, SCENE))
    state = view["state"]["values"]
    kinds = {block: actions["value"]["type"] for block, actions in state.items()}
    for block in data.draw(st.lists(st.sampled_from([*state, "field:nothing", "x" * 400]), max_size=4)):
        one = data.draw(hostile)
        kind = kinds.get(block)
        state[block] = data.draw(
            st.sampled_from([one, {"value": one}, {"value": {"type": kind, "value": one, "selected_option": one}}])
        )
    for key in data.draw(st.lists(st.sampled_from(["state", "blocks", "private_metadata", "id"]), max_size=1)):
        view[key] = data.draw(hostile)
    found = forms.read(view)
    if isinstance(found, Errors):
        assert all(0 < len(words) <= 600 for words in found.at.values())
        answer = response(found)
        if answer["response_action"] == "update":
            judged(answer["view"])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from([*Everything.model_fields, "unknown", ""]), hostile, max_size=5))
def test_a_form_is_valid_whatever_is_known_already(values: dict[str, Any]) -> None:
    forms = forms_of(Everything, risk=Risk.WRITE)
    forms.read(untouched(judged(forms.form("test.it", values, SCENE))))


# ---------------------------------------------------------------- what is carried


def test_a_submission_says_what_for_whom_and_where_to_answer() -> None:
    forms = shipped()
    view = forms.form("approvals.list", {"limit": 5}, SCENE)
    found = sent(forms.read(answered(view, state={"selected_option": {"value": "all"}})))
    assert found.operation == "approvals.list"
    assert found.values == {"state": "all", "mine": False, "limit": 5}
    assert found.place == Place("C1", "1.2", "ans-1")
    assert (found.key, found.timezone) == ("k-1", "Europe/Berlin")


class Long(Input):
    """More than anybody wants to see at once."""

    aside = frozenset({"colour", "depth", "label"})
    label: str = Field(description="Needed, and so never set aside.")
    size: int = 1
    colour: str = ""
    depth: int | None = Field(None, ge=1)
    other: str = ""


LONG_NAMES = ["field:label", "field:size", "field:other"]


def named(view: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if "block_id" in block]


def test_a_form_asks_for_what_matters_first_and_for_the_rest_on_a_press() -> None:
    forms = forms_of(Long, risk=Risk.DESTRUCTIVE)
    view = judged(forms.form("test.it", {"label": "x"}, SCENE))
    assert named(view) == [*LONG_NAMES, "more", "why"]
    typed = answered(view, label={"value": "typed"}, size={"value": ""})
    whole = judged(forms.unfolded({**typed, "hash": "1.a", "team_id": "T1"}))
    assert named(whole) == [*LONG_NAMES, "field:colour", "field:depth", "why"]
    shared = [block for block in view["blocks"] if block.get("block_id") != "more"]
    assert [block for block in whole["blocks"] if block in shared] == shared, (
        "Slack keeps what stands in the same blocks"
    )
    kept = typed["state"]["values"] | untouched(forms.unfolded(typed))["state"]["values"] | typed["state"]["values"]
    assert sent(forms.read({**whole, "id": "V1", "state": {"values": kept}})).values == {"label": "typed"}
    assert forms.unfolded(whole) == whole, "pressed twice"


def test_what_has_a_value_or_a_mistake_in_it_is_never_folded_away() -> None:
    forms = forms_of(Long)
    assert named(forms.form("test.it", {"label": "x", "depth": 3}, SCENE))[-2:] == ["field:depth", "field:other"]
    scene = replace(SCENE, problems=[Problem("colour.0", "'x'", "is none", "")])
    assert "field:colour" in named(forms.form("test.it", {"label": "x"}, scene))


def test_no_form_that_ships_asks_for_more_than_seven_things_at_once() -> None:
    long = {
        each.name: len(asked)
        for each in SHIPPED
        if len(asked := [name for name in named(shipped().form(each.name, {}, SCENE)) if name.startswith("field:")]) > 7
    }
    assert long == {}


def test_a_form_that_cannot_be_read_is_not_unfolded() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        forms_of(Long).unfolded({"private_metadata": "{", "blocks": []})


def test_without_a_key_the_window_is_the_key() -> None:
    forms = shipped()
    assert sent(forms.read(untouched(forms.form("status.self", {}, FormScene())))).key == "view:V1"


def test_a_reason_is_asked_for_what_stands_behind_the_gate_and_for_nothing_else() -> None:
    forms = shipped()
    scene = FormScene(why="because of the fire")
    view = judged(forms.form("privacy.erase", {"person": "U123"}, scene))
    assert view["submit"]["text"] == "Ask to run"
    found = sent(forms.read(untouched(view)))
    assert found.why == "because of the fire"
    for name in ("audit.search", "approvals.decide"):
        assert "because" not in json.dumps(forms.form(name, {}, scene))
    bad = forms.read(answered(view, why={"value": "\u202e"}))
    assert "invisible character U+202E" in wrong(bad)["why"]


def test_a_form_that_cannot_be_read_or_is_of_an_operation_that_is_gone_says_so() -> None:
    forms = shipped()
    view = untouched(forms.form("audit.search", {}, SCENE))
    for metadata in (None, "", "{", "[]", '{"operation": 3}', '{"operation": "audit.search", "more": 1}', 7):
        found = forms.read({**view, "private_metadata": metadata})
        assert wrong(found) == {"person": "This form cannot be read. Open the form again."}
    gone = forms.read({**view, "private_metadata": '{"operation": "audit.serch"}'})
    assert "Did you mean audit.search" in wrong(gone)["person"]
    with pytest.raises(NotFound):
        forms.form("audit.serch", {}, SCENE)


def test_errors_of_a_form_without_fields_replace_it() -> None:
    forms = shipped()
    view = untouched(forms.form("status.self", {}, SCENE))
    view["state"]["values"] = {"field:x": {"value": {"type": "plain_text_input", "value": "x"}}}
    found = forms.read(view)
    assert isinstance(found, Errors)
    answer = response(found)
    assert answer["response_action"] == "update"
    assert "no field of this form" in json.dumps(judged(answer["view"]))


def test_places_too_long_for_a_form_are_refused() -> None:
    with pytest.raises(InvalidInput):
        shipped().form("audit.search", {}, FormScene(channel="C" * 3_001))


# ---------------------------------------------------------------- errors at their fields


class Checked(Input):
    """Many ways to be wrong."""

    name: str = Field(min_length=3, max_length=20)
    limit: int = Field(20, ge=1, le=200, description="How many at the most.")
    tags: list[Annotated[int, Ge(1)]] = Field([], description="Which.")
    data: dict[str, int] = Field({})
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _order(self) -> Checked:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since lies after until; swap them")
        return self


def test_each_fault_stands_at_its_field_quotes_the_value_and_says_what_to_do() -> None:
    forms = forms_of(Checked)
    view = forms.form("test.it", {"name": "x"}, SCENE)
    found = forms.read(
        answered(
            view,
            limit={"value": "500"},
            tags={"value": "1\n0"},
            data={"value": '{"a": 1, "b": "x"}'},
            since={"selected_date_time": -4},
        )
    )
    assert wrong(found) == {
        "name": "'x' must have at least 3 characters.",
        "limit": "500 must be less than or equal to 200.",
        "tags": "Number 2: 0 must be greater than or equal to 1.",
        "data": "In b: 'x' must be a valid integer.",
        "since": "-4 is no date and time. Choose one.",
    }
    assert isinstance(found, Errors)
    assert found.values["limit"] == 500
    assert response(found)["errors"] == found.at


def test_a_fault_of_no_field_stands_at_the_first() -> None:
    forms = forms_of(Checked)
    view = forms.form("test.it", {"name": "abc"}, SCENE)
    found = forms.read(answered(view, since={"selected_date_time": 200}, until={"selected_date_time": 100}))
    assert wrong(found) == {"name": "Since lies after until; swap them."}


def test_a_field_that_cannot_be_read_is_not_also_missing() -> None:
    forms = forms_of(Checked)
    view = forms.form("test.it", {}, SCENE)
    assert wrong(forms.read(answered(view, name={"value": 3}))) == {"name": "3 is no text. Open the form again."}
    assert wrong(forms.read(untouched(view))) == {"name": "This is missing. Fill it in."}


def test_a_secret_is_quoted_in_no_error() -> None:
    class Tokens(Input):
        """One."""

        token: str = Field(max_length=3)
        other: int

    forms = forms_of(Tokens)
    view = forms.form("test.it", {}, SCENE)
    found = forms.read(answered(view, token={"value": "hunter2hunter2"}, other={"value": TOKEN}))
    assert isinstance(found, Errors)
    assert set(wrong(found)) == {"token", "other"}
    assert "hunter2" not in repr(response(found))
    assert TOKEN not in repr(response(found))


def test_a_validator_that_breaks_is_told_and_not_raised() -> None:
    def broken(_: object) -> object:
        raise KeyError("oops")

    class Broken(Input):
        """It breaks."""

        line: Annotated[str, BeforeValidator(broken)] = "x"

    forms = forms_of(Broken)
    found = forms.read(untouched(forms.form("test.it", {"line": "y"}, SCENE)))
    assert "could not be checked" in wrong(found)["line"]


def test_what_a_validator_refuses_in_our_words_stands_at_its_own_field() -> None:
    forms = shipped()
    view = forms.form("watches.create", {"metric": "latency", "lasting": "sometime", "above": 2}, SCENE)
    assert wrong(forms.read(untouched(view))) == {
        "lasting": "'sometime' is no length of time. Write e.g. 90 s, 5 minutes or 1h 30m."
    }
    view = forms.form("watches.create", {"metric": "latency", "lasting": "30 hours", "above": 2}, SCENE)
    assert wrong(forms.read(untouched(view))) == {
        "lasting": "'30 hours' is longer than a day. Say a shorter time, such as 30 minutes."
    }


def test_what_a_whole_input_is_refused_for_in_our_words_blames_no_single_field() -> None:
    class Both(Input):
        """Two that do not go together."""

        one: str = Field(description="One.")
        two: str = Field(description="Two.")

        @model_validator(mode="after")
        def _together(self) -> Self:
            raise InvalidInput("they do not go together", mend="Leave one out.")

    forms = forms_of(Both)
    found = forms.read(untouched(forms.form("test.it", {"one": "a", "two": "b"}, SCENE)))
    assert isinstance(found, Errors)
    assert [(each.field, each.why) for each in found.problems] == [("input", "they do not go together")]


def test_what_is_not_chosen_shows_nothing_and_can_be_chosen_no_more() -> None:
    for name in ("watches.create", "alerts.silence"):
        view = judged(shipped().form(name, {}, SCENE))
        element = field(view, "service")["element"]
        assert "initial_option" not in element
        labels = [option["text"]["text"] for option in element.get("options", ())]
        assert "''" not in json.dumps(view)
        assert not labels or labels[-1] == NOT_SET


@pytest.mark.parametrize("each", list(SHIPPED), ids=lambda each: each.name)
def test_an_introduction_has_no_code_marks_and_no_line_that_breaks_in_a_sentence(each: Operation[Any, Any]) -> None:
    text = shipped().form(each.name, {}, SCENE)["blocks"][0]["elements"][0]["text"]
    assert "`" not in text
    assert all(line.endswith((".", ":", "?", ")")) or not line for line in text.split("\n")), text


def test_problems_that_the_door_found_are_said_on_top() -> None:
    problems = [Problem(f"f{number}", "'<!channel>'", "is wrong", "Mend it.") for number in range(7)]
    view = judged(shipped().form("audit.search", {"limit": 7}, FormScene(problems=problems)))
    words = view["blocks"][1]["text"]
    assert words["type"] == "plain_text"
    assert "f0 = '<!channel>': is wrong. Mend it." in words["text"]
    assert "… 2 more" in words["text"]
    assert field(view, "limit")["element"]["initial_value"] == "7"


# ---------------------------------------------------------------- what is shown


def test_people_and_catalogue_fields_are_chosen_and_not_typed() -> None:
    view = judged(forms_of(Everything).form("test.it", {"service": "the api", "services": ["cart"]}, SCENE))
    kinds = {name: field(view, name)["element"]["type"] for name in ("person", "people", "service", "services")}
    assert kinds == {
        "person": "users_select",
        "people": "multi_users_select",
        "service": "static_select",
        "services": "multi_static_select",
    }
    assert field(view, "channel")["element"]["type"] == "conversations_select"
    assert field(view, "service")["element"]["initial_option"]["text"]["text"] == "API gateway (api-gateway)"
    values = [option["value"] for option in field(view, "environment")["element"]["options"]]
    assert values == ["*", "production", "staging", "development"]


def test_a_name_that_people_use_becomes_the_name_that_is_meant() -> None:
    class Place(Input):
        """Somewhere."""

        environment: KnownEnvironment

    view = judged(forms_of(Place).form("test.it", {"environment": "PROD"}, SCENE))
    assert field(view, "environment")["element"]["initial_option"]["value"] == "production"


class Placed(Input):
    """Somewhere."""

    environment: Literal["production", "staging", "development"] = "development"
    service: str = "cart"


def identity(*roles: str) -> Identity:
    return Identity("U1", ActorKind.PERSON, "somebody", frozenset(roles))


def test_only_what_somebodys_roles_allow_is_offered() -> None:
    forms = forms_of(Placed, permission="maintenance:drill")

    def offered(*roles: str) -> list[str]:
        view = judged(forms.form("test.it", {"environment": "production"}, FormScene(viewer=identity(*roles))))
        return [option["value"] for option in field(view, "environment")["element"]["options"]]

    assert offered("sre") == ["production", "staging", "development"]
    assert offered("ml-engineer") == ["staging", "development"]
    assert offered("qa-engineer") == ["development"]
    assert offered() == ["production", "staging", "development"], "the door says why, not an empty menu"
    view = forms.form("test.it", {"environment": "production"}, FormScene(viewer=identity("qa-engineer")))
    hint = field(view, "environment")["hint"]["text"]
    assert "'production' is not among the choices" in hint
    assert "Only what your roles allow is offered." in hint


def test_more_than_a_hundred_services_load_as_people_type() -> None:
    services = tuple(Service(name=f"svc-{number}", title=f"Service {number}", owner="sre") for number in range(130))
    forms = made(of(Placed), catalogue=Catalogue(services=services))
    view = judged(forms.form("test.it", {"service": "svc-77"}, SCENE))
    element = field(view, "service")["element"]
    assert element["type"] == "external_select"
    assert element["initial_option"]["value"] == "svc-77"
    assert sent(forms.read(untouched(view))).values["service"] == "svc-77"
    asked = {"type": "block_suggestion", "block_id": "field:service", "action_id": "value", "view": view}
    assert [each["value"] for each in forms.options({**asked, "value": "Service 12"})["options"]][:2] == [
        "svc-12",
        "svc-120",
    ]
    assert len(forms.options({**asked, "value": ""})["options"]) == 100
    for nonsense in ({}, {**asked, "value": 3}, {**asked, "value": "", "block_id": "x"}, {**asked, "view": {}}):
        assert forms.options(nonsense) == {"options": []}


def test_what_does_not_fit_in_a_field_is_told_there_and_never_cut() -> None:
    class Long(Input):
        """A text."""

        text: str = Field("", max_length=9_000, description="What to say.")
        limit: int = Field(5, le=10)

    view = judged(forms_of(Long).form("test.it", {"text": "x" * 4_000, "limit": 90, "more": 1}, SCENE))
    assert "initial_value" not in field(view, "text")["element"]
    assert (
        "it is 4,000 characters long, and this field takes 3,000. What to say." in field(view, "text")["hint"]["text"]
    )
    assert "90 is not within" in field(view, "limit")["hint"]["text"]
    assert "Left out, for this takes no such values: 'more'." in json.dumps(view)


def test_secrets_are_never_filled_in() -> None:
    class Secrets(Input):
        """Some."""

        api_key: str = "sesame-sesame"
        password: SecretStr = SecretStr("sesame-sesame")
        line: str = ""

    view = judged(
        forms_of(Secrets).form("test.it", {"api_key": "hunter2hunter2", "line": f"with {TOKEN}"}, FormScene(why=TOKEN))
    )
    assert not any(word in json.dumps(view) for word in ("hunter2", "sesame", TOKEN))
    assert "looks like a secret" in field(view, "line")["hint"]["text"]
    assert "A secret: it is never filled in for you." in field(view, "password")["hint"]["text"]
    found = sent(forms_of(Secrets).read(untouched(view)))
    assert Secrets.model_validate(found.values) == Secrets()


def many(count: int, required: Iterable[int] = ()) -> type[Input]:
    fields: dict[str, Any] = {f"f{n}": (str, ... if n in required else "x") for n in range(count)}
    return create_model("Many", __base__=Input, __doc__="Many.", **fields)


def test_more_fields_than_a_window_takes_are_named_and_keep_their_values() -> None:
    forms = forms_of(many(120, required=[119]))
    view = judged(forms.form("test.it", {"f118": "kept", "f119": "shown"}, SCENE))
    note = view["blocks"][1]["elements"][0]["text"]
    assert "22 more fields do not fit here" in note
    assert "f118" in note
    values = sent(forms.read(untouched(view))).values
    assert (values["f118"], values["f119"]) == ("kept", "shown")
    crowded = judged(forms.form("test.it", {f"f{n}": "x" * 400 for n in range(120)} | {"f119": "y"}, SCENE))
    assert "too long to be kept here" in json.dumps(crowded)


@pytest.mark.parametrize("count", [97, 98, 99, 100])
def test_a_window_is_filled_to_the_last_block(count: int) -> None:
    view = judged(forms_of(many(count)).form("test.it", {}, SCENE))
    shown = [block for block in view["blocks"] if block["type"] == "input"]
    assert len(view["blocks"]) <= 100
    assert (len(shown) == count) == (count <= 99)


def test_a_default_is_shown_and_emptying_it_means_nothing_or_the_default() -> None:
    class Defaults(Input):
        """Some."""

        word: str | None = "hello"
        line: str = "hello"
        strict: str = Field("hello", min_length=1)
        tags: list[str] = Field(["a"])
        limit: int = 20
        made: list[int] = Field(default_factory=lambda: [7])

    forms = forms_of(Defaults)
    view = judged(forms.form("test.it", {}, SCENE))
    assert field(view, "word")["element"]["initial_value"] == "hello"
    assert "Left empty: 20." in field(view, "limit")["hint"]["text"]
    emptied = answered(view, **{name: {"value": None} for name in Defaults.model_fields})
    found = Defaults.model_validate(sent(forms.read(emptied)).values)
    assert (found.word, found.line, found.strict, found.tags, found.limit, found.made) == (
        None,
        "",
        "hello",
        [],
        20,
        [7],
    )


def test_names_of_the_wire_and_odd_names_are_kept() -> None:
    class Odd(Input):
        """Some."""

        from_: str = Field(alias="from", title="Where from")
        very_long: str = Field("", alias="x" * 300)

    forms = forms_of(Odd)
    view = judged(forms.form("test.it", {"from": "here"}, SCENE))
    assert field(view, "from")["label"]["text"] == "Where from"
    assert sent(forms.read(answered(view, **{"from": {"value": "there"}}))).values == {"from": "there"}


def test_examples_and_descriptions_help_to_fill_it_in() -> None:
    class Helped(Input):
        """A query."""

        query: str = Field(description="<!here> " + "long " * 900, examples=["up == 0"])

    view = judged(forms_of(Helped).form("test.it", {}, SCENE))
    block = field(view, "query")
    assert block["element"]["placeholder"]["text"] == "up == 0"
    assert block["element"]["multiline"] is True
    assert block["hint"]["type"] == "plain_text"
    assert len(block["hint"]["text"]) == 2_000
    assert block["hint"]["text"].endswith("…")


# ---------------------------------------------------------------- the other windows


def test_windows_around_a_form_are_valid() -> None:
    for view in (
        loading("A very long title of an operation"),
        told("Not now", "<!channel> `x` is frozen", "Wait."),
        told("", "", ""),
        ask_view(),
        ask_view("how are <@U1> & co?", "C123"),
        feedback_view("ans-1", "C1"),
    ):
        judged(view)
    assert "<!channel>" not in json.dumps(told("No", "<!channel>", "<!here>"))


def test_a_question_comes_back_with_the_channel_to_answer_in() -> None:
    view = judged(ask_view("why?", "C123"))
    assert field(view, "channel")["element"]["default_to_current_conversation"] is True
    asked = read_ask(untouched(view))
    assert (asked.text, asked.channel) == ("why?", "C123")
    assert read_ask(answered(view, channel={"selected_conversation": None})).channel == ""
    with pytest.raises(InvalidInput, match="no question"):
        read_ask(answered(view, text={"value": "  "}))
    with pytest.raises(InvalidInput, match="no conversation"):
        read_ask(answered(view, channel={"selected_conversation": "<!channel>"}))
    with pytest.raises(InvalidInput):
        read_ask({})
    assert "4,000 characters" in json.dumps(judged(ask_view("x" * 4_000)))


def test_a_verdict_comes_back_with_its_answer() -> None:
    view = judged(feedback_view("ans-1", "C1"))
    sent_view = answered(view, reason={"selected_option": {"value": "slow"}}, correction={"value": " it was checkout "})
    said = read_feedback(sent_view)
    assert (said.answer, said.channel, said.reason, said.correction) == ("ans-1", "C1", "slow", "it was checkout")
    with pytest.raises(InvalidInput, match="what was wrong"):
        read_feedback(untouched(view))
    with pytest.raises(InvalidInput, match="among the choices"):
        read_feedback(answered(view, reason={"selected_option": {"value": "drop table"}}))
    with pytest.raises(InvalidInput, match="which answer"):
        read_feedback({**sent_view, "private_metadata": "[]"})


def test_a_long_text_is_read_page_by_page_and_nothing_is_lost() -> None:
    whole = "\n".join(f"line {number} <!channel> & `code`" for number in range(900))
    pages, page = [], 1
    while True:
        view = judged(paged("Query", whole, page, "ans-1", "raw"))
        pages.append(view["blocks"][0]["elements"][0]["elements"][0]["text"])
        moves = {
            element["text"]["text"]: read(element["action_id"], element["value"])
            for block in view["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
        }
        if "Next" not in moves:
            break
        page += 1
        assert moves["Next"] == OnAnswer("ans-1", "raw", page)
    assert "\n".join(pages) == whole
    assert len(pages) > 3
    assert paged("Query", whole, 99, "a")["blocks"] == paged("Query", whole, page, "a")["blocks"]
    assert "actions" not in json.dumps(paged("Query", "short", 1, "a"))


def test_blocks_that_a_window_cannot_show_are_named_instead() -> None:
    divider = {"type": "divider"}
    view = judged(paged("Details", [divider] * 150, 2, "a", pages=3))
    assert len(view["blocks"]) <= 100
    assert "more on this page" in json.dumps(view)
    assert "a markdown that only messages" in json.dumps(
        judged(paged("D", [{"type": "markdown", "text": "x"}], 1, "a"))
    )
    assert "nothing here" in json.dumps(judged(paged("D", [], 1, "a")))
