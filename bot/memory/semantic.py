"""Meaning as vectors, where the extra `semantic` is installed; without it, shared words decide."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
READ: Final = 4_000
"""Characters of a text that its vector is made of."""
_TOKENIZER: Final = "l2_supercat_tokenizer_config.json"


class Embedder(Protocol):
    """Turns texts into unit vectors, one row each."""

    def __call__(self, texts: Sequence[str], /) -> Vector: ...


class WordLlamaEmbedder:
    """Static word vectors that come with the wheel: 256 dimensions, tens of microseconds for each sentence."""

    _read: ClassVar[Any] = None
    """The vectors, which are the same for all of a process."""

    def __init__(self, cache: Path) -> None:
        """Reads 18 MB: call it in a thread."""
        if WordLlamaEmbedder._read is None:
            WordLlamaEmbedder._read = self._load(cache)
        self._model = WordLlamaEmbedder._read

    @staticmethod
    def _load(cache: Path) -> Any:
        """The wheel keeps its tokeniser where its loader does not look."""
        from wordllama import WordLlama  # type: ignore[import-untyped]  # noqa: PLC0415  takes 0.6 s, and is optional

        found = importlib.util.find_spec("wordllama")
        assert found is not None
        assert found.origin is not None
        for folder in ("tokenizer", "tokenizers"):
            place = cache / folder / _TOKENIZER
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(found.origin).parent / "tokenizers" / _TOKENIZER, place)
        return WordLlama.load(cache_dir=cache, disable_download=True)

    def __call__(self, texts: Sequence[str], /) -> Vector:
        cut = [text[:READ].encode("utf-8", "replace").decode() or " " for text in texts]
        return unit(np.asarray(self._model.embed(cut), np.float32))


def embedder(cache: Path) -> Embedder | None:
    """The one that is installed, if any."""
    return WordLlamaEmbedder(cache) if importlib.util.find_spec("wordllama") else None


def unit(vectors: Vector) -> Vector:
    """Each of length one; a vector of nothing stays nothing."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0), np.float32)


def cosines(asked: Vector, vectors: Vector) -> Vector:
    """Of one unit vector with many."""
    return np.asarray(vectors @ asked, np.float32)
