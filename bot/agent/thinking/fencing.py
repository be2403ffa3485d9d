"""Between data and instructions, both ways: what a model is shown is fenced, what it says is tamed."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

JOINER: Final = "\N{WORD JOINER}"
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a model reads and people do not see: controls, directions, and the tags that hide whole sentences."""
_FENCE: Final = re.compile(r"[<＜﹤]\s{0,20}+(?=[/／]?\s{0,20}+data\b)", re.IGNORECASE)
_LOOKS: Final = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_SPECIAL: Final = re.compile(r"<(?=[!@#][A-Za-z0-9^])")
_EVERYBODY: Final = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
_ADDRESS: Final = r"(?:https?|slack|mailto|tel|ftp|file|javascript|data):[^\s<>|)\]`\"']{1,2000}+"
_TARGET: Final = r"\(\s?<?(?:[^()\s<>]++|\([^()\s<>]*+\)){0,50}+>?(?:\s[^()\n]{0,300}+)?\)"
# Possessive throughout: text of a model, and of whoever speaks through it, goes through in one pass.
_LINKS: Final = re.compile(
    rf"""(?xi)
    (?P<fence>^[ ]{{0,3}}+(?P<ticks>`{{3,}}+|~{{3,}}+)[^\n]*+\n[\s\S]*?(?:^[ ]{{0,3}}+(?P=ticks)[ \t]*+$|\Z))
  | (?P<code>(?<!`)(?P<tick>`{{1,3}}+)[^`\n]{{1,2000}}+(?P=tick)(?!`))
  | (?P<image>!\[(?P<alt>[^\[\]\n]{{0,300}}+)\]\s?(?:{_TARGET}|\[[^\[\]\n]{{0,300}}+\]))
  | (?P<link>\[(?P<label>[^\[\]\n]{{0,300}}+)\](?P<target>{_TARGET}))
  | (?P<slack><(?P<address>{_ADDRESS})(?:\|(?P<words>[^<>\n]{{0,300}}+))?>)
  | (?P<definition>^[ ]{{0,3}}+\[[^\[\]\n]{{1,300}}+\]:[ \t]{{0,20}}+(?P<defined>\S{{1,2000}}+)[^\n]*+$)
  | (?P<bare>\b{_ADDRESS})
  | (?P<open>\]\()
    """,
    re.MULTILINE,
)


def clean(text: str) -> str:
    """Only what people see too."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


class Fence:
    """Marks data as data, by a word that nobody outside can know; one for each thought."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce

    def around(self, title: str, text: str) -> str:
        """What looks like a fence inside is none any more."""
        name = " ".join(self._inside(title).replace('"', "'").split())[:200]
        return f'<data-{self.nonce} from="{name}">\n{self._inside(text)}\n</data-{self.nonce}>'

    def _inside(self, text: str) -> str:
        return _FENCE.sub(_LOOKS, clean(text)).replace(self.nonce, "…")


def tamed(text: str, addresses: Collection[str] = ()) -> str:
    """A model's Markdown, from which nobody is called and nothing is fetched.

    Links lead only to `addresses`, which operations gave; all others stand there to be read, and not to be pressed.
    A picture is its words: to show one would tell its server whatever stands in the address.
    """
    text = _LINKS.sub(lambda found: _harmless(found, addresses), clean(text))
    text = _SPECIAL.sub(_LOOKS, text)
    return _EVERYBODY.sub(f"@{JOINER}", text)


def _harmless(found: re.Match[str], addresses: Collection[str]) -> str:
    if found["fence"] or found["code"]:
        return found[0]
    if found["image"]:
        return found["alt"]
    if found["open"]:
        return "] ("
    target = (found["target"] or "")[1:-1].split()
    url = (target[0].strip("<>") if target else "") or found["address"] or found["defined"] or found["bare"] or ""
    words = found["label"] or found["words"] or ""
    ending = ""
    if found["bare"]:
        url, ending = _parted(url)
    if url in addresses and url.startswith(("https://", "http://")):
        host = urlsplit(url).hostname or url
        return f"[{words} ({host})]({url})" if words and words != url else f"{url}{ending}"
    shown = f"`{url.replace('`', '')}`" if url else ""
    return f"{words} ({shown})" if words and shown and words != url else f"{shown or words}{ending}"


def _parted(url: str) -> tuple[str, str]:
    """The full stop after an address is none of it."""
    kept = url.rstrip(".,;:!?*_")
    return kept, url[len(kept) :]
