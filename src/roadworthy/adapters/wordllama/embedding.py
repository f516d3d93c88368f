"""WordLlama's 256 numbers a text: quick, roughly right, offline."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.ports.knowledge import Vectors
from roadworthy.quantities import Digest, digest

DIMENSIONS: Final = 256
TEXT_LIMIT: Final = 8_000
"""Characters of a text that are looked at, so that an enormous text costs no more than a long one."""

_WEIGHTS = ("wordllama/weights/l2_supercat_256.safetensors",
            "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5")  # fmt: skip
_TOKENIZER = ("wordllama/tokenizers/l2_supercat_tokenizer_config.json",
              "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68")  # fmt: skip
_TENSOR = "embedding.weight"
FINGERPRINT: Final = digest(f"wordllama {_WEIGHTS[1]} {_TOKENIZER[1]}".encode())
_HINT = "pip install 'roadworthy[knowledge]'"


class WordLlama:
    """Turns texts into the mean of the vectors of their tokens, 256 numbers of length 1.

    Knows no order of words; English best. Some thousand short texts a second, and about 35 MB. The package's own
    way of loading looks for its files in a wrong folder and then downloads them: its files are read directly, and
    nothing is ever fetched. May be used from several threads.

    Errors: ``InputProblem`` RW-KNOWLEDGE-035 where packages are missing, ``Corrupt`` RW-KNOWLEDGE-036 where
    the installed files are not the ones named in this module.
    """

    def __init__(self) -> None:
        tokenizers, safetensors = _module("tokenizers"), _module("safetensors.numpy")
        self._tokenizer = tokenizers.Tokenizer.from_str(_file(*_TOKENIZER).decode("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        tensors = safetensors.load(_file(*_WEIGHTS))
        self._rows: Vectors = np.ascontiguousarray(tensors[_TENSOR], np.float32)

    @property
    def name(self) -> str:
        return "static"

    @property
    def digest(self) -> Digest:
        return FINGERPRINT

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text: shape (texts, 256). The same text gives the same row.

        Edge: a blank text gives a row of zeros.
        """
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for place, text in enumerate(texts):
            if not text.strip():
                continue
            whole = text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")
            # One call a text: a batch would start a pool of threads, which a fork does not survive.
            tokens = self._tokenizer.encode(whole, add_special_tokens=False).ids
            mean = self._rows[tokens].mean(axis=0) if tokens else vectors[place]
            length = float(np.linalg.norm(mean))
            vectors[place] = mean / length if length else mean
        return vectors


_loading = threading.Lock()


def shared_wordllama() -> WordLlama:
    """The process's one, loaded at the first call."""
    with _loading:
        return _load()


@functools.cache
def _load() -> WordLlama:
    return WordLlama()


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise _missing(name.partition(".")[0]) from None


def _file(path: str, expected: str) -> bytes:
    """A file of the installed package, found without importing any of its code."""
    try:
        file = Path(str(importlib.metadata.distribution("wordllama").locate_file(path)))
        content = file.read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError):
        raise _missing("wordllama") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise Corrupt(
            "RW-KNOWLEDGE-036",
            f"the installed `{file.name}` of `wordllama` is not the one this version was built for",
            broken=[f"found sha256:{found[:12]}…, expected sha256:{expected[:12]}…"],
            intact="searching by words, and by other models",
            hint="pip install --force-reinstall 'roadworthy[knowledge]'",
        )
    return content


def _missing(what: str) -> InputProblem:
    return InputProblem(
        "RW-KNOWLEDGE-035", f"instant embeddings need `{what}`, which is not installed", hint=_HINT
    )
