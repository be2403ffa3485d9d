"""Files that people bring: fetched with a cap, and from Slack alone. What they hold is data."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.agent.request import Attachment

MOST_BYTES: Final = 150_000
SECONDS: Final = 20
log = structlog.get_logger()


class Files:
    """Downloads what is attached to a message."""

    def __init__(self, session: aiohttp.ClientSession, token: str, api_url: str) -> None:
        self._session = session
        self._token = token
        self._own = urlsplit(api_url)

    async def fetch(self, file: dict[str, Any]) -> Attachment | None:
        """None for what is no file of this workspace; one that cannot be read comes without content."""
        url = str(file.get("url_private_download") or file.get("url_private") or "")
        if not url or not self._ours(url):
            return None
        name, kind = str(file.get("name") or "file"), str(file.get("filetype") or "")
        content, missing = b"", False
        try:
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            headers = {"Authorization": f"Bearer {self._token}"}
            async with self._session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
                # A redirection leads to a page that asks to sign in.
                missing = response.status != HTTPStatus.OK
                content = b"" if missing else await _most(response.content, MOST_BYTES + 1)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("file_not_fetched", file=file.get("id"), error=str(error))
            missing = True
        size = int(file.get("size") or len(content))
        cut = len(content) > MOST_BYTES
        if cut:  # at the end of a line
            content = content[: content.rfind(b"\n", 0, MOST_BYTES) + 1 or MOST_BYTES]
        return Attachment(str(file.get("id") or name), name, kind, size, content, cut=cut, missing=missing)

    def _ours(self, url: str) -> bool:
        """The token goes nowhere else."""
        found = urlsplit(url)
        own = found.scheme == self._own.scheme and found.netloc == self._own.netloc
        return own or (found.scheme == "https" and (found.hostname or "").endswith((".slack.com", ".slack-edge.com")))


async def _most(stream: aiohttp.StreamReader, limit: int) -> bytes:
    parts, left = [], limit
    while left > 0 and (part := await stream.read(min(left, 65_536))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
