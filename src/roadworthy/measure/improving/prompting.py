"""Proposals for prompted tasks: examples chosen from labelled cases, and a fixed set of changes to the prompt.

What is tried is written down here as data. No model writes its own prompt, and no text of a case
gets into one: examples stand in a file of their own, as JSON, and are shown to the model fenced.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.casework.label import Label
from roadworthy.charter import Charter
from roadworthy.data.personal import Classifier
from roadworthy.measure.improving.proposal import Proposal
from roadworthy.ports import TaskModel

MOST_EXAMPLES: Final = 40
LONGEST_EXAMPLE: Final = 300
DIMENSIONS: Final = 1 << 12
_CANDIDATES_PER_LABEL: Final = 400

Choice = Literal["", "typical", "diverse"]
Order = Literal["", "labels last", "labels first"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing to try: which examples, in which order the paragraphs stand, and one sentence more."""

    name: str
    words: str
    examples: Choice = ""
    order: Order = ""
    sentence: str = ""


VARIANTS: Final[tuple[Variant, ...]] = (
    Variant("typical examples", "for every label the examples nearest to its middle", examples="typical"),
    Variant("diverse examples", "for every label examples that differ most", examples="diverse"),
    Variant("labels last", "the labels stand at the end of the prompt", order="labels last"),
    Variant("labels first", "the labels stand at the beginning of the prompt", order="labels first"),
    Variant(
        "weigh the two nearest",
        "the prompt asks to weigh the two nearest labels first",
        sentence="Before answering, weigh the two labels that come nearest and what tells them apart; "
        "then answer with the one that fits better.",
    ),
)


class PromptedModels(Protocol):
    """Makes the task model of a prompted task from the files of a release."""

    def __call__(self, charter: Charter, task: str, files: Mapping[str, bytes]) -> TaskModel:
        """The model as a release with these files would run it."""


def examples_file(prompt: str) -> str:
    """Where the examples of a prompt stand: ``prompts/intent.txt`` has ``prompts/intent.examples.jsonl``."""
    return f"{prompt.rsplit('.', 1)[0]}.examples.jsonl"


def prompted(
    charter: Charter,
    task: str,
    files: Mapping[str, bytes],
    fit: Sequence[Label],
    *,
    models: PromptedModels,
    seed: int,
) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Every variant that changes something, and a sentence for each that cannot be tried.

    Same files, labels and seed: the same proposals.
    """
    path = charter.tasks[task].prompt
    before = files[path].decode("utf-8", "replace")
    proposals, notes = [], []
    for variant in VARIANTS:
        changed: dict[str, bytes] = {}
        words = [variant.words]
        if variant.examples:
            if "{examples}" not in before:
                notes.append(f"{variant.name}: the prompt has no slot `{{examples}}`")
                continue
            chosen = choose(fit, how=variant.examples, seed=seed)
            if not chosen:
                notes.append(f"{variant.name}: no labelled case is short and free of personal data")
                continue
            counted = Counter(label for _, label in chosen)
            words.append("examples: " + ", ".join(f"{label} {n}" for label, n in sorted(counted.items())))
            changed[examples_file(path)] = as_lines(chosen)
        text = vary(before, variant)
        if text != before:
            changed[path] = text.encode()
        if all(files.get(name) == content for name, content in changed.items()):
            notes.append(f"{variant.name}: the running release has it already")
            continue
        model = models(charter, task, {**files, **changed})
        proposals.append(Proposal(variant.name, "prompt", changed, model, tuple(words)))
    return tuple(proposals), tuple(notes)


def vary(prompt: str, variant: Variant) -> str:
    """The prompt with its paragraphs in another order, or with one sentence more. Slots and words stay.

    Applied twice it changes nothing more.
    """
    paragraphs = prompt.replace("\r\n", "\n").strip("\n").split("\n\n")
    if variant.order:
        at = next((place for place, one in enumerate(paragraphs) if "{labels}" in one), None)
        if at is None or len(paragraphs) == 1:
            return prompt
        end = 0 if variant.order == "labels first" else len(paragraphs) - 1
        if at == end:
            return prompt
        paragraphs.insert(end, paragraphs.pop(at))
        return "\n\n".join(paragraphs) + "\n"
    if variant.sentence and variant.sentence not in prompt:
        return prompt.rstrip("\n") + f"\n\n{variant.sentence}\n"
    return prompt


def choose(
    rows: Sequence[Label], *, how: Literal["typical", "diverse"], seed: int, most: int = MOST_EXAMPLES
) -> tuple[tuple[str, str], ...]:
    """Labelled texts to show, the same number of each label as far as there are enough.

    ``typical`` takes those nearest to the middle of their label, ``diverse`` those farthest from the
    ones taken before. One text of a cluster; none that is long or in which rules find personal data,
    for the files of a release cannot be erased. The seed decides between equals.
    """
    hidden = Classifier()
    by_label: dict[str, list[Label]] = defaultdict(list)
    seen: set[str] = set()
    for row in sorted(rows, key=lambda row: _shuffled(row.case, seed)):
        full = len(by_label[row.truth]) >= _CANDIDATES_PER_LABEL
        fits = len(row.text) <= LONGEST_EXAMPLE and row.text.isprintable() and not hidden.spans(row.text)
        if fits and not full and row.cluster not in seen:
            seen.add(row.cluster)
            by_label[row.truth].append(row)
    labels = sorted(label for label, candidates in by_label.items() if candidates)
    if not labels:
        return ()
    each = max(1, most // len(labels))
    order: Callable[[NDArray[np.float64], int], list[int]] = _typical if how == "typical" else _diverse
    chosen = []
    for label in labels:
        texts = [row.text for row in by_label[label]]
        chosen += [(texts[place], label) for place in order(vectors_of(texts), each)]
    return tuple(chosen[:most])


def as_lines(examples: Sequence[tuple[str, str]]) -> bytes:
    """Examples as a file: a JSON object with ``text`` and ``label`` in each line."""
    lines = (json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in examples)
    return "".join(f"{line}\n" for line in lines).encode()


def vectors_of(texts: Sequence[str]) -> NDArray[np.float64]:
    """TF-IDF of the words, hashed into so many places that few share one: shape (texts, 4096), rows of length 1."""
    counted = [Counter(_place(word) for word in text.casefold().split()) for text in texts]
    found_in = Counter(place for counts in counted for place in counts)
    rows = np.zeros((len(texts), DIMENSIONS))
    for row, counts in enumerate(counted):
        for place, n in counts.items():
            rows[row, place] = (1 + math.log(n)) * (1 + math.log((1 + len(texts)) / (1 + found_in[place])))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1.0, lengths)


def _typical(vectors: NDArray[np.float64], count: int) -> list[int]:
    likeness = vectors @ vectors.mean(axis=0)
    return [int(place) for place in np.argsort(-likeness, kind="stable")[:count]]


def _diverse(vectors: NDArray[np.float64], count: int) -> list[int]:
    """The most typical first, then always the one least like all taken so far."""
    taken = _typical(vectors, 1)
    nearest = vectors @ vectors[taken[0]]
    while len(taken) < min(count, len(vectors)):
        nearest[taken[-1]] = np.inf
        following = int(np.argmin(nearest))
        taken.append(following)
        nearest = np.maximum(nearest, vectors @ vectors[following])
    return taken


def _place(word: str) -> int:
    return (
        int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest())
        % DIMENSIONS
    )


def _shuffled(case: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {case}".encode(), digest_size=8).digest()
