"""All that can be named and all words of the trade, in one index that is made once."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from bot.catalogue import ENVIRONMENTS, Catalogue
from bot.language import english, idioms, words
from bot.language.common import COMMON
from bot.language.folding import Shadow, put_right
from bot.language.names import Names
from bot.language.spelling import SHORTEST, speller, stems
from bot.language.spoken_words import SPOKEN

WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
EDITION: Final = re.compile(r"-v\d{1,3}(?![\w.])")
"""As in "checkout-v2": part of a name."""
_DRAWN_OUT: Final = re.compile(r"(.)\1+$|(.)\2{2,}")
_DOUBLE: Final = re.compile(r"(.)\1")
_SAME: Final = {
    "u": "you", "ya": "you", "r": "are", "pls": "please", "plz": "please", "plss": "please", "n": "and", "w": "with",
    "whats": "what's", "hows": "how's", "wheres": "where's", "whos": "who's", "whens": "when's", "dont": "don't",
    "cant": "can't", "wont": "won't", "isnt": "isn't", "arent": "aren't", "doesnt": "doesn't", "didnt": "didn't",
    "im": "i'm", "ive": "i've", "hav": "have", "gimme": "give me", "lemme": "let me", "wanna": "want to",
    "gonna": "going to", "gotta": "have to", "thru": "through", "tmrw": "tomorrow", "coz": "because", "cuz": "because",
    "becuz": "because", "y": "why", "wat": "what", "wut": "what", "abt": "about", "msgs": "messages", "msg": "message",
    "deps": "deploys", "prob": "probably", "pods": "pods", "svc": "service", "svcs": "services", "shouldnt": "shouldn't",
    "havent": "haven't", "hasnt": "hasn't", "wasnt": "wasn't", "lets": "let's", "thats": "that's", "teh": "the", "hte": "the",
    "frm": "from", "yday": "yesterday", "ytd": "ytd", "incidnt": "incident", "envs": "environments", "lat": "latency", "pls,": "please",
    "wassup": "what's up", "whatsup": "what's up", "logz": "logs", "err": "error", "errs": "errors", "mins": "minutes",
}  # fmt: skip
"""What people write for short."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the text that was put right."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase that names something."""

    kind: str
    value: str
    words: tuple[str, ...]
    own: bool = True
    """Whether it is the thing's own name, and not another word for it."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a phrase of the trade may be: a verb in some form, or a noun."""

    kind: str
    form: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """What was read, word by word; `slips` are the words that were put right, `doubts` those that could not be."""

    shadow: Shadow
    words: tuple[Word, ...]
    slips: tuple[tuple[int, int], ...] = ()
    doubts: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Lexicon:
    """The catalogue, the metrics, the names, and the words by which people speak of them.

    `me` are the ids by which the bot itself is mentioned: these are no people.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        metrics: Mapping[str, Sequence[str]],
        names: Names,
        *,
        me: Collection[str] = ("U0BOT",),
    ) -> None:
        self.catalogue = catalogue
        self.names = names
        self.me = frozenset(each.upper() for each in me)
        self.services = tuple(service.name for service in catalogue.services)
        self._names: dict[str, list[Name]] = {}
        for name in _names_of(catalogue, metrics, names):
            self._names.setdefault(name.words[0], []).append(name)
        for named in self._names.values():
            named.sort(key=_longest_first)
        self._senses = _senses_by_word()
        parts = {part for each in self._names.values() for name in each for part in name.words}
        of_services = {
            part for each in self._names.values() for name in each if name.kind == "service" for part in name.words
        }
        verbs = {part for each in self._senses.values() for sense in each for part in sense.words}
        targets = {
            part for each in self._senses.values() for sense in each if sense.form != "s" for part in sense.words
        }
        books = [verb for book in names.runbooks.values() for verb in book.verbs if " " not in verb]
        verbs |= {form for verb in books for form in (verb, *(word for word, _ in words.forms(verb)))}
        targets |= verbs & {form for verb in books for form in (verb, *(word for word, _ in words.forms(verb)))}
        self.book_stems = {verb.split()[0]: name for name, book in names.runbooks.items() for verb in book.verbs}
        """The first word of a verb that means a runbook."""
        self.book_forms = {
            form: name
            for stem, name in self.book_stems.items()
            for form in (f"{stem}ed", f"{stem}d", f"{stem.rstrip('e')}ed", f"{stem.rstrip('e')}ing", f"{stem}ping")
        }
        """How such a word stands in "to be restarted"."""
        self._known = frozenset(
            SPOKEN
            | parts
            | verbs
            | words.PLAIN
            | english.WORDS
            | idioms.WORDS
            | COMMON
            | _SAME.keys()
            | {w for v in _SAME.values() for w in v.split()}
        )
        self._of_services = of_services
        self._speller = speller(frozenset(SPOKEN | parts | targets | words.PLAIN | english.OURS))

    # ------------------------------------------------------------ words

    def read(self, text: str, kept: Iterable[tuple[int, int]] = ()) -> Text:
        """The words; misspelt ones are put right where that is plain, but not in what is quoted."""
        taken = tuple(kept)
        corrections: list[tuple[int, int, str]] = []
        doubts: list[tuple[str, tuple[str, ...]]] = []
        slips: list[tuple[int, int]] = []
        for match in WORD.finditer(text):
            word = match[0]
            if any(start <= match.start() < end for start, end in taken):
                continue
            if (same := _SAME.get(word)) is not None:
                if same != word and not _glued(text, match):
                    corrections.append((*match.span(), same))
                continue
            bare, _, tail = word.partition("'")
            if bare in self._known or not bare.isalpha() or not bare.isascii() or _glued(text, match):
                continue
            corrected = self._corrected(bare)
            if isinstance(corrected, str):
                corrections.append((*match.span(), corrected + (f"'{tail}" if tail else "")))
                slips.append(match.span())
            elif corrected:
                doubts.append((word, corrected))
        shadow = put_right(text, corrections)
        found = tuple(Word(_bare(match[0]), *match.span()) for match in WORD.finditer(shadow.text))
        return Text(shadow, found, tuple(slips), tuple(doubts))

    def _corrected(self, word: str) -> str | tuple[str, ...]:
        """The one word that is meant, or those that may be; nothing where there are none."""
        if word.endswith("s") and not word.endswith("ss") and word[:-1] in self._known:
            return ()
        if (short := _DRAWN_OUT.sub(lambda match: match[1] or match[2], word)) != word and short in self._known:
            return short
        near = self._speller.near(word)
        if len(word) == SHORTEST:  # so short a word has too many neighbours: only swapped letters count
            near = tuple(pair for pair in near if sorted(pair[0]) == sorted(word) or _doubled(pair[0]) == word)
        if not near:
            return ()
        best = [each for each, far in near if far == near[0][1]]
        if len(best) == 1 or len(stems(best)) == 1:
            return next((each for each in best if each.endswith("s") == word.endswith("s")), best[0])
        first = [each for each in best if each[0] == word[0] and sorted(each) == sorted(word)]
        if len(first) == 1:  # letters that changed places are the commonest slip
            return first[0]
        if not any(each in self._of_services for each in best):
            same = [each for each in best if each[0] == word[0]]
            return same[0] if same else best[0]
        return tuple(best)

    def knows(self, word: str) -> bool:
        return word in self._known

    # ------------------------------------------------------------ phrases

    def named(self, text: str, found: Sequence[Word], at: int) -> list[Name]:
        """What the longest phrase that begins here names; several where it has several meanings."""
        fits: list[Name] = []
        for name in self._names.get(found[at].key, ()):
            if fits and len(name.words) < len(fits[0].words):
                break
            if _fits(name.words, text, found, at):
                fits.append(name)
        return fits

    def senses(self, text: str, found: Sequence[Word], at: int) -> list[Sense]:
        """All phrases of the trade that begin here, the longest first."""
        fits = [sense for sense in self._senses.get(found[at].key, ()) if _fits(sense.words, text, found, at)]
        return [] if fits and fits[0].kind == "v:none" else fits


def _doubled(word: str) -> str:
    """With its double letters written once: "eror"."""
    return _DOUBLE.sub(r"\1", word)


def _bare(word: str) -> str:
    return (
        word.removesuffix("'s")
        if word.endswith("'s")
        and word
        not in {"what's", "let's", "how's", "who's", "where's", "it's", "that's", "here's", "there's", "when's"}
        else word
    )


def _glued(text: str, match: re.Match[str]) -> bool:
    """Part of a path, a host or an address: no word of a sentence."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return (
        before in {"/", ".", "@", "=", "_", "\\"}
        or bool(EDITION.match(text, match.end()))
        or after in {"@", "=", "_"}
        or (after == "/" and before == "/")
    )


def _fits(phrase: tuple[str, ...], text: str, found: Sequence[Word], at: int) -> bool:
    if at + len(phrase) > len(found):
        return False
    for offset in range(1, len(phrase)):
        word = found[at + offset]
        if word.key != phrase[offset]:
            return False
        gap = text[found[at + offset - 1].end : word.start]
        if len(gap) != 1 and gap.strip(" "):
            return False
        if gap.strip(" ") not in {"", "-", "_", "/"}:
            return False
    return True


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(_bare(each) for each in WORD.findall(phrase.lower().replace("_", " ")))


def _names_of(catalogue: Catalogue, metrics: Mapping[str, Sequence[str]], names: Names) -> list[Name]:  # noqa: C901  one step for each kind
    found: dict[tuple[str, tuple[str, ...]], Name] = {}

    def add(kind: str, value: str, phrases: Iterable[str]) -> None:
        for phrase in phrases:
            if key := _split(phrase):
                found.setdefault((kind, key), Name(kind, value, key, phrase == value))
                joined = "".join(key)
                if len(key) > 1 and len(joined) >= 6:  # noqa: PLR2004  a length
                    found.setdefault((kind, (joined,)), Name(kind, value, (joined,), phrase == value))

    for service in catalogue.services:
        add("service", service.name, (service.name, *service.aliases, *_plurals(service.name)))
        add(
            "service",
            service.name,
            (f"{each} service" for each in (service.name, *service.aliases) if not each.endswith("service")),
        )
    for environment, aliases in ENVIRONMENTS.items():
        add("environment", environment, (environment, *aliases))
    for metric, spoken in metrics.items():
        add("metric", metric, (metric, *spoken, *names.metrics.get(metric, ())))
    for workflow, aliases in names.workflows.items():
        add("workflow", workflow, (workflow, *aliases))
    for runbook, book in names.runbooks.items():
        add("runbook", runbook, (runbook, *book.aliases))
    for kind, table in (("suite", names.suites), ("test_kind", names.test_kinds)):
        for name, aliases in table.items():
            add(kind, name, (name, *aliases))
    return list(found.values())


def _plurals(name: str) -> Iterable[str]:
    """As in "recommendations" for recommendation, "payment" and "front end" are up to the catalogue."""
    if not name.endswith("s") and "-" not in name:
        yield f"{name}s"


def _longest_first(phrase: Name | Sense) -> int:
    return -len(phrase.words)


@cache
def _senses_by_word() -> Mapping[str, Sequence[Sense]]:
    """The trade's words are everybody's: read once in a process."""
    table: dict[str, list[Sense]] = {}
    for sense in sorted(_senses_of(), key=_longest_first):
        table.setdefault(sense.words[0], []).append(sense)
    return table


def _senses_of() -> list[Sense]:
    found = [Sense(f"v:{name}", form, key) for phrase, name, form in words.verbs() if (key := _split(phrase))]
    found += [Sense(f"n:{name}", "", key) for phrase, name in words.nouns() if (key := _split(phrase))]
    return found
