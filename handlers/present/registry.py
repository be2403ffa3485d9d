"""Who shows what: one presenter for each kind of event and of output, ours and third parties'."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Final, TypeVar

import structlog

from bot.agent.events import Event
from bot.errors import ConfigurationError
from bot.ports import Json
from handlers.present.blocks import context
from handlers.present.escaping import code
from handlers.present.message import Block, Part, Scene

GROUP: Final = "llm_copilot.presenters"
log = structlog.get_logger()
E = TypeVar("E", bound=Event)
Shown = list[Block] | Part
Presenter = Callable[[E, Scene], Shown]
OutputPresenter = Callable[[Any, Scene], Part]
P = TypeVar("P", bound=Callable[..., Any])


class Presenters:
    """Presenters by what they show."""

    def __init__(self, group: str = GROUP) -> None:
        self._group = group
        self._events: dict[type[Event], Presenter[Any]] = {}
        self._outputs: dict[str, OutputPresenter] = {}
        self._loaded = False

    def presents(self, kind: type[E]) -> Callable[[P], P]:
        """Marks `(event, scene) -> blocks`, or `-> Part` where there is something behind Details."""

        def keep(function: P) -> P:
            self._put(self._events, kind, function)
            return function

        return keep

    def presents_output(self, *names: str) -> Callable[[P], P]:
        """Marks `(output, scene) -> Part` for operations by their name, or for outputs by the name of their class."""

        def keep(function: P) -> P:
            for name in names:
                self._put(self._outputs, name, function)
            return function

        return keep

    def load(self) -> None:
        """Third parties' presenters, once. One that cannot be imported is left out as a whole, loudly."""
        if self._loaded:
            return
        self._loaded = True
        for point in sorted(entry_points(group=self._group), key=lambda point: point.name):
            before = dict(self._events), dict(self._outputs)
            try:
                point.load()
            except Exception:
                self._events, self._outputs = before
                log.exception("plugin_not_loaded", plugin=point.name, module=point.value)

    def event(self, event: Event, scene: Scene) -> Part:
        """A presenter that breaks costs its own blocks, not the answer."""
        for kind in type(event).__mro__:
            if presenter := self._events.get(kind):
                try:
                    shown = presenter(event, scene)
                except Exception:
                    log.exception("presenter_failed", kind=type(event).__name__)
                    return Part([context(f"A part of this answer ({code(type(event).__name__)}) cannot be shown.")], [])
                return shown if isinstance(shown, Part) else Part(shown, [])
        return Part([context(f"This face has no way to show {code(type(event).__name__)}.")], [])

    def output(self, operation: str, output: Json, scene: Scene) -> Part | None:
        """None where nobody has a better way than the general one."""
        kind = next((each.output.__name__ for each in scene.registry if each.name == operation), "")
        presenter = self._outputs.get(operation) or self._outputs.get(kind)
        if presenter is None:
            return None
        try:
            return presenter(output, scene)
        except Exception:
            log.exception("presenter_failed", operation=operation)
            return None

    @staticmethod
    def _put(known: dict[Any, Any], key: object, function: object) -> None:
        if known.get(key, function) is not function:
            raise ConfigurationError(
                f"two presenters show {getattr(key, '__name__', key)!r}",
                mend="Remove one, or the plug-in that brings it.",
            )
        known[key] = function


presenters: Final = Presenters()
presents = presenters.presents
presents_output = presenters.presents_output
