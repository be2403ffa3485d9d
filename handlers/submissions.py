"""Windows that were sent: judged while the person waits, carried out behind that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bot.agent.events import Text
from bot.agent.request import Request
from bot.door.outcomes import Origin
from bot.errors import InvalidInput
from bot.guard.people import Actor
from handlers.conversation import Conversation
from handlers.deliveries import Payload
from handlers.form_asks import read_ask, read_feedback
from handlers.forms import Errors, Forms, response
from handlers.live import Place
from handlers.present.approval import read_reject
from handlers.presses import Press, Presses

FORM: Final = "form"
ASK: Final = "ask"
FEEDBACK: Final = "feedback"


class Submissions:
    """What is behind the Submit of each window."""

    def __init__(self, forms: Forms, conversation: Conversation, presses: Presses) -> None:
        self._forms = forms
        self._conversation = conversation
        self._presses = presses

    async def judge(self, payload: Payload) -> dict[str, Any] | None:
        """Errors at their fields, while the window is still open; None if it is in order."""
        view = payload["view"]
        if view.get("callback_id") != FORM:
            return None
        found = self._forms.read(view)
        return response(found) if isinstance(found, Errors) else None

    async def take(self, view: dict[str, Any], press: Press) -> None:
        match view.get("callback_id"):
            case "form":
                await self._form(view, press)
            case "ask":
                asked = read_ask(view)
                await self._answer(press, asked.channel, None, text=asked.text)
            case "feedback":
                said = read_feedback(view)
                where = _at(press, said.channel)
                done = await self._presses.do(
                    where,
                    "answers.rate",
                    answer=said.answer,
                    verdict="down",
                    reason=said.reason,
                    correction=said.correction,
                )
                if done:
                    await self._presses.tell(where, Text("Thank you, that helps."))
            case "reject":
                approval, reason = read_reject(view)
                await self._presses.do(press, "approvals.decide", approval=approval, verdict="reject", reason=reason)

    async def _form(self, view: dict[str, Any], press: Press) -> None:
        found = self._forms.read(view)
        if isinstance(found, Errors):  # judged before; this one came again, from a window that has changed
            raise InvalidInput("the form cannot be read any more", mend="Open it again.")
        await self._answer(
            press,
            found.place.channel or "",
            found.place.thread or None,
            operation=found.operation,
            values=found.values,
            why=found.why,
            key=f"form:{found.key}",
        )

    async def _answer(self, press: Press, channel: str, thread: str | None, *, key: str = "", **asked: Any) -> None:
        where = _at(press, channel, thread)
        place = await self._presses.place(where) if thread or not channel else Place(channel, None, surface="channel")
        request = Request(
            Actor(press.person),
            Origin(place.surface, place.channel, place.thread, press.workspace),
            key or press.key,
            again=press.again,
            **asked,
        )
        await self._conversation.answer(request, place)


def _at(press: Press, channel: str, thread: str | None = None) -> Press:
    return replace(press, channel=channel or None, thread=thread, message=None, view="", surface="modal")
