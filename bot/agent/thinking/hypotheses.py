"""The hypotheses of a thought: what speaks for and against each, by the results it rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from bot.agent.events import Table
from bot.agent.model import Tool
from bot.agent.thinking.fencing import tamed
from bot.errors import InvalidInput
from bot.ports import Json

NOTE: Final = "hypotheses.note"
MOST: Final = 12
Verdict = Literal["open", "supported", "refuted"]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
_SIGNS: Final[Mapping[Verdict, str]] = {"open": "open", "supported": "✓ supported", "refuted": "✗ refuted"}


class Hypothesis(BaseModel):
    """One of them, as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    hypothesis: Sentence = Field(description="One sentence that a result can support or refute.")
    verdict: Verdict = Field("open", description="How it stands by now.")
    for_: tuple[str, ...] = Field((), alias="for", description="Ids of results that speak for it.", max_length=20)
    against: tuple[str, ...] = Field((), description="Ids of results that speak against it.", max_length=20)
    note: str = Field("", description="What in them says so.", max_length=500)


TOOL: Final = Tool(
    NOTE,
    "Note a hypothesis about a cause, or how one stands by now; the same sentence again replaces what was noted. "
    "People see them beside your answer. `supported` and `refuted` name the results that say so.",
    {
        "type": "object",
        "properties": {
            "hypothesis": {"type": "string", "description": "One sentence that a result can support or refute."},
            "verdict": {"type": "string", "enum": ["open", "supported", "refuted"]},
            "for": {"type": "array", "items": {"type": "string"}, "description": "Ids of results, as r1."},
            "against": {"type": "array", "items": {"type": "string"}, "description": "Ids of results, as r1."},
            "note": {"type": "string", "description": "What in them says so."},
        },
        "required": ["hypothesis", "verdict"],
        "additionalProperties": False,
    },
)
_MANY: Final = TypeAdapter(list[Hypothesis])


class Hypotheses:
    """The ledger; a hypothesis is known by its words."""

    def __init__(self, noted: Iterable[Hypothesis] = ()) -> None:
        self._noted = {_same(each.hypothesis): each for each in noted}

    @property
    def all(self) -> tuple[Hypothesis, ...]:
        return tuple(self._noted.values())

    def note(self, arguments: Mapping[str, Json], results: Collection[str]) -> str:
        """Raises InvalidInput, for the model to mend."""
        try:
            noted = Hypothesis.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "input"
            raise InvalidInput(
                f"{where}: {first['msg']}", mend="Give hypothesis, verdict, for, against, note."
            ) from None
        if unknown := [each for each in (*noted.for_, *noted.against) if each not in results]:
            known = ", ".join(results) or "none yet"
            raise InvalidInput(f"there is no result {unknown[0][:40]!r}", mend=f"There are: {known}.")
        needed = {"supported": noted.for_, "refuted": noted.against}.get(noted.verdict)
        if needed == ():
            raise InvalidInput(
                f"{noted.verdict} by which result?", mend="Name the results that say so, or leave it open."
            )
        if _same(noted.hypothesis) not in self._noted and len(self._noted) >= MOST:
            raise InvalidInput(f"{MOST} hypotheses are noted already", mend="Judge those first.")
        self._noted[_same(noted.hypothesis)] = noted
        return f"noted, {len(self._noted)} in all: " + "; ".join(
            f"{each.hypothesis} ({each.verdict})" for each in self._noted.values()
        )

    def table(self) -> Table | None:
        if not self._noted:
            return None
        rows = tuple(
            (
                tamed(each.hypothesis),
                _SIGNS[each.verdict],
                ", ".join(each.for_),
                ", ".join(each.against),
                tamed(each.note),
            )
            for each in self._noted.values()
        )
        return Table("Hypotheses", ("Hypothesis", "Verdict", "For", "Against", "Why"), rows)

    def dump(self) -> list[Json]:
        return [each.model_dump(mode="json", by_alias=True) for each in self._noted.values()]

    @classmethod
    def load(cls, dumped: Json) -> Hypotheses:
        return cls(_MANY.validate_python(dumped or []))


def _same(words: str) -> str:
    return " ".join(words.lower().split()).rstrip(".")
