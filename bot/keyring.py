"""Keys by id: encrypts what is stored, and seals the audit chain."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import ConfigurationError, Tampered

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID = re.compile(r"[a-z0-9-]{1,16}")
PREFIX = "v1"
UTF8 = ("utf-8", "surrogatepass")  # what a system behind answers may hold half a character


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"llm-copilot/{purpose}".encode()).derive(key)


class Keyring:
    """The active key writes; every key that is still listed reads.

    Rotation: put a new key in front, keep the old ones until `llm-copilot db rotate` has rewritten
    the columns. Keys that sealed audit rows stay listed as long as those rows are kept.
    """

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        if active not in keys:
            raise ConfigurationError(f"the active key {active!r} is not in the keyring", mend="List it first.")
        self.active = active
        self.ids = tuple(keys)
        self._ciphers = {key_id: AESGCM(_derive(key, "columns")) for key_id, key in keys.items()}
        self._seals = {key_id: _derive(key, "audit") for key_id, key in keys.items()}

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """From `id:base64[,id:base64…]`; the first is the active one. Errors never show key material."""
        keys: dict[str, bytes] = {}
        for position, part in enumerate(text.split(","), start=1):
            key_id, colon, encoded = part.strip().partition(":")
            if not colon or not KEY_ID.fullmatch(key_id):
                raise ConfigurationError(
                    f"key {position} of the encryption keys has no id of a-z, 0-9 and '-' in front",
                    mend="Write it as id:base64, for example k1:… .",
                )
            if key_id in keys:
                raise ConfigurationError(
                    f"the key id {key_id!r} is listed twice", mend="Give each key an id of its own."
                )
            keys[key_id] = _decode(key_id, encoded)
        return cls(keys, next(iter(keys)))

    def encrypt(self, text: str, purpose: str) -> str:
        """`purpose` (the column) is bound in, so that a value moved elsewhere does not decrypt."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.active].encrypt(nonce, text.encode(*UTF8), purpose.encode())
        return f"{PREFIX}.{self.active}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, token: str, purpose: str) -> str:
        prefix, _, rest = token.partition(".")
        key_id, _, body = rest.partition(".")
        if prefix != PREFIX:
            raise Tampered(f"an encrypted value of {purpose} does not start with {PREFIX!r}")
        if key_id not in self._ciphers:
            raise ConfigurationError(
                f"a value of {purpose} was written with the key {key_id!r}, which is not in the keyring "
                f"({', '.join(self.ids)})",
                mend="Put that key back behind the active one in LLM_COPILOT_ENCRYPTION_KEYS.",
            )
        try:
            raw = base64.b64decode(body, validate=True)
            text = self._ciphers[key_id].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode())
            return text.decode(*UTF8)
        except (InvalidTag, ValueError) as error:
            raise Tampered(
                f"a value of {purpose} does not decrypt with the key {key_id!r}",
                mend="Either the key of that id is another one than it was written with, or the value was changed.",
            ) from error

    def seal(self, data: bytes, key_id: str | None = None) -> str:
        """A MAC over `data`, made with the audit key derived from `key_id` (the active one if None)."""
        key_id = self.active if key_id is None else key_id
        if key_id not in self._seals:
            raise ConfigurationError(
                f"audit rows were sealed with the key {key_id!r}, which is not in the keyring ({', '.join(self.ids)})",
                mend="Put that key back behind the active one in LLM_COPILOT_ENCRYPTION_KEYS.",
            )
        return hmac.new(self._seals[key_id], data, hashlib.sha256).hexdigest()


def _decode(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"the key {key_id!r} is not {KEY_BYTES} bytes of base64",
            mend="Make one with: python3 -c 'import base64,os;print(base64.b64encode(os.urandom(32)).decode())'",
        )
    return key


def local_keys(path: Path, entropy: Callable[[int], bytes] = os.urandom) -> str:
    """The key text of a laptop installation: made once, kept in a file that only its owner reads."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = f"local:{base64.b64encode(entropy(KEY_BYTES)).decode()}\n"
        if not path.exists():
            # Written aside and linked: whoever starts at the same time finds a whole key, or none.
            aside = path.with_name(f"{path.name}.{entropy(4).hex()}")
            try:
                with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(fresh)
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(aside)
            finally:
                aside.unlink(missing_ok=True)
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(
            f"the key file {str(path)!r} cannot be read or made: {why}",
            mend="Make the folder writable, or set LLM_COPILOT_DATA_DIR or LLM_COPILOT_ENCRYPTION_KEYS.",
        ) from error
