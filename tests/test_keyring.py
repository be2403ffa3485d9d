from __future__ import annotations

import base64
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationError, Tampered
from bot.keyring import Keyring, local_keys

ONE, TWO = (base64.b64encode(byte * 32).decode() for byte in (b"1", b"2"))
RING = Keyring.parse(f"k1:{ONE}")


@given(st.text(), st.text(max_size=20))
def test_what_is_encrypted_comes_back(text: str, purpose: str) -> None:
    token = RING.encrypt(text, purpose)
    assert RING.decrypt(token, purpose) == text
    assert token.startswith("v1.k1.")
    assert len(text) < 4 or text not in token


@pytest.mark.parametrize("text", ["", "\x00", "\ud800 half a character", "🙂" * 10_000])
def test_odd_text_comes_back(text: str) -> None:
    assert RING.decrypt(RING.encrypt(text, "a.b"), "a.b") == text


def test_the_same_text_never_reads_the_same() -> None:
    assert len({RING.encrypt("x", "a.b") for _ in range(100)}) == 100


def test_a_value_moved_to_another_column_does_not_decrypt() -> None:
    with pytest.raises(Tampered, match=r"c\.d") as error:
        RING.decrypt(RING.encrypt("x", "a.b"), "c.d")
    assert error.value.mend


@given(st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    prefix, key, body = RING.encrypt("some text", "a.b").split(".")
    raw = bytearray(base64.b64decode(body))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Tampered):
        RING.decrypt(f"{prefix}.{key}.{base64.b64encode(raw).decode()}", "a.b")


@given(st.text())
def test_what_was_never_encrypted_is_no_surprise(token: str) -> None:
    with pytest.raises((Tampered, ConfigurationError)):
        RING.decrypt(token, "a.b")


@pytest.mark.parametrize("body", ["", "!", "AAAA", "ä", "A" * 17])
def test_a_broken_value_is_an_error_of_ours(body: str) -> None:
    with pytest.raises(Tampered, match=r"a\.b"):
        RING.decrypt(f"v1.k1.{body}", "a.b")


def test_an_old_key_reads_and_the_first_one_writes() -> None:
    old = RING.encrypt("x", "a.b")
    both = Keyring.parse(f"k2:{TWO},k1:{ONE}")
    assert both.decrypt(old, "a.b") == "x"
    assert both.encrypt("x", "a.b").startswith("v1.k2.")
    assert both.seal(b"x", "k1") == RING.seal(b"x") != both.seal(b"x")


def test_a_missing_key_is_named_and_where_to_put_it() -> None:
    token = RING.encrypt("x", "a.b")
    other = Keyring.parse(f"k2:{TWO}")
    reads: list[Callable[[], str]] = [lambda: other.decrypt(token, "a.b"), lambda: other.seal(b"x", "k1")]
    for read in reads:
        with pytest.raises(ConfigurationError, match="'k1'") as error:
            read()
        assert "LLM_COPILOT_ENCRYPTION_KEYS" in error.value.mend


def test_another_key_under_the_same_id_does_not_decrypt() -> None:
    with pytest.raises(Tampered):
        Keyring.parse(f"k1:{TWO}").decrypt(RING.encrypt("x", "a.b"), "a.b")


def test_an_empty_key_id_is_not_the_active_key() -> None:
    with pytest.raises(ConfigurationError):
        RING.seal(b"x", "")


def test_columns_and_seals_do_not_share_a_key() -> None:
    assert RING.seal(b"x") != Keyring.parse(f"k1:{TWO}").seal(b"x")
    assert RING._seals["k1"] not in {b"1" * 32, RING._ciphers["k1"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "key 1"),
        (ONE, "key 1"),
        (f"k1:{ONE},", "key 2"),
        (f":{ONE}", "key 1"),
        (f"K1:{ONE}", "key 1"),
        (f"seventeen-letters:{ONE}", "key 1"),
        (f"k1:{ONE},k1:{TWO}", "'k1' is listed twice"),
        ("k1:", "'k1' is not 32 bytes"),
        (f"k1:{ONE[:-4]}", "'k1' is not 32 bytes"),
        (f"k1:{ONE}{ONE}", "'k1' is not 32 bytes"),
        (f"k1:ä{ONE[1:]}", "'k1' is not 32 bytes"),
        (f"k1:{ONE[:5]} {ONE[5:]}", "'k1' is not 32 bytes"),
    ],
)
def test_wrong_keys_are_named_and_never_shown(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        Keyring.parse(text)
    assert ONE[5:20] not in str(error.value)
    assert error.value.mend


def test_the_active_key_must_be_in_the_ring() -> None:
    with pytest.raises(ConfigurationError, match="'k9'"):
        Keyring({"k1": b"1" * 32}, "k9")


# ---------------------------------------------------------------- the file of a laptop


def test_the_local_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "encryption.key"
    text = local_keys(path)
    assert local_keys(path) == text
    assert Keyring.parse(text).active == "local"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["encryption.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path, gate, found = tmp_path / "encryption.key", threading.Barrier(8), []

    def entropy(size: int) -> bytes:
        if size == 32:
            gate.wait()
        return os.urandom(size)

    threads = [threading.Thread(target=lambda: found.append(local_keys(path, entropy))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {path.read_text().strip()}


@pytest.mark.parametrize("what", ["a folder in place of the file", "a file in place of the folder", "no text"])
def test_a_key_file_that_cannot_be_read_says_so(tmp_path: Path, what: str) -> None:
    path = tmp_path / "folder" / "encryption.key"
    match what:
        case "a folder in place of the file":
            path.mkdir(parents=True)
        case "a file in place of the folder":
            path.parent.write_text("x")
        case _:
            path.parent.mkdir()
            path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"encryption\.key"):
        Keyring.parse(local_keys(path))


def test_a_key_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken(size: int) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigurationError, match="No space left") as error:
        local_keys(tmp_path / "encryption.key", broken)
    assert "LLM_COPILOT_DATA_DIR" in error.value.mend
    assert list(tmp_path.iterdir()) == []
