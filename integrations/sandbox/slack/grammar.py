"""Small pieces from which the rules of Block Kit are put together; each complains as Slack does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Complaints = list[str]  # "must be less than 76 characters [json-pointer:/blocks/0/text/text]"
Check = Callable[[Any, str, Complaints], None]  # value, where it stands, what is wrong so far


def complain(complaints: Complaints, what: str, at: str) -> None:
    complaints.append(f"{what} [json-pointer:{at}]")


def string(
    most: int | None = None, *, least: int = 1, one_of: Collection[str] = (), pattern: str | None = None, form: str = ""
) -> Check:
    """`form` is what a value that does not fit `pattern` should have been."""
    shape = re.compile(pattern) if pattern else None

    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not isinstance(value, str):
            complain(complaints, "must provide a string", at)
        elif len(value) < least:
            complain(complaints, f"must be more than {least - 1} characters", at)
        elif most is not None and len(value) > most:
            complain(complaints, f"must be less than {most + 1} characters", at)
        elif one_of and value not in one_of:
            complain(complaints, f"must be a valid enum value; found `{value}`", at)
        elif shape is not None and not shape.fullmatch(value):
            complain(complaints, f"must match {form or pattern}; found `{value[:50]}`", at)

    return check


def boolean(value: Any, at: str, complaints: Complaints) -> None:
    if not isinstance(value, bool):
        complain(complaints, "must provide a boolean", at)


def integer(least: int, most: int | None = None) -> Check:
    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            complain(complaints, "must provide an integer", at)
        elif value < least:
            complain(complaints, f"must be at least {least}", at)
        elif most is not None and value > most:
            complain(complaints, f"must be at most {most}", at)

    return check


def number(value: Any, at: str, complaints: Complaints) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        complain(complaints, "must provide a number", at)


def array(of: Check, most: int | None = None, *, least: int = 1) -> Check:
    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not isinstance(value, list | tuple):
            complain(complaints, "must provide an array", at)
            return
        if len(value) < least:
            complain(complaints, f"no less than {least} items allowed", at)
        if most is not None and len(value) > most:
            complain(complaints, f"no more than {most} items allowed", at)
        for place, item in enumerate(value):
            of(item, f"{at}/{place}", complaints)

    return check


def thing(required: Mapping[str, Check], optional: Mapping[str, Check], *also: Check) -> Check:
    """An object with these keys and no others; `also` looks at what holds between them."""
    known = {**required, **optional}

    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not isinstance(value, Mapping):
            complain(complaints, "must provide an object", at)
            return
        before = len(complaints)
        for name in required:
            if name not in value:
                complain(complaints, f"missing required field: {name}", at)
        for name, held in value.items():
            if name not in known:
                complain(complaints, f"invalid additional property: {name}", at)
            else:
                known[name](held, f"{at}/{name}", complaints)
        if len(complaints) == before:
            for more in also:
                more(value, at, complaints)

    return check


def one_by_type(kinds: Mapping[str, Check]) -> Check:
    """What is allowed here, by its `type`."""

    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not isinstance(value, Mapping):
            complain(complaints, "must provide an object", at)
        elif "type" not in value:
            complain(complaints, "missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            complain(complaints, f"unsupported type: {value['type']}", f"{at}/type")
        else:
            kinds[value["type"]](value, at, complaints)

    return check


def exactly_one(*names: str) -> Check:
    def check(value: Any, at: str, complaints: Complaints) -> None:
        if sum(name in value for name in names) != 1:
            complain(complaints, f"must define exactly one of: {', '.join(names)}", at)

    return check


def at_least_one(*names: str) -> Check:
    def check(value: Any, at: str, complaints: Complaints) -> None:
        if not any(name in value for name in names):
            complain(complaints, f"must define either `{'` or `'.join(names)}`", at)

    return check


def anything(value: Any, at: str, complaints: Complaints) -> None:
    """Not looked at more closely here."""
