"""Each widget reads back exactly what it wrote, as a client would send it, and refuses in words what it cannot."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from handlers.form_texts import Address, Line, Lines, Number, Span, Structure, bound, length
from handlers.form_times import Clock, Day, Moment
from handlers.present.blocks import modal
from handlers.widgets import BLANK, UTC, Choice, Flag, Looks, Pick, Picks, Slacks, Unread, Unshown, Widget, cut, zone
from tests.handlers.form_client import judged, untouched

BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = [
    None,
    "",
    0,
    True,
    3.5,
    [],
    {},
    "x" * 50_000,
    "\u202egpj.exe",
    "<!channel> *b* `c` &amp;",
    "\x00",
    "\ud800",
    "9" * 5_000,
    "-1e999",
    "NaN",
    "[" * 5_000,
    '{"a":' * 2_000,
    ["x"],
    [None],
    {"value": "x"},
    {"value": None},
    [{"value": 3}],
    [{"value": "nobody"}],
    10**40,
    -1,
]
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def back(widget: Widget, value: Any, tz: ZoneInfo = UTC) -> Any:
    """Through a valid element and a client."""
    element = widget.element(value, Looks(tz, placeholder="for example"))
    block = {"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "L"}, "element": element}
    view = judged(modal("Title", [{**block, "optional": True}], submit="Run"))
    (state,) = untouched(view)["state"]["values"]["b"].values()
    return widget.read(state, tz)


def refused(call: Callable[..., object], *args: object) -> Unshown | Unread | None:
    try:
        call(*args)
    except (Unshown, Unread) as error:
        return error
    return None


def state(kind: str, **said: Any) -> dict[str, Any]:
    return {"type": kind, **said}


WIDGETS: list[Widget] = [
    Flag(),
    Pick((Choice.plain("a"), Choice.plain("b"))),
    Pick(tuple(Choice.plain(f"c{number}") for number in range(150))),
    Picks((Choice.plain("a"), Choice.plain("b")), distinct=True),
    Picks((Choice.plain("a"), Choice.plain("b"))),
    Slacks("user"),
    Slacks("conversation", many=True),
    Line(),
    Address("url_text_input"),
    Number("integer"),
    Number("number"),
    Number("decimal"),
    Lines(),
    Lines("integer"),
    Span(),
    Structure(),
    Structure(bare=True),
    Day(),
    Clock(),
    Moment(),
    Moment(naive=True),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=repr)
def test_nothing_is_shown_as_nothing_and_read_as_nothing(widget: Widget) -> None:
    assert back(widget, BLANK) in (BLANK, False)
    assert back(widget, None) in (BLANK, False)


KINDS = (
    "plain_text_input",
    "url_text_input",
    "number_input",
    "checkboxes",
    "radio_buttons",
    "static_select",
    "external_select",
    "multi_static_select",
    "users_select",
    "multi_conversations_select",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "unheard_of",
)
KEYS = (
    "value",
    "selected_option",
    "selected_options",
    "selected_user",
    "selected_conversations",
    "selected_date",
    "selected_time",
    "selected_date_time",
)


@pytest.mark.parametrize("widget", WIDGETS, ids=repr)
def test_whatever_a_client_says_is_read_or_refused_in_words(widget: Widget) -> None:
    for kind, said in itertools.product(KINDS, HOSTILE):
        refusal = refused(widget.read, {"type": kind, **dict.fromkeys(KEYS, said)}, UTC)
        assert not isinstance(refusal, Unread) or (refusal.why and refusal.mend)
    kinds: tuple[Any, ...] = (None, 3, [], {})
    for nonsense in kinds:
        with pytest.raises(Unread, match="another kind"):
            widget.read({"type": nonsense}, UTC)


@pytest.mark.parametrize("widget", WIDGETS, ids=repr)
def test_whatever_is_known_already_is_shown_validly_or_refused_in_words(widget: Widget) -> None:
    for value in HOSTILE:
        refusal = refused(back, widget, value)
        assert refusal is None or str(refusal)


# ---------------------------------------------------------------- texts


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=3_000))
@example("two\nlines")
@example(" blanks around ")
@example("<!channel> & <@U1> *bold* :smile:")
@example("\u202eright to left")
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert back(Line(), text) == (text or BLANK)


def test_a_text_that_is_too_long_is_told_and_not_cut() -> None:
    with pytest.raises(Unshown, match="3,001 characters"):
        Line().element("x" * 3_001, Looks())
    with pytest.raises(Unshown, match="this field takes 5"):
        Line(most=5).element("123456", Looks())


def test_a_long_field_is_higher() -> None:
    assert "multiline" not in Line().element("x", Looks())
    assert Line(multiline=True).element("x", Looks())["multiline"] is True
    assert Line().element("x\ny", Looks())["multiline"] is True


@given(st.lists(texts, max_size=20))
@example(["[1]"])
@example(["[1, 2]", "x"])
@example(["a\nb", " c "])
@example([""])
def test_lists_come_back_however_odd_their_items(items: list[str]) -> None:
    assert back(Lines(), items) == (items or BLANK)


@given(st.lists(st.integers(-(2**63), 2**63), max_size=20))
def test_lists_of_whole_numbers_come_back(items: list[int]) -> None:
    assert back(Lines("integer"), items) == (items or BLANK)


def test_people_write_lists_line_by_line() -> None:
    assert Lines().element(["one", "two"], Looks())["initial_value"] == "one\ntwo"
    assert Lines().read(state("plain_text_input", value=" one \n\n two"), UTC) == ["one", "two"]
    with pytest.raises(Unread, match="no number"):
        Lines("integer").read(state("plain_text_input", value="1\nx"), UTC)


@given(any_json.filter(lambda value: value is not None and value != ""))
@example({"a": [1, 2.0, None, True, {"ü": "\u202e"}]})
def test_json_comes_back(value: Any) -> None:
    for widget in (Structure(), Structure(bare=True)):
        found = back(widget, value)
        assert found == value
        assert repr(found) == repr(value)


def test_bare_text_needs_no_quotes_where_text_is_meant() -> None:
    assert Structure(bare=True).element("all", Looks())["initial_value"] == "all"
    assert Structure(bare=True).element("5", Looks())["initial_value"] == '"5"'
    assert Structure(bare=True).read(state("plain_text_input", value="all"), UTC) == "all"
    with pytest.raises(Unread, match="is no JSON"):
        Structure().read(state("plain_text_input", value="all"), UTC)


@pytest.mark.parametrize(
    ("text", "why", "mend"),
    [
        ('{"a": 1,\n  }', "line 2, column 3", "Write it like"),
        ("{'a': 1}", "line 1", "double quotes"),
        ("{“a”: 1}", "line 1", "straight quotes"),
        ('{"a": 1, "a": 2}', "'a' twice", "Remove one"),
        ("[NaN]", "NaN", "Give a number"),
        ("[" * 3_000, "nested too deeply", "simpler"),
        ("9" * 5_000, "too long a number", "simpler"),
    ],
)
def test_bad_json_is_refused_with_the_place_and_the_cure(text: str, why: str, mend: str) -> None:
    with pytest.raises(Unread) as caught:
        Structure().read(state("plain_text_input", value=text), UTC)
    assert why in caught.value.why
    assert mend in caught.value.mend


# ---------------------------------------------------------------- numbers and lengths


@given(st.integers(-(2**63), 2**63))
def test_whole_numbers_come_back(value: int) -> None:
    assert back(Number("integer"), value) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e300)
@example(5e-324)
@example(-0.0)
def test_numbers_come_back_to_the_last_bit(value: float) -> None:
    assert repr(back(Number("number"), value)) == repr(value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6).map(str))
@example("1.10")
def test_decimals_keep_their_digits(value: str) -> None:
    assert back(Number("decimal"), value) == value


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [("integer", "1.5", "no whole number"), ("number", "1,5", "no number"), ("number", "1e999", "too large")],
)
def test_what_is_no_number_is_quoted(kind: Any, text: str, why: str) -> None:
    with pytest.raises(Unread, match=why) as caught:
        Number(kind).read(state("number_input", value=text), UTC)
    assert caught.value.said == text


def test_limits_stand_in_the_element_and_a_value_beyond_them_is_told() -> None:
    element = Number("integer", Decimal(1), Decimal(200)).element(20, Looks())
    assert (element["min_value"], element["max_value"], element["is_decimal_allowed"]) == ("1", "200", False)
    with pytest.raises(Unshown, match="500 is not within 1 and 200"):
        Number("integer", Decimal(1), Decimal(200)).element(500, Looks())


def test_an_exclusive_limit_of_whole_numbers_is_the_next_one() -> None:
    assert bound(0, whole=True, beyond=1) == 1
    assert bound(0.5, whole=True, beyond=1) == 1
    assert bound(10, whole=True, beyond=-1) == 9
    assert bound(0, whole=False, beyond=1) == 0
    assert bound("x", whole=False) is None


@given(st.timedeltas(min_value=timedelta(days=-99_999), max_value=timedelta(days=99_999)))
def test_lengths_of_time_come_back_to_the_microsecond(value: timedelta) -> None:
    adapter = TypeAdapter(timedelta)
    found = back(Span(), adapter.dump_python(value, mode="json"))
    assert adapter.validate_python(found) == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1h 30m", 5_400),
        ("1h30m", 5_400),
        ("2 days, 3 hours", 183_600),
        ("-5 min", -300),
        ("1:30", 5_400),
        ("2 days 01:00:05.5", 176_405.5),
        ("PT1H30M", 5_400),
        ("P1W2D", 777_600),
        ("1.5h", 5_400),
    ],
)
def test_people_write_lengths_of_time_in_many_ways(text: str, seconds: float) -> None:
    assert length(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "5 parsecs", "h", "1h foo", "P", "PT", "", "1h -3m"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Unread, match="no length of time"):
        length(text)
    with pytest.raises(Unread, match="too long a time"):
        length("999999999999w")


def test_a_length_is_shown_as_people_write_it() -> None:
    assert Span().element("PT5400S", Looks())["initial_value"] == "1h 30m"


# ---------------------------------------------------------------- days, times and moments


@given(st.dates())
def test_days_come_back(value: date) -> None:
    assert back(Day(), value.isoformat()) == value.isoformat()


@given(st.times())
def test_times_of_day_come_back_with_their_seconds(value: time) -> None:
    assert time.fromisoformat(back(Clock(), value.isoformat())) == value


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]).map(ZoneInfo)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones), zones)  # noqa: DTZ001
@example(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), BERLIN)
def test_moments_come_back_whatever_the_zone(value: datetime, tz: ZoneInfo) -> None:
    known = value.isoformat()
    assert datetime.fromisoformat(back(Moment(), known, tz)) == datetime.fromisoformat(known)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), zones)  # noqa: DTZ001
@example(datetime(2026, 3, 29, 2, 30), BERLIN)  # noqa: DTZ001  the clock skips it
@example(datetime(2026, 10, 25, 2, 30), BERLIN)  # noqa: DTZ001  it comes twice
def test_moments_without_a_zone_come_back_where_the_field_wants_none(value: datetime, tz: ZoneInfo) -> None:
    value = value.replace(fold=0)
    assert datetime.fromisoformat(back(Moment(naive=True), value.isoformat(), tz)) == value


def test_a_picked_moment_is_meant_in_the_persons_own_zone() -> None:
    picked = state("datetimepicker", selected_date_time=1_780_000_200)
    assert Moment().read(picked, BERLIN) == "2026-05-28T22:30:00+02:00"
    assert Moment(naive=True).read(picked, BERLIN) == "2026-05-28T22:30:00"
    typed = state("plain_text_input", value="2026-05-28 22:30")
    assert Moment().read(typed, BERLIN) == "2026-05-28T22:30:00+02:00"


def test_a_zone_that_nobody_knows_is_utc() -> None:
    for name in ("Mars/Olympus", "", "../etc/passwd", "\x00"):
        assert zone(name).key == "UTC"


# ---------------------------------------------------------------- choices


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300)


@given(st.lists(values, min_size=1, max_size=130, unique_by=lambda each: (type(each), each)), st.data())
def test_a_choice_comes_back_whatever_it_is(all_values: list[Any], data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(all_values))
    menu = Pick(tuple(Choice.plain(each) for each in all_values))
    found = back(menu, value)
    assert type(found) is type(value)
    assert found == value


@given(st.lists(st.text(max_size=200), min_size=1, max_size=120, unique=True), st.data(), st.booleans())
def test_several_choices_come_back(all_values: list[str], data: st.DataObject, distinct: bool) -> None:  # noqa: FBT001
    chosen = data.draw(st.lists(st.sampled_from(all_values), unique=True, max_size=10))
    found = back(Picks(tuple(Choice.plain(each) for each in all_values), distinct=distinct), chosen)
    if distinct:
        assert sorted(found or [] if found is not BLANK else []) == sorted(chosen)
    else:
        assert found == (chosen or BLANK)


def test_few_choices_are_seen_at_once_many_unfold_and_very_many_load() -> None:
    def kind(count: int) -> str:
        menu = Pick(tuple(Choice.plain(f"c{number}") for number in range(count)))
        return str(menu.element("c1", Looks())["type"])

    assert [kind(5), kind(6), kind(100), kind(101)] == [
        "radio_buttons",
        "static_select",
        "static_select",
        "external_select",
    ]


def test_a_choice_may_be_called_by_another_name_and_a_stranger_is_refused_with_what_is_near() -> None:
    menu = Pick((Choice("api-gateway", "API gateway (api-gateway)", ("api-gateway", "the api")), Choice.plain("cart")))
    assert menu.meant("The API").value == "api-gateway"
    with pytest.raises(Unshown, match=r"'api-gatewai' is not among the choices \(near it: API gateway"):
        menu.meant("api-gatewai")
    with pytest.raises(Unread, match="not among the choices"):
        menu.read(state("radio_buttons", selected_option={"value": "root"}), UTC)


def test_loading_choices_puts_beginnings_before_middles_and_forgives_slips() -> None:
    menu = Pick(tuple(Choice.plain(name) for name in ("recart", "cart", "cartier", *(f"s{n}" for n in range(120)))))
    assert [option["value"] for option in menu.options("CART")] == ["cart", "cartier", "recart"]
    assert [option["value"] for option in menu.options("cartt")][:1] == ["cart"]
    assert len(menu.options("")) == 100
    assert menu.options("\u202e" * 9_000) == []


def test_only_what_slack_can_list_is_preselected() -> None:
    assert back(Slacks("user"), "U0123ABCD") == "U0123ABCD"
    assert back(Slacks("conversation"), "C0123ABCD") == "C0123ABCD"
    assert back(Slacks("user", many=True), ["U1", "W2"]) == ["U1", "W2"]
    with pytest.raises(Unshown, match="'sre' is no user that Slack knows"):
        Slacks("user").element("sre", Looks())


def test_titles_end_with_whole_words() -> None:
    assert cut("Withdraw a request that nobody has seen", 24) == "Withdraw a request that…"
    assert cut("x" * 30, 24) == "x" * 23 + "…"
    assert cut("short", 24) == "short"
