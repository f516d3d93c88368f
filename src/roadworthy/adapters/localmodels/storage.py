"""A task model as one bytes blob: an .npz of plain arrays and a JSON header, no pickle.

The blob depends on nothing but its parts: no time stamps, no compression, no library version. So the
same model has the same digest everywhere. ``numpy.load(..., allow_pickle=False)`` reads the arrays.

| array | type | shape | holds |
|---|---|---|---|
| bias | f4 | labels | intercept of the linear model |
| embedding_weights | f4 | dimensions × labels | its weights for the embedding |
| term_weights | f2 | terms × labels | its weights for the terms |
| idf | f4 | terms | how telling a term is |
| example_labels | u2 | examples | place of an example's label |
| example_embeddings | f2 | examples × dimensions | rows of length 1 |
| posting_starts | i8 | terms + 1 | where a term's examples begin |
| posting_examples | i4 | postings | examples that contain the term |
| posting_weights | f2 | postings | its weight in them |
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.errors import Corrupt

FORMAT = 1
BLOB_LIMIT = 256 * 2**20
LABELS_LIMIT = 1_000

_HEADER = "header.json"
_SHAPES = {
    "bias": ("<f4", ("labels",)),
    "embedding_weights": ("<f4", ("dimensions", "labels")),
    "term_weights": ("<f2", ("terms", "labels")),
    "idf": ("<f4", ("terms",)),
    "example_labels": ("<u2", ("examples",)),
    "example_embeddings": ("<f2", ("examples", "dimensions")),
    "posting_starts": ("<i8", ("starts",)),
    "posting_examples": ("<i4", ("postings",)),
    "posting_weights": ("<f2", ("postings",)),
}
_HINT = "train the model again from its labelled texts, or restore the blob from a backup"

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """All that a task model is made of. ``embedding`` names the embedding model, empty where none is used."""

    task: str
    features: str
    embedding: str
    seed: int
    trained_on: int
    labels: tuple[str, ...]
    examples: tuple[str, ...]
    terms: tuple[str, ...]
    bias: Array
    embedding_weights: Array
    term_weights: Array
    idf: Array
    example_labels: Array
    example_embeddings: Array
    posting_starts: Array
    posting_examples: Array
    posting_weights: Array

    def __post_init__(self) -> None:
        for name, (kind, _) in _SHAPES.items():
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.dtype(kind)))


def pack(parts: Parts) -> bytes:
    """The blob. The same parts give the same bytes."""
    header = {
        field.name: getattr(parts, field.name) for field in fields(parts) if field.name not in _SHAPES
    }
    header |= {"format": FORMAT, "sizes": _sizes(parts)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, _HEADER, json.dumps(header, sort_keys=True, separators=(",", ":")).encode("ascii"))
        for name, (kind, _) in _SHAPES.items():
            array: Array = getattr(parts, name)
            _add(archive, f"{name}.npy", _npy_prefix(kind, array.shape) + array.tobytes())
    return stream.getvalue()


def unpack(blob: bytes) -> Parts:
    """The parts of a blob, after every byte was checked.

    Errors: ``Corrupt`` RW-MODEL-005 for bytes that are no task model or are damaged, RW-MODEL-006 for
    a format this version does not read, RW-MODEL-007 where the parts contradict each other or a limit.
    """
    if len(blob) > BLOB_LIMIT:
        raise _contradiction(f"{len(blob) >> 20} MB, the limit is {BLOB_LIMIT >> 20} MB")
    files = _files(blob)
    header = _header(files.pop(_HEADER))
    sizes = header.pop("sizes")
    arrays: dict[str, Any] = {
        name: _array(name, files[f"{name}.npy"], kind, tuple(sizes[size] for size in shape))
        for name, (kind, shape) in _SHAPES.items()
    }
    parts = Parts(**header, **arrays)
    _check(parts, sizes)
    # Invariant: one model, one blob. This also finds a flipped byte that no checksum covers.
    if pack(parts) != blob:
        raise _damaged("bytes that do not belong to the model")
    return parts


def _sizes(parts: Parts) -> dict[str, int]:
    return {
        "labels": len(parts.labels),
        "terms": len(parts.terms),
        "examples": len(parts.examples),
        "dimensions": parts.embedding_weights.shape[0],
        "starts": len(parts.terms) + 1,
        "postings": len(parts.posting_examples),
    }


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # else the blob would tell on which system it was written
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _npy_prefix(kind: str, shape: tuple[int, ...]) -> bytes:
    """What stands before an array's values in NPY format 1.0. numpy pads it differently from time to time."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode("ascii")
    text += b" " * (-(10 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _files(blob: bytes) -> dict[str, bytes]:
    expected = [_HEADER, *(f"{name}.npy" for name in _SHAPES)]
    try:
        with zipfile.ZipFile(io.BytesIO(blob)) as archive:
            entries = archive.infolist()
            if [entry.filename for entry in entries] != expected:
                raise _damaged("the archive does not hold the files of a task model")
            # Stored, never compressed: so nothing unpacks to more than the blob itself.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise _damaged("the archive is compressed")
            return {entry.filename: archive.read(entry) for entry in entries}
    # zipfile meets damage with whatever its parsing trips over.
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, OverflowError) as problem:
        raise _damaged(str(problem) or "the archive cannot be read") from None


_KINDS: Mapping[str, type] = {
    "task": str,
    "features": str,
    "embedding": str,
    "seed": int,
    "trained_on": int,
}
_TEXTS = ("labels", "examples", "terms")
_COUNTS = ("labels", "terms", "examples", "dimensions", "starts", "postings")


def _header(content: bytes) -> dict[str, Any]:
    """The header's fields as ``Parts`` takes them, and ``sizes``."""
    try:
        header = json.loads(content.decode("ascii"))
    except (ValueError, RecursionError):
        raise _damaged("the header is no JSON") from None
    if not isinstance(header, dict):
        raise _damaged("the header is no object")
    version = header.pop("format", None)
    if version != FORMAT:
        raise Corrupt(
            "RW-MODEL-006",
            f"a task model in format {version!r}, this version reads format {FORMAT}",
            intact="the blob itself, for the version that wrote it",
            hint="run the version of Roadworthy that wrote it, or train the model again",
        )
    if set(header) != {*_KINDS, *_TEXTS, "sizes"}:
        raise _damaged("the header does not have the fields of a task model")
    for name, kind in _KINDS.items():
        if type(header[name]) is not kind:
            raise _damaged(f"`{name}` in the header is of the wrong kind")
    for name in _TEXTS:
        if not isinstance(header[name], list) or not all(isinstance(text, str) for text in header[name]):
            raise _damaged(f"`{name}` in the header is no list of texts")
        header[name] = tuple(header[name])
    sizes = header["sizes"]
    if not isinstance(sizes, dict) or set(sizes) != set(_COUNTS):
        raise _damaged("`sizes` in the header does not have its fields")
    if not all(type(size) is int and 0 <= size <= BLOB_LIMIT for size in sizes.values()):
        raise _damaged("`sizes` in the header are no counts")
    return header


def _array(name: str, content: bytes, kind: str, shape: tuple[int, ...]) -> Array:
    prefix = _npy_prefix(kind, shape)
    expected = len(prefix) + math.prod(shape) * np.dtype(kind).itemsize
    if not content.startswith(prefix) or len(content) != expected:
        raise _contradiction(f"`{name}` does not have the shape that the header states")
    return np.frombuffer(content, np.dtype(kind), offset=len(prefix)).reshape(shape)


def _check(parts: Parts, sizes: dict[str, int]) -> None:
    """Everything that prediction takes for granted."""
    if sizes != _sizes(parts):
        raise _contradiction("the sizes do not fit the labels, terms and examples")
    if not 2 <= len(parts.labels) <= LABELS_LIMIT or not parts.examples:
        raise _contradiction(f"2 to {LABELS_LIMIT} labels and at least one example are needed")
    for name, (kind, _) in _SHAPES.items():
        if "f" in kind and not np.isfinite(getattr(parts, name)).all():
            raise _contradiction(f"`{name}` holds values that are no numbers")
    if int(parts.example_labels.max()) >= len(parts.labels):
        raise _contradiction("an example has a label that does not exist")
    starts, examples = parts.posting_starts, parts.posting_examples
    if starts[0] != 0 or starts[-1] != len(examples) or (np.diff(starts) < 0).any():
        raise _contradiction("the postings of the terms overlap")
    if len(examples) and not 0 <= int(examples.min()) <= int(examples.max()) < len(parts.examples):
        raise _contradiction("a term points to an example that does not exist")


def _damaged(problem: str) -> Corrupt:
    return Corrupt("RW-MODEL-005", "this is no task model, or it is damaged", broken=[problem], hint=_HINT)


def _contradiction(problem: str) -> Corrupt:
    return Corrupt("RW-MODEL-007", "a task model contradicts itself", broken=[problem], hint=_HINT)
