"""Words that ask for nothing, answered as a colleague would: shortly."""

from __future__ import annotations

import re
from typing import Final

_REPLIES: Final = (
    (
        r"\b(?:thanks?|thx|ty|cheers|thank you|appreciate|lifesaver|owe you|great job|well done|nice work)\b",
        "Any time.",
    ),
    (r"\b(?:never ?mind|nvm|figured it out|forget it|all good|solved)\b", "Good. I leave it at that."),
    (r"\b(?:bye|good ?night|see you|cya)\b", "See you."),
    (
        r"\b(?:hi|hey|hello|morning|good (?:morning|afternoon|evening)|yo|hiya)\b",
        "Hello. Ask me how a service does, why it is slow, or `help`.",
    ),
    (
        r"^\W*(?:\w+\W+)?(?:undo|revert|take (?:that|this|it|back))\b",
        (
            "Say what to take back: “unsilence payments”, “stop watching checkout latency”, “resume the search watch”. "
            "What a button did is taken back below its answer; of words I know the last ones of this thread."
        ),
    ),
)
ELSE: Final = "That is beyond me: I look after services. `help` shows what I can do."


LEFT: Final = "All right, I do nothing."


def reply(text: str, *, negated: bool = False) -> str:
    """`negated`: it was said what is not to be done."""
    said = text.lower()
    return next((words for pattern, words in _REPLIES if re.search(pattern, said)), LEFT if negated else ELSE)
