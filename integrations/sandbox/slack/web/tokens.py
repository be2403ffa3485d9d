"""The three secrets of an app."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Tokens:
    """Bot token, app-level token (with connections:write) and signing secret."""

    bot: str
    app: str
    signing_secret: str

    @classmethod
    def random(cls) -> Self:
        return cls(f"xoxb-local-{secrets.token_hex(12)}", f"xapp-local-{secrets.token_hex(12)}", secrets.token_hex(16))
