"""How a knowledge source is kept: stale, repeating, contradicting, without owner, with gaps; the owner's list of what to do."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from roadworthy.knowledge import Document, Finding
from roadworthy.knowledge.contradictions import MOST_PAIRS, Contradiction, contradictions
from roadworthy.knowledge.gaps import Gaps, Question
from roadworthy.knowledge.repeats import Pair, Piece, differences, repeats
from roadworthy.operate.knowledge.retrieving import documents
from roadworthy.operate.knowledge.retrieving import findings as every_finding
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.quantities import Digest, digest_of

SURE: Final = 0.8
"""Confidence from which two sentences count at the gate. Declared facts always do."""
SOON_DAYS: Final = 30
MOST_DOCUMENTS: Final = 50_000
_MOST_FINDINGS: Final = 10_000
ASKED_OFTEN: Final = 3
"""Questions from which on a gap is work for somebody; `knowledge gaps` lists the smaller ones too."""
_LISTED: Final = 50
_SEVERITY: Final[Mapping[str, float]] = {
    "instruction": 6,
    "hidden": 5,
    "contradiction": 5,
    "stale": 4,
    "unreadable": 3,
    "gap": 3,
    "repeat": 2,
    "unembedded": 2,
    "soon-stale": 1,
    "no-owner": 1,
    "no-validity": 0.25,
}
_SPEAKS: Final = frozenset({"instruction", "hidden"})


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do. ``questions``: how many touched its documents lately. ``priority``: severity times one more
    than that. ``pair`` names what can be dismissed."""

    kind: str
    what: str
    next_step: str
    documents: tuple[str, ...]
    owner: str
    questions: int
    priority: float
    pair: str = ""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two documents that say the same, and the sentences that only one of them has."""

    pair: Pair
    id: Digest
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a knowledge source on a day. Names of documents, and sentences of them for who may see all of it.

    ``superseded``: documents that a newer one contradicts. ``dismissed``: pairs that an owner has dismissed;
    they stand in no list. ``not_looked_at`` says in words what bounds left out.
    """

    source: str
    today: date
    documents: int
    chunks: int
    unembedded: int
    stale: tuple[str, ...]
    superseded: tuple[str, ...]
    soon_stale: Mapping[str, tuple[str, ...]]
    without_owner: tuple[str, ...]
    without_validity: int
    repeats: tuple[Overlap, ...]
    contradictions: tuple[Contradiction, ...]
    findings: tuple[Finding, ...]
    gaps: Gaps | None
    dismissed: int
    not_looked_at: tuple[str, ...]
    todo: tuple[Todo, ...] = field(default=())

    @property
    def sure(self) -> tuple[Contradiction, ...]:
        """Contradictions that count at the gate."""
        return tuple(one for one in self.contradictions if one.confidence >= SURE)

    @property
    def pairs(self) -> tuple[Digest, ...]:
        """Ids of all pairs that can be dismissed."""
        return (*(one.id for one in self.contradictions), *(one.id for one in self.repeats))

    def without(self, dismissed: Collection[str]) -> Health:
        """The same without pairs that an owner has dismissed."""
        kept = tuple(one for one in self.contradictions if one.id not in dismissed)
        alike = tuple(one for one in self.repeats if one.id not in dismissed)
        return replace(
            self,
            contradictions=kept,
            repeats=alike,
            superseded=_superseded(kept),
            todo=tuple(one for one in self.todo if one.pair not in dismissed),
            dismissed=self.dismissed + len(self.pairs) - len(kept) - len(alike),
        )

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def health(
    base: KnowledgeSource,
    *,
    today: date,
    owner: str = "",
    touched: Mapping[str, int] | None = None,
    gaps: tuple[Gaps, Sequence[Question]] | None = None,
    content: bool = False,
    most_pairs: int = MOST_PAIRS,
) -> Health:
    """Look at every document of a source, and say what its owners have to do, the most urgent first.

    ``owner`` answers for documents without one. ``touched``: questions that found a document lately. ``gaps`` with
    the questions that they point to; their words are shown with ``content`` only.
    At most 50,000 documents and ``most_pairs`` pairs of sentences are looked at; what was left out is said.
    """
    kept, left_out = all_documents(base)
    findings, more_findings = all_findings(base)
    state = base.index.state()
    disputed = contradictions(kept, today=today, most=most_pairs)
    overlaps, unseen = _overlaps(kept)
    soon: dict[str, list[str]] = {}
    for one in kept:
        if one.valid_until and today <= one.valid_until <= today + timedelta(days=SOON_DAYS):
            soon.setdefault(one.owner or owner, []).append(one.name)
    bounds = (
        (left_out, "more documents than are looked at"),
        (disputed.left_out, "pairs of sentences that share less than those looked at"),
        (unseen, "pairs of documents that may be alike"),
        (more_findings, "more findings than are listed"),
    )
    embedded = max(state.embedded.values(), default=0)
    found = Health(
        source=base.name,
        today=today,
        documents=len(kept),
        chunks=state.chunks,
        unembedded=state.chunks - embedded if base.embedders else 0,
        stale=tuple(one.name for one in kept if one.is_stale(today)),
        superseded=_superseded(disputed.found),
        soon_stale={who: tuple(names) for who, names in sorted(soon.items())},
        without_owner=tuple(one.name for one in kept if not one.owner),
        without_validity=sum(one.valid_until is None for one in kept),
        repeats=tuple(overlaps),
        contradictions=disputed.found,
        findings=findings,
        gaps=gaps[0] if gaps else None,
        dismissed=0,
        not_looked_at=tuple(f"{count} {what}" for count, what in bounds if count),
    )
    # What could not be read has no head that names an owner.
    owners = defaultdict(lambda: owner, {one.name: one.owner or owner for one in kept})
    told = [*_todo(found, owners, owner), *_gap_todo(gaps, owners, owner, content=content)]
    return _with_todo(found, told, touched or {})


def all_documents(base: KnowledgeSource) -> tuple[list[Document], int]:
    """Every document up to 50,000, and how many were left out."""
    kept: list[Document] = []
    for one in documents(base):
        if len(kept) == MOST_DOCUMENTS:
            return kept, max(1, base.index.state().documents - MOST_DOCUMENTS)
        kept.append(one)
    return kept, 0


def all_findings(base: KnowledgeSource) -> tuple[tuple[Finding, ...], int]:
    """What reading found, up to 10,000, and how many were left out."""
    found = tuple(islice(every_finding(base), _MOST_FINDINGS))
    return found, max(0, base.index.state().findings - _MOST_FINDINGS)


def _overlaps(kept: Sequence[Document]) -> tuple[list[Overlap], int]:
    """Language versions and other documents that read alike. An expired copy is stale, not a repeat."""
    texts = {one.name: one.text for one in kept}
    found = repeats([Piece(name, name, text) for name, text in texts.items()], seed=0)
    made = []
    for pair in found.pairs:
        ours, theirs = differences(texts[pair.one], texts[pair.other])
        sides = sorted([[pair.one, digest_of(texts[pair.one])], [pair.other, digest_of(texts[pair.other])]])
        made.append(Overlap(pair, digest_of({"alike": sides}), ours, theirs))
    return made, found.left_out


def _superseded(found: Sequence[Contradiction]) -> tuple[str, ...]:
    older = {
        side.document
        for one in found
        if one.newer and one.confidence >= SURE
        for side in (one.one, one.other)
        if side.document != one.newer
    }
    return tuple(sorted(older))


def _todo(found: Health, owners: Mapping[str, str], owner: str) -> Iterator[Todo]:
    for name in found.stale:
        yield _one("stale", f"`{name}` is past its validity", "renew or archive it", (name,), owners)
    for one in found.contradictions:
        names = (one.one.document, one.other.document)
        newer = f"; `{one.newer}` is newer" if one.newer else ""
        what = f"`{names[0]}` and `{names[1]}` contradict each other: {one.why}{newer}"
        step = "decide which is right and mend the other, or dismiss the pair"
        yield _one("contradiction", what, step, names, owners, weight=one.confidence, pair=one.id)
    for overlap in found.repeats:
        pair = overlap.pair
        said = {"same": "say the same", "near": "say nearly the same", "contained": "overlap"}[pair.kind]
        what = f"`{pair.one}` and `{pair.other}` {said} ({max(pair.similarity, pair.containment):.0%})"
        step = "keep one of them, or dismiss the pair"
        yield _one("repeat", what, step, (pair.one, pair.other), owners, pair=overlap.id)
    for each in found.findings:
        kind = each.kind if each.kind in _SPEAKS else "unreadable"
        where = f" at {each.place}" if each.place else ""
        what = f"`{each.document}`: {each.kind}{where}: {each.detail}"
        step = "take out what speaks to a model" if kind in _SPEAKS else "mend the file"
        yield _one(kind, what, step, (each.document,), owners)
    for going in found.soon_stale.values():
        for name in going:
            yield _one(
                "soon-stale",
                f"`{name}` loses its validity within {SOON_DAYS} days",
                "look it over",
                (name,),
                owners,
            )
    for name in found.without_owner:
        yield Todo("no-owner", f"`{name}` has no owner", "name one in its head", (name,), owner, 0, 0.0)
    if found.without_validity:
        what = f"{found.without_validity} documents never lose their validity"
        yield Todo("no-validity", what, "say until when they hold", (), owner, 0, 0.0)
    if found.unembedded:
        what = f"{found.unembedded} passages are found by their words alone"
        yield Todo("unembedded", what, "run `roadworthy knowledge build`", (), owner, 0, 0.0)


def _gap_todo(
    told: tuple[Gaps, Sequence[Question]] | None, owners: Mapping[str, str], owner: str, *, content: bool
) -> Iterator[Todo]:
    for gap in told[0].gaps[:_LISTED] if told else ():
        assert told is not None
        if gap.size < ASKED_OFTEN:
            continue
        about = f"`{told[1][gap.medoid].text[:200]}`" if content else ", ".join(gap.words) or "one thing"
        what = f"{gap.size} questions ({gap.share:.0%}) about {about} probably find no answer"
        near = f", or add it to `{gap.nearest}`" if gap.nearest else ""
        who = owners.get(gap.nearest, owner) or owner
        yield Todo("gap", what, f"write a document{near}", (), who, gap.size, gap.urgency)


def _one(
    kind: str,
    what: str,
    step: str,
    names: tuple[str, ...],
    owners: Mapping[str, str],
    *,
    weight: float = 1.0,
    pair: str = "",
) -> Todo:
    who = ", ".join(dict.fromkeys(filter(None, (owners[name] for name in names))))
    return Todo(kind, what, step, names, who, 0, weight, pair)


def _with_todo(found: Health, told: Sequence[Todo], touched: Mapping[str, int]) -> Health:
    weighed = []
    for one in told:
        asked = one.questions or sum(touched.get(name, 0) for name in one.documents)
        weight = one.priority if one.kind == "contradiction" else 1.0
        volume = one.priority if one.kind == "gap" else asked
        weighed.append(
            replace(one, questions=asked, priority=round(_SEVERITY[one.kind] * weight * (1 + volume), 2))
        )
    weighed.sort(key=lambda one: (-one.priority, one.kind, one.what))
    return replace(found, todo=tuple(weighed))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
