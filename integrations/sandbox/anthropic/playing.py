"""Plays a script: which rule fits, and what it comes to with its placeholders filled."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.models.names import wire_name
from integrations.sandbox.anthropic.heard import Heard, Result
from integrations.sandbox.anthropic.script import PLACEHOLDER, Do, Rule, Script, When

Groups = dict[str, str]
NOTHING: Final = "(none)"


@dataclass(frozen=True, slots=True)
class Called:
    """A call as it goes over the wire."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model does now; `do` says how."""

    think: str
    say: str
    calls: tuple[Called, ...]
    do: Do

    @property
    def stop_reason(self) -> str:
        return self.do.stop_reason or ("tool_use" if self.calls else "end_turn")

    @property
    def tokens(self) -> int:
        return tokens(self.think + self.say + "".join(call.name + call.arguments for call in self.calls))


def tokens(text: str) -> int:
    """An estimate: four characters each."""
    return -(-len(text) // 4)


class Player:
    """A script in play; it remembers how often each rule was used."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._used: Counter[int] = Counter()

    def reply(self, heard: Heard) -> Reply:
        for at, rule in enumerate(self.script.rules):
            if rule.times is not None and self._used[at] >= rule.times:
                continue
            groups = fits(rule, heard)
            if groups is not None:
                self._used[at] += 1
                return _filled(rule.do, self._noted(heard) | groups, heard)
        return _filled(self.script.otherwise, self._noted(heard), heard)

    def _noted(self, heard: Heard) -> Groups:
        """What every rule may use, whichever of it the question has."""
        found = (_search(pattern, heard.said[-1:]) for pattern in self.script.noted)
        return {name: value for match in found if match for name, value in _named(match).items()}


def fits(rule: Rule, heard: Heard) -> Groups | None:
    """The named groups of its patterns; None where it does not fit."""
    when = rule.when
    wanted = {*when.offered, *(call.tool for call in rule.do.call if not call.anyway)}
    fresh = [result for result in heard.fresh if when.of in {"", result.tool}]
    if (
        not wanted <= set(heard.offered)
        or (heard.turn != when.turn if when.turn is not None else heard.turn > 1 and not when.after_results)
        or (when.of and not fresh)
        or (when.failed is not None and not any(result.failed == when.failed for result in fresh))
    ):
        return None
    return _matched(when, heard, fresh)


def _matched(when: When, heard: Heard, fresh: list[Result]) -> Groups | None:
    groups: Groups = {}
    for pattern, texts in (
        (when.asked, heard.said[-1:]),  # the question stands last, after what was found for it
        (when.said, heard.said[::-1]),
        (when.system, [heard.system]),
        (when.result, [result.text for result in fresh]),
    ):
        if pattern is None:
            continue
        match = _search(pattern, texts)
        if match is None:
            return None
        groups |= _named(match)
    return groups


def _search(pattern: re.Pattern[str], texts: Iterable[str]) -> re.Match[str] | None:
    return next((match for text in texts if (match := pattern.search(text))), None)


def _named(match: re.Match[str]) -> Groups:
    return {name: value for name, value in match.groupdict().items() if value is not None}


def _filled(do: Do, groups: Groups, heard: Heard) -> Reply:
    def text(template: str) -> str:
        return PLACEHOLDER.sub(lambda match: _shown(_value(match, groups, heard)), template)

    def argument(value: Any) -> Any:
        if isinstance(value, str):
            whole = PLACEHOLDER.fullmatch(value)
            return _value(whole, groups, heard) if whole and whole[1] is not None else text(value)
        if isinstance(value, Mapping):
            return {key: found for key, inner in value.items() if (found := argument(inner)) is not None}
        return [argument(inner) for inner in value] if isinstance(value, list) else value

    calls = [
        Called(
            heard.offered.get(call.tool) or wire_name(call.tool),
            call.raw if call.raw is not None else json.dumps(argument(call.arguments), ensure_ascii=False),
        )
        for call in do.call
    ]
    return Reply(text(do.think), text(do.say), tuple(calls), do)


def _value(match: re.Match[str], groups: Groups, heard: Heard) -> Any:
    """What a placeholder stands for; None where there is nothing and no `|else`."""
    name, otherwise = match[1], match[2]
    if name is None:
        return match[0][0]
    if name in groups:
        return groups[name]
    words = name.split(".")
    for cut in range(len(words), 0, -1):
        result = heard.result(".".join(words[:cut]))
        if result is not None:
            found = result.at(words[cut:]) if words[cut:] else None
            return found if found is not None else otherwise if otherwise is not None else result.line
    return otherwise


def _shown(value: Any) -> str:
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
