"""What the code of `handlers/` really uses of Slack, read off its syntax; the tables in `surface.py` are held to it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from slack_bolt.middleware.assistant.async_assistant import AsyncAssistant
from slack_sdk.web import async_client

import handlers

FOLDER = Path(handlers.__file__).parent
TABLES = {"surface.py", "manifest.py", "manifest_shape.py", "platform.py"}
"""They name what there is; they use nothing."""

ASSISTANT = {
    AsyncAssistant.thread_started.__name__: "assistant_thread_started",
    AsyncAssistant.thread_context_changed.__name__: "assistant_thread_context_changed",
    AsyncAssistant.user_message.__name__: "message.im",
}
GIVEN = {  # what Bolt hands to listeners calls methods too
    "say": ["chat.postMessage"],
    "set_status": ["assistant.threads.setStatus"],
    "set_suggested_prompts": ["assistant.threads.setSuggestedPrompts"],
    "set_title": ["assistant.threads.setTitle"],
    "say_stream": ["chat.startStream", "chat.appendStream", "chat.stopStream"],
}


def sources(folder: Path = FOLDER) -> Iterator[ast.Module]:
    for path in sorted(folder.rglob("*.py")):
        if path.name not in TABLES:
            yield ast.parse(path.read_text("utf-8"), path)


@cache
def client_methods() -> dict[str, set[str]]:
    """`chat_postMessage` → {`chat.postMessage`}; what uploads in three steps calls all of them."""
    tree = ast.parse(inspect.getsource(async_client))
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and not node.name.startswith("_")
    }

    def called(name: str, seen: frozenset[str]) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "api_call" and node.args and isinstance(node.args[0], ast.Constant):
                    found.add(str(node.args[0].value))
                elif node.func.attr in functions and node.func.attr not in seen:
                    found |= called(node.func.attr, seen | {node.func.attr})
        return found

    methods = {name: called(name, frozenset({name})) for name in functions if "_" in name}
    methods["chat_stream"] = {"chat.startStream", "chat.appendStream", "chat.stopStream"}
    return {name: found for name, found in methods.items() if found}


def methods_called(trees: Iterator[ast.Module]) -> set[str]:
    known, found = client_methods(), {"auth.test"}  # Bolt asks it itself
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name) if name in known:
                    found |= known[name]
                case ast.Call(func=ast.Attribute(attr="api_call"), args=[ast.Constant(value=str(name)), *_]):
                    found.add(name)
                case ast.Call(func=ast.Name(id=name)) if name in GIVEN:
                    found |= set(GIVEN[name])
                case ast.Call(func=ast.Name(id="SocketModeClient" | "AsyncSocketModeHandler")):
                    found.add("apps.connections.open")
    return found


def methods_named(trees: Iterator[ast.Module]) -> set[str]:
    """In tables of limits, in jobs, in messages."""
    known = set().union(*client_methods().values())
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known
    }


def registered(trees: Iterator[ast.Module], kind: str) -> set[str]:
    """The names of `app.event("…")`, `app.command("…")`, `app.shortcut("…")`."""
    return {
        name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == kind
        for name in _names(node)
    }


def _names(call: ast.Call) -> Iterator[str]:
    first = next(iter([*call.args, *(keyword.value for keyword in call.keywords)]), None)
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value
    if isinstance(first, ast.Dict):
        for key, value in zip(first.keys, first.values, strict=True):
            if (
                isinstance(key, ast.Constant)
                and key.value in {"type", "callback_id"}
                and isinstance(value, ast.Constant)
            ):
                yield str(value.value)


def assistant_events(trees: Iterator[ast.Module]) -> set[str]:
    return {
        ASSISTANT[node.func.attr]
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASSISTANT
    }
