"""Where a system is, who we are to it, and how much it may take of us."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.errors import ConfigurationError

_NO_SECRET = SecretStr("")


class Backend(BaseModel):
    """One outside system, as the settings describe it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    url: str = Field(description="its base, with the prefix that it is served under")
    bearer: SecretStr = Field(default=_NO_SECRET, description="a token, sent as `Authorization: Bearer`")
    username: str = Field(default="", description="for basic authentication")
    password: SecretStr = _NO_SECRET
    tenant: str = Field(default="", description="sent as `X-Scope-OrgID`")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="further headers")
    ca_file: Path | None = Field(default=None, description="who vouches for its certificate, in PEM")
    cert_file: Path | None = Field(default=None, description="our certificate, in PEM, where it wants one")
    key_file: Path | None = Field(default=None, description="its key, where that is a file of its own")
    verify: bool = Field(default=True, description="off trusts any certificate")
    timeout: float = Field(default=30.0, gt=0, description="seconds for an answer, all tries together")
    connect_timeout: float = Field(default=5.0, gt=0)
    pool: int = Field(default=10, ge=1, description="questions at once; httpx gets slower with each")
    most_bytes: int = Field(default=64_000_000, ge=1_000, description="of one answer, unpacked")

    @field_validator("url")
    @classmethod
    def _is_a_base(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be a whole address that begins with http:// or https://")
        if parts.username or parts.password:
            raise ValueError("must not hold a name or password: use `username` and `password`")
        if parts.query or parts.fragment:
            raise ValueError("must end with the path; queries are added to it")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _is_one_person(self) -> Self:
        if self.bearer.get_secret_value() and self.username:
            raise ValueError("takes a `bearer` token or a `username`, not both")
        if self.key_file and not self.cert_file:
            raise ValueError("has a `key_file` without a `cert_file`")
        if any(not f"{name}{value}".isprintable() for name, value in self.sent().items()):
            raise ValueError("has a header with a line break or control character in it")
        return self

    @property
    def place(self) -> str:
        """Host and port, for errors."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    def secrets(self) -> tuple[str, ...]:
        """What must not be told to anybody, even if the other side repeats it."""
        held = (self.bearer, self.password, *self.headers.values())
        basic = self.sent().get("Authorization", "").partition(" ")[2]
        return tuple({value for secret in held if (value := secret.get_secret_value())} | ({basic} - {""}))

    def sent(self) -> dict[str, str]:
        """The headers that say who we are."""
        sent = {name: value.get_secret_value() for name, value in self.headers.items()}
        if token := self.bearer.get_secret_value():
            sent["Authorization"] = f"Bearer {token}"
        if self.username:
            pair = f"{self.username}:{self.password.get_secret_value()}"
            sent["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if self.tenant:
            sent["X-Scope-OrgID"] = self.tenant
        return sent

    def trust(self) -> ssl.SSLContext:
        """Whom we believe, and what we show."""
        if self.url.startswith("http://") and not (self.ca_file or self.cert_file):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never asked; to read the usual authorities takes 20 ms
        try:
            context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else httpx.create_ssl_context()
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(file) for file in (self.ca_file, self.cert_file, self.key_file) if file)
            raise ConfigurationError(
                f"The certificates for {self.place} cannot be read ({files}): {error}.",
                mend="Name files in PEM that this program may read, and the key that belongs to the certificate.",
            ) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
