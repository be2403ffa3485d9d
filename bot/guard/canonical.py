"""One spelling for each value, so that parameters can be bound by hash."""

from __future__ import annotations

import hashlib
import json
import math

from bot.ports import Json


def canonical(value: Json) -> str:
    """JSON with sorted keys and no spaces; refuses NaN and infinities, which have no JSON spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(*parts: str) -> str:
    """SHA-256 over the parts, each with its length, so that no two lists of parts read the same."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        sha.update(len(data).to_bytes(8, "big"))
        sha.update(data)
    return sha.hexdigest()


def parameters_hash(operation: str, parameters: Json) -> str:
    """What an approval is given to: this operation with exactly these parameters."""
    return digest("operation", operation, canonical(parameters))


def writable(text: str) -> str:
    """Lone surrogates can be neither stored nor sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def plain(value: Json) -> Json:
    """What every database and every client can read: no NaN, no lone surrogates."""
    match value:
        case str():
            return writable(value)
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [plain(item) for item in value]
        case dict():
            return {writable(key): plain(item) for key, item in value.items()}
        case _:
            return value
