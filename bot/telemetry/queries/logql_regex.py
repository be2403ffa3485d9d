"""Regular expressions as Loki reads them (RE2): what Python allows and RE2 does not is refused before it is sent."""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass, field
from typing import Final

from bot.telemetry.queries.logql_tokens import Malformed, meaningless, short

MAX_REGEX: Final = 1_000
_MAX_REPEAT: Final = 1_000
_MEND: Final = "Loki's regular expressions know no look-around, back-references, possessive or atomic groups."
_SPECIAL: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")
_GROUP: Final = re.compile(r"\(\?(?:P?<[A-Za-z_]\w*>|(?P<flags>[ims]*(?:-[ims]+)?)[:)])")
_REPEAT: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_CLASS: Final = re.compile(r"\[:[^\]]*:\]")
_CODE: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_ASCII: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_POSIX: Final = {
    "[:alnum:]": "0-9A-Za-z", "[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:lower:]": "a-z", "[:upper:]": "A-Z",
    "[:space:]": r"\t\n\v\f\r ", "[:blank:]": r"\t ", "[:xdigit:]": "0-9A-Fa-f", "[:word:]": "0-9A-Za-z_",
    "[:punct:]": r"!-/:-@\[-`{-\~",
}  # fmt: skip
_GO: Final = {
    "missing ), unterminated": "missing closing )",
    "unbalanced parenthesis": "unexpected )",
    "nothing to repeat": "missing argument to repetition operator",
    "multiple repeat": "invalid nested repetition operator",
    "bad character range": "invalid character class range",
    "bad escape (end": "trailing backslash at end of expression",
}


class BadRegex(Malformed):
    """A regex that RE2 does not read."""

    def __init__(self, pattern: str, why: str) -> None:
        go = next((go for python, go in _GO.items() if why.startswith(python)), why)
        words = f"error parsing regexp: {go}: `{pattern}`"
        super().__init__(f"The regex “{short(pattern)}” cannot be read: {short(go)}.", mend=_MEND, words=words)


def escaped(text: str) -> str:
    """A regex that finds exactly this text."""
    return _SPECIAL.sub(r"\\\1", text)


def literal(pattern: str) -> str | None:
    """The text that a pattern finds, where it is no more than an escaped text."""
    plain = re.sub(r"\\[^A-Za-z0-9]", "", pattern)
    return None if _SPECIAL.search(plain) else re.sub(r"\\([^A-Za-z0-9])", r"\1", pattern)


@functools.lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python's engine with RE2's meaning; raises where RE2 would not read it."""
    if len(pattern) > MAX_REGEX:
        raise meaningless(f"The regex “{short(pattern)}” has {len(pattern)} characters.", f"At most {MAX_REGEX} are.")
    try:
        return re.compile(_Reader(pattern).python())
    except (re.error, OverflowError, RecursionError) as wrong:
        raise BadRegex(pattern, str(wrong)) from None


@dataclass(slots=True)
class _Group:
    """A group that is being read; flags set within it are groups of their own in Python, closed where it ends."""

    multiline: bool
    flags: list[str] = field(default_factory=list)

    def closed(self) -> str:
        return ")" * len(self.flags)


class _Reader:
    """Spells a pattern of RE2 for Python, piece by piece."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = [_Group(multiline=False)]

    def python(self) -> str:
        out = []
        while self.at < len(self.pattern):
            out.append(self._piece(self.pattern[self.at]))
        return "".join(out) + self.groups[-1].closed()

    def _piece(self, letter: str) -> str:
        match letter:
            case "\\":
                return self._escape()
            case "[":
                return self._class()
            case "(":
                return self._group()
            case "*" | "+" | "?" | "{":
                return self._repeat()
        self.at += 1
        group = self.groups[-1]
        match letter:
            case ")":
                if len(self.groups) > 1:
                    self.groups.pop()
                return group.closed() + ")"
            case "|":
                return f"{group.closed()}|{''.join(group.flags)}"
            case "$" if not group.multiline:
                return r"\Z"
            case _:
                return letter

    def _escape(self, *, within: bool = False) -> str:
        start, self.at = self.at, self.at + 2
        what = self.pattern[start + 1 : start + 2]
        if what.lower() in _ASCII and what:
            if within:
                return _ASCII[what] if what.islower() else f"\\{what}"
            return f"[{'^' if what.isupper() else ''}{_ASCII[what.lower()]}]"
        if what == "x" and self.pattern[self.at : self.at + 1] == "{":
            found = _CODE.match(self.pattern, start)
            if found is None or int(found[1], 16) > sys.maxunicode:
                raise BadRegex(self.pattern, "invalid escape sequence: \\x{")
            self.at = found.end()
            return re.escape(chr(int(found[1], 16)))
        if what == "Q" and not within:
            end = self.pattern.find(r"\E", self.at)
            text = self.pattern[self.at : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            return escaped(text)
        if what.isalnum() and what not in ("afnrtvx0" if within else "afnrtvx0bBAz"):
            raise BadRegex(self.pattern, f"invalid escape sequence: \\{what}")
        return {"z": r"\Z", "b": r"(?a:\b)", "B": r"(?a:\B)"}.get(what, self.pattern[start : self.at])

    def _class(self) -> str:
        start, out = self.at, "["
        self.at += 1
        for first in ("^", "]"):
            if self.pattern.startswith(first, self.at):
                out += first if first == "^" else r"\]"
                self.at += 1
        while self.at < len(self.pattern):
            letter = self.pattern[self.at]
            if letter == "\\":
                out += self._escape(within=True)
                continue
            posix = next((name for name in _POSIX if self.pattern.startswith(name, self.at)), letter)
            if posix == "[" and (unknown := _CLASS.match(self.pattern, self.at)):
                raise BadRegex(self.pattern, f"invalid character class range: {unknown.group()}")
            self.at += len(posix)
            if letter == "]":
                return out + "]"
            out += _POSIX.get(posix, "\\" + letter if letter in "[&~|" else letter)
        raise BadRegex(self.pattern, f"missing closing ]: {self.pattern[start:]}")

    def _group(self) -> str:
        outer = self.groups[-1]
        if not self.pattern.startswith("(?", self.at):
            self.at += 1
            self.groups.append(_Group(outer.multiline))
            return "("
        found = _GROUP.match(self.pattern, self.at)
        if found is None:
            raise BadRegex(self.pattern, f"invalid or unsupported Perl syntax: {self.pattern[self.at : self.at + 4]}")
        self.at, said, flags = found.end(), found.group(), found["flags"] or ""
        on, _, off = flags.partition("-")
        multiline = (outer.multiline or "m" in on) and "m" not in off
        if said.endswith(")"):
            outer.flags.append(f"(?{flags}:")
            outer.multiline = multiline
            return outer.flags[-1]
        self.groups.append(_Group(multiline))
        return said.replace("(?<", "(?P<")

    def _repeat(self) -> str:
        said = self.pattern[self.at]
        found = _REPEAT.match(self.pattern, self.at)
        if said == "{" and found is None:
            self.at += 1
            return r"\{"
        if found is not None:
            said = found.group()
            if any(int(bound) > _MAX_REPEAT for bound in found.groups() if bound):
                raise BadRegex(self.pattern, f"invalid repeat count: {said}")
        self.at += len(said)
        if self.pattern.startswith("+", self.at):
            raise BadRegex(self.pattern, f"invalid nested repetition operator: {said}+")
        return said
