"""What a stream has yet to say: words in pieces, and tasks as they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.agent.events import Event, Plan, Progress, Task, Text
from handlers.present.message import Block

MOST_WORDS: Final = 12_000
"""So many characters Slack takes in one call."""
MOST_RAW: Final = 3_000
"""So many of ours fit in, even if all of them are escaped."""
MOST_FIELD: Final = 256
STATUS: Final[Mapping[Progress, str]] = {
    "pending": "pending",
    "running": "in_progress",
    "done": "complete",
    "failed": "error",
}


def looking(answer_id: str, *, done: bool = False) -> Block:
    """The first task of every stream, by whose id the stream is found again."""
    return {
        "type": "task_update",
        "id": answer_id,
        "title": "Looked" if done else "Looking …",
        "status": STATUS["done" if done else "running"],
    }


def harmless(markdown: str) -> str:
    """Slack reads its own `<…>` in Markdown too: mentions of everybody, links with a false label."""
    return markdown.replace("<", "&lt;")


class Spoken:
    """Hears the events, and hands out what has not been said, each once and in order."""

    def __init__(self, answer_id: str) -> None:
        self._answer_id = answer_id
        self._looked = False
        self._pending: list[Block] = []
        self._tasks: dict[str, Task] = {}
        self._words: list[str] = []
        self.unsaid = 0
        """Characters that wait."""

    @property
    def words(self) -> str:
        """All the words that were heard."""
        return "".join(self._words)

    def __bool__(self) -> bool:
        return bool(self._pending)

    def fits_one_call(self) -> bool:
        return sum(len(harmless(chunk.get("text", ""))) for chunk in self._pending) <= MOST_WORDS

    def running(self) -> list[Task]:
        return [task for task in self._tasks.values() if task.state in ("pending", "running")]

    def hear(self, event: Event) -> None:
        match event:
            case Text(markdown):
                self._hear_words(markdown)
            case Plan(title):
                self._replace({"type": "plan_update", "title": title[:MOST_FIELD]})
            case Task():
                self._look_no_more()
                self._hear_task(event)

    def take(self, *, last: bool = False) -> list[Block]:
        """What is said now; with `last` everything, and no task is left turning."""
        if last:
            self._look_no_more()
            for task in self.running():
                self._hear_task(Task(task.id, task.title, "done", task.details))
        taken, self._pending, room = self._pending, [], MOST_WORDS if last else MOST_RAW
        said: list[Block] = []
        while taken:
            chunk = taken.pop(0)
            text = chunk.get("text", "")
            if len(text) > room:
                taken.insert(0, {**chunk, "text": text[room:]})
                chunk = {**chunk, "text": text[:room]}
            room -= len(chunk.get("text", ""))
            if chunk.get("text") != "":
                said.append({**chunk, "text": harmless(chunk["text"])} if text else chunk)
            if not room:
                break
        self._pending = taken
        self.unsaid = sum(len(chunk.get("text", "")) for chunk in taken)
        return said

    def _hear_words(self, markdown: str) -> None:
        if not markdown:
            return
        self._look_no_more()
        self._words.append(markdown)
        self.unsaid += len(markdown)
        if self._pending and self._pending[-1]["type"] == "markdown_text":
            self._pending[-1]["text"] += markdown
        else:
            self._pending.append({"type": "markdown_text", "text": markdown})

    def _hear_task(self, task: Task) -> None:
        """Slack replaces title and status, and adds the details to those that are there."""
        known = self._tasks.get(task.id)
        self._tasks[task.id] = task
        more = task.details
        if known and known.details:
            more = more.removeprefix(known.details) if more.startswith(known.details) else more and f" · {more}"
        waiting = self._replace(
            {
                "type": "task_update",
                "id": task.id,
                "title": task.title[:MOST_FIELD] or "…",
                "status": STATUS[task.state],
            }
        )
        details = (waiting.get("details", "") + more)[:MOST_FIELD]
        if details:
            waiting["details"] = details

    def _look_no_more(self) -> None:
        if not self._looked:
            self._looked = True
            self._pending.append(looking(self._answer_id, done=True))

    def _replace(self, chunk: Block) -> Block:
        """In the place of what waits for the same task or plan, or at the end."""
        for waiting in self._pending:
            if waiting["type"] == chunk["type"] and waiting.get("id") == chunk.get("id"):
                waiting.update(chunk)
                return waiting
        self._pending.append(chunk)
        return chunk
