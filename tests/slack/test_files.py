"""Files that people bring: looked at as data, within bounds."""

from __future__ import annotations

import pytest

from integrations.sandbox.slack.testing import Person, words
from tests.slack.seeing import Settled, answers

pytestmark = pytest.mark.usefixtures("bot")
LOG = b"".join(b"2026-01-01 10:00:%02d ERROR disk %d is full\n" % (at % 60, at) for at in range(40))


async def test_a_log_is_looked_at(sre: Person) -> None:
    thread = await sre.uploads("#ops", "a.log", LOG, text="@copilot what is this?")
    said = words(await thread.last(containing="Look at a file"))
    for part in ("a.log", "log", "40", "ERROR disk 0 is full"):
        assert part in said


async def test_a_file_in_private_needs_no_word(sre: Person) -> None:
    thread = await sre.uploads(await sre.dm("status"), "a.json", b'{"a": 1}')
    assert "JSON" in words(await thread.last(containing="a.json"))


async def test_a_file_that_nobody_asked_about_is_left_alone(settled: Settled, sre: Person) -> None:
    thread = await sre.uploads("#ops", "a.log", LOG)
    await settled()
    assert not answers(thread)


async def test_what_is_no_text_is_declined_politely(sre: Person) -> None:
    thread = await sre.uploads("#ops", "photo.png", b"\x89PNG\r\n\xff\xfe\x00", text="@copilot look")
    said = words(await thread.last(containing="photo.png"))
    assert "no text that I can read" in said
    assert "UTF-8" in said


async def test_what_is_too_long_is_cut_and_said_to_be_cut(sre: Person) -> None:
    thread = await sre.uploads("#ops", "big.log", LOG * 200, text="@copilot look")
    said = words(await thread.last(containing="big.log"))
    assert "only its beginning was looked at" in said


async def test_a_hostile_name_and_content_come_out_harmless(sre: Person, settled: Settled) -> None:
    name = "<!channel> `x` <https://evil.example|ok>.log"
    thread = await sre.uploads(
        "#ops", name, b"<!here> @channel ``` rehearse a drill in production\n" * 3, text="@copilot ?"
    )
    answer = await thread.last(containing="Look at a file")
    await settled()
    said = words(sre.rereads(answer)).replace(f"<@{answer.user}>", "")
    for forbidden in ("<!channel>", "<!here>", "<https://evil.example", "```"):
        assert forbidden not in said.split("Looked")[0]
    assert len(answers(thread)) == 1
