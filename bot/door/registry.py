"""The operations there are: ours and third parties', found through one entry point."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import structlog

from bot.door.operation import Operation
from bot.errors import ConfigurationError, NotFound

GROUP = "llm_copilot.operations"
log = structlog.get_logger()
AnyOperation = Operation[Any, Any]


class Registry:
    """Operations by name."""

    def __init__(self, operations: Iterable[AnyOperation] = ()) -> None:
        self._operations: dict[str, AnyOperation] = {}
        for operation in operations:
            self.add(operation)

    @classmethod
    def discover(cls, group: str = GROUP) -> Registry:
        """Everything that the installed entry points name: a package, a module, or one operation.

        One that cannot be imported is left out, loudly: a broken plug-in must not stop the bot.
        """
        registry = cls()
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            try:
                found = point.load()
                # All of them first: a plug-in that breaks half-way is left out as a whole.
                for operation in [found] if isinstance(found, Operation) else list(_within(found)):
                    registry.add(operation)
            except ConfigurationError:
                raise
            except Exception:
                if point.name == "builtin":
                    raise
                log.exception("plugin_not_loaded", plugin=point.name, module=point.value)
        return registry

    def add(self, operation: AnyOperation) -> None:
        """The very same operation, imported into a second module, is not a second one."""
        if self._operations.get(operation.name, operation) is not operation:
            raise ConfigurationError(
                f"two operations are called {operation.name!r}",
                mend="Rename one, or remove the plug-in that brings it.",
            )
        self._operations[operation.name] = operation

    def get(self, name: str) -> AnyOperation:
        if found := self._operations.get(name):
            return found
        near = self.near(name)
        raise NotFound(
            f"there is no operation {name[:80]!r}",
            mend=f"Did you mean {' or '.join(near)}?" if near else "`operations.list` shows what there is.",
        )

    def near(self, name: str) -> list[str]:
        return difflib.get_close_matches(name[:80].lower(), self._operations, n=3, cutoff=0.5)

    @property
    def permissions(self) -> frozenset[str]:
        """Every permission that an operation needs, and those that decide within one."""
        own = {"approve:write", "approve:destructive", "door:break-glass", "runs:all", "watches:admin", "alerts:admin"}
        return frozenset({operation.permission for operation in self} | own)

    def __iter__(self) -> Iterator[AnyOperation]:
        return iter(sorted(self._operations.values(), key=lambda operation: operation.name))

    def __len__(self) -> int:
        return len(self._operations)


def _within(module: ModuleType) -> Iterator[AnyOperation]:
    """The operations of a module, and of every module inside it if it is a package."""
    names = [module.__name__]
    if hasattr(module, "__path__"):
        names += [f"{module.__name__}.{info.name}" for info in pkgutil.iter_modules(module.__path__)]
    for name in names:
        for thing in vars(importlib.import_module(name)).values():
            if isinstance(thing, Operation):
                yield thing
