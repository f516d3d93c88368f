"""Two sentences that say nearly the same in the same words: what stands in one instead of in the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from roadworthy.knowledge.sentences import NEGATIONS, listed
from roadworthy.knowledge.statements import Sentence, Token, alike
from roadworthy.knowledge.values import Value

_ENOUGH = 0.6  # part of the longer sentence's words that both have, edges aside
_FEWEST = 4  # words that both have
_MUCH = 5  # content words that both have, for a term that is no name to be another answer
_LONGEST_SWAP = 8  # words that stand in place of others
_OPPOSITES: Final = tuple(
    frozenset(pair.split("/"))
    for pair in (
        "free/charged", "allowed/forbidden", "required/optional", "always/never", "possible/impossible", "open/closed",
        "included/excluded", "yes/no", "with/without", "can/cannot", "may/must", "accepted/refused", "before/after",
        "kostenlos/kostenpflichtig", "erlaubt/verboten", "immer/nie", "möglich/unmöglich", "mit/ohne", "ja/nein",
        "geöffnet/geschlossen", "vor/nach", "inklusive/exklusive",
    )
)  # fmt: skip
_MODAL: Final = listed(
    "do does did will would can could shall should may might is are was were has have had"
)


@dataclass(frozen=True, slots=True)
class Swap:
    """What one sentence says where the other says something else. ``sure``: 0 to 1, for the words alone."""

    kind: str
    one: str
    other: str
    sure: float


def aligned(one: Sentence, other: Sentence) -> tuple[Edit, ...] | None:
    """Where two sentences in nearly the same words differ; None where their words are not nearly the same."""
    left, right = one.tokens, other.tokens
    shared = sum((Counter(each.key for each in left) & Counter(each.key for each in right)).values())
    if shared < _FEWEST or shared < _ENOUGH * min(len(left), len(right)):
        return None
    return _edits(left, right)


def swap(edits: Sequence[Edit]) -> Swap | None:
    """What contradicts in two aligned sentences; None where nothing does.

    One value for another, one name or term for another after what they share, or a negation in one of
    them. Where words differ beside it, they speak of different things: then nothing is said.
    """
    negations = [edit for edit in edits if _turns(edit)]
    values = [edit for edit in edits if _value_edit(edit)]
    terms = [edit for edit in edits if edit not in negations and edit not in values and _says(edit)]
    additions = sum(1 for edit in terms if not edit.left or not edit.right)
    terms = [edit for edit in terms if edit.left and edit.right]
    whole = 0.8**additions
    if terms and (values or negations or len({_pair(edit) for edit in terms}) > 1):
        return None
    if values:
        edit = values[0]
        if len(values) > 1 and any(edit.value(edit.left).kind in {"year", "date"} for edit in values):
            return None  # of another time
        a, b = edit.value(edit.left), edit.value(edit.right)
        return Swap(a.kind, a.written, b.written, (0.95 if len(values) == 1 else 0.85) * whole)
    if len(negations) == 1:
        return Swap("negation", negations[0].text("left"), negations[0].text("right"), 0.85 * whole)
    if terms:
        edit = terms[0]
        return Swap("term", edit.text("left"), edit.text("right"), _term_sure(edit) * whole)
    return None


@dataclass(frozen=True, slots=True)
class Edit:
    """Words of one sentence that stand where the other has others, or none."""

    left: tuple[Token, ...]
    right: tuple[Token, ...]
    before: int
    """Content words that both sentences have before it."""
    after: int

    def value(self, side: Sequence[Token]) -> Value:
        """The first value on a side, which has one."""
        return next(each.value for each in side if each.value is not None)

    def text(self, side: str) -> str:
        """What stands on the side `left` or `right`, as it was written."""
        return " ".join(
            each.value.written if each.value else each.key
            for each in (self.left if side == "left" else self.right)
        )


def _edits(left: Sequence[Token], right: Sequence[Token]) -> tuple[Edit, ...] | None:
    """The places where they differ; None where too little is the same. What only one has at its end is cut off text."""
    keys, others = [each.key for each in left], [each.key for each in right]
    blocks = SequenceMatcher(None, keys, others, autojunk=False).get_opcodes()
    same = sum(end - start for tag, start, end, _, _ in blocks if tag == "equal")
    found, before = [], 0
    after = sum(
        left[place].content for tag, a, b, _, _ in blocks if tag == "equal" for place in range(a, b)
    )
    length = max(len(left), len(right))
    for place, (tag, a, b, c, d) in enumerate(blocks):
        if tag == "equal":
            content = sum(each.content for each in left[a:b])
            before, after = before + content, after - content
            continue
        edge = place == 0 or place == len(blocks) - 1
        if edge and (a == b or c == d):
            length -= max(b - a, d - c)
            continue
        found.append(Edit(tuple(left[a:b]), tuple(right[c:d]), before, after))
    if same < _FEWEST or same < _ENOUGH * length:
        return None
    return tuple(found)


def _turns(edit: Edit) -> bool:
    """Negation or its opposite in one of them, and nothing else of weight."""
    words = [{each.key for each in side} for side in (edit.left, edit.right)]
    if any(pair <= words[0] | words[1] and len(pair & words[0]) == 1 for pair in _OPPOSITES):
        return len(edit.left) <= 2 and len(edit.right) <= 2
    odd = [sum(each in NEGATIONS for each in side) % 2 for side in words]
    rest = {word for side in words for word in side if word not in NEGATIONS and word not in _MODAL}
    return odd[0] != odd[1] and not rest


def _value_edit(edit: Edit) -> bool:
    """One value of a kind on both sides, and they do not agree; hardly a word beside them."""
    sides = [[each.value for each in side if each.value] for side in (edit.left, edit.right)]
    if len(sides[0]) != 1 or len(sides[1]) != 1 or max(len(edit.left), len(edit.right)) > 3:
        return False
    one, other = sides[0][0], sides[1][0]
    counts = one.kind.startswith("number") and other.kind.startswith("number")
    return (one.kind == other.kind or counts) and not one.agrees(other)


def _says(edit: Edit) -> bool:
    """It changes content, and is no other form of the same word."""
    left = [each.key for each in edit.left if each.content]
    right = [each.key for each in edit.right if each.content]
    if not left and not right:
        return False
    if len(left) == len(right) and all(alike(a, b) for a, b in zip(left, right, strict=True)):
        return False
    return "".join(left) != "".join(right)


def _pair(edit: Edit) -> tuple[str, str]:
    return edit.text("left"), edit.text("right")


def _term_sure(edit: Edit) -> float:
    """How surely another term is another answer: names are, other words may be another way to say it.

    What stands before both leads to the term; a term that opens the sentence is its subject, and sentences
    about two subjects do not contradict each other.
    """
    content = [[each for each in side if each.content] for side in (edit.left, edit.right)]
    if not content[0] or not content[1] or max(map(len, content)) > _LONGEST_SWAP or edit.before < 2:
        return 0.0
    if any(each.value for side in content for each in side):
        return 0.5
    if all(any(each.capital for each in side) for side in content):
        return 0.75
    return 0.55 if edit.before + edit.after >= _MUCH else 0.0
