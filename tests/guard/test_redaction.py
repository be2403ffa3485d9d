from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.guard.redaction import MASK, Redactor
from bot.ports import Json

PLAIN = Redactor()
LONG = "Zq8vT2nXw5LrYc3KdB7mHs9F"
SECRETS = [
    f"xoxb-123456789012-{LONG}",
    f"xoxe.xoxp-1-{LONG}",
    f"xapp-1-A111-222-{LONG}",
    f"sk-{LONG}",
    f"sk-ant-api03-{LONG}-{LONG}",
    f"sk-proj-{LONG}",
    f"sk_live_{LONG}",
    f"hf_{LONG}",
    f"ghp_{LONG}{LONG}",
    f"github_pat_{LONG}_{LONG}",
    f"glpat-{LONG}",
    "AKIAIOSFODNN7EXAMPLE",
    f"AIza{LONG}{LONG}",
    f"ya29.{LONG}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LONG}",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "see {} there", '{{"a": "{}"}}', "<{}>", "x={};y=2", "({})", "a\n{}\nb"])
def test_secrets_of_known_shape_are_masked_wherever_they_stand(secret: str, around: str) -> None:
    shown = PLAIN.text(around.format(secret))
    assert MASK in shown
    assert LONG not in shown
    assert secret not in shown


FIELDS = [
    "password=hunter22",
    "PASSWORD = hunter22",
    "pwd:hunter22",
    "DB_PASSWORD=hunter22",
    "PGPASSWORD=hunter22 psql",
    "client_secret: hunter22",
    '{"password": "hunter22"}',
    "{'apiKey': 'hunter22'}",
    '{"accessToken":"hunter22"}',
    '{"password": "hunter22 with spaces, and; signs}"}',
    r'{"log": "{\"password\": \"hunter22\", \"user\": \"x\"}"}',
    r'{"password": "quo\"te hunter22"}',
    "password='hunter22 hunter22'",
    "x-api-key: hunter22",
    "https://a.example/?token=hunter22&x=1",
    "postgresql://user:hunter22@db/x",
    "redis://:hunter22@cache",
    "Authorization: Bearer hunter22hunter22",
    "authorization: basic aHVudGVyMjI6aHVudGVyMjI=",
    "AccountKey=hunter22==",
    "SECRET_KEY=hunter22",
    "passphrase: hunter22",
    "https://hooks.slack.com/services/T0001/B0001/hunter22hunter22",
]


@pytest.mark.parametrize("text", FIELDS)
def test_what_stands_in_a_secret_field_is_masked_to_its_end(text: str) -> None:
    shown = PLAIN.text(text)
    assert "hunter22" not in shown
    assert "aHVudGVy" not in shown
    assert MASK in shown
    assert " with spaces" not in shown


def test_only_the_secret_is_taken_out() -> None:
    assert PLAIN.text('{"password": "a b", "user": "x"}') == f'{{"password": "{MASK}", "user": "x"}}'
    assert PLAIN.text("?token=abcdef&page=2") == f"?token={MASK}&page=2"
    assert PLAIN.text("postgres://u:abcdef@h/db") == f"postgres://u:{MASK}@h/db"


@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", ""])
def test_a_private_key_is_masked_even_without_its_end(end: str) -> None:
    assert PLAIN.text(f"a -----BEGIN RSA PRIVATE KEY-----\nMIIE{LONG}\n{LONG}{end}") == f"a {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "The tokens of a bucket refill, and secrets stay secret.",
        "basic understanding of bearer instruments",
        "Basic authentication failed; bearer authentication too",
        "max_tokens: 4096, token_count=12",
        "deploy checkout v1.2.3 to production at 15:30",
        "https://grafana.example/d/abc:def/x?from=now-1h",
        "task-runner sk-1 risk-assessment-of-the-new-service",
        "commit 3f2a9c1d4e5b6a7980 by ey-bot",
        "apr-0123456789ab run-0123456789ab",
        "the password was changed",
        "error: token expired",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert PLAIN.text(text, personal=True) == text


@given(st.text(alphabet=st.characters(whitelist_categories=["Ll", "Zs"], max_codepoint=0x2FF)))
def test_plain_words_are_left_alone(text: str) -> None:
    assert PLAIN.text(text, personal=True) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail ada.l+x@mail.example.org now", "mail [e-mail] now"),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("2026-03-18 4111111111111111", "2026-03-18 [card]"),
        ("card 4111-1111-1111-1111, amex 3782 822463 10005", "card [card], amex [card]"),
        ("not a card: 4111111111111112", "not a card: 4111111111111112"),
        ("call +49 30 1234567 or +1 (555) 123-4567", "call [phone] or [phone]"),
    ],
)
def test_personal_data_is_masked_where_it_is_asked_for(text: str, shown: str) -> None:
    assert PLAIN.text(text, personal=True) == shown
    assert PLAIN.text(text) == text


@given(
    secret=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6),
    before=st.text(max_size=9),
    after=st.text(max_size=9),
)
def test_the_secrets_of_this_installation_never_get_out(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret, "", "short"]).text(f"{before}{secret}{after}").replace(MASK, "")


def test_the_longest_of_overlapping_secrets_goes_whole() -> None:
    assert Redactor(["abcdef", "abcdefghij"]).text("abcdefghij") == MASK


def test_a_value_under_a_secrets_name_is_masked_whole_whatever_it_is() -> None:
    value: Json = {
        "password": "ab",
        "clientSecret": ["hunter22", "x"],
        "pin_token": 12345678,
        "nested": [{"api_key": {"value": "hunter22"}}, "password=hunter22"],
        "has_token": True,
        "token": "",
        "secret": None,
        "user": "ada",
        "count": 3,
        f"sk-{LONG}": 1,
    }
    shown = PLAIN.value(value)
    assert shown == {
        "password": MASK,
        "clientSecret": MASK,
        "pin_token": MASK,
        "nested": [{"api_key": MASK}, f"password={MASK}"],
        "has_token": True,
        "token": "",
        "secret": None,
        "user": "ada",
        "count": 3,
        MASK: 1,
    }


@given(st.sampled_from(SECRETS), st.lists(st.sampled_from(["a", "b"]), max_size=4))
def test_no_depth_hides_a_secret(secret: str, path: list[str]) -> None:
    value: Json = [secret]
    for name in path:
        value = {name: [value]}
    assert secret not in json.dumps(PLAIN.value(value))


@pytest.mark.parametrize(
    "unit",
    [
        "a-",
        "a.",
        "ey-aaaaaaaa-",
        "eyaaaaaaaaaa.",
        "-----BEGIN A ",
        "-----BEGIN PRIVATE KEY-----",
        "bearer ",
        "bearer a.",
        "ab://c:",
        "a://",
        "1 ",
        "1111 1111 ",
        "a@",
        "a@a.",
        "+1 (1)",
        'password": "',
        "password=\\",
        'token": "a" ',
        "secret",
        "xoxb-",
        " ",
    ],
)
def test_a_megabyte_made_to_hurt_takes_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        begun = time.thread_time()
        PLAIN.text(text, personal=True)
        return time.thread_time() - begun

    small = min(seconds(16_000) for _ in range(3))
    assert min(seconds(64_000) for _ in range(2)) < small * 10 + 0.05, "16 would be quadratic"


def test_base64_of_a_megabyte_goes_through() -> None:
    text = base64.b64encode(bytes(range(256)) * 3_000).decode()
    assert PLAIN.text(text) == text


def test_what_is_measured_in_tokens_is_no_secret_and_what_only_sounds_like_it_is() -> None:
    measured: dict[str, Json] = {
        "time_to_first_token": 0.35,
        "usd_per_token": 0.002,
        "llm.time-to-first-token": "0.35 s",
    }
    assert Redactor().value(dict(measured)) == measured
    assert Redactor().text("time_to_first_token=0.3512 cost_per_token: 0.0021") == (
        "time_to_first_token=0.3512 cost_per_token: 0.0021"
    )
    for name in ("developer_token", "first_token", "token", "supertoken", "access_token"):
        assert "hunter2hunter2" not in str(Redactor().value({name: "hunter2hunter2"}))
        assert "hunter2hunter2" not in Redactor().text(f"{name}=hunter2hunter2")
