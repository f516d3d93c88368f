"""Questions mined from cases that ended well. Nothing leaves the encrypted store: a proposal is a reference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import TrueOutcome
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.errors import Corrupt, NotFound, Refused
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.asked import asked_of, case_by_key, cited_by, is_rejected, texts_of
from roadworthy.ports import Progress, Transaction
from roadworthy.principal import Principal, require

Basis = Literal["cited", "edited", "first"]
"""Why documents are proposed: the decision rests on them, a person's edit names them, or they came first."""

MOST_PROPOSED: Final = 200
WHY_NOT: Final[Mapping[str, str]] = {
    "in_suite": "it is a test already",
    "unresolved": "it is not over, or no release decided it",
    "not_right": "nothing says that it ended well",
    "nothing_asked": "it did not ask the source",
    "not_kept": "what it asked was not kept",
    "nothing_named": "what a person changed names no document",
    "erased": "its data subject was erased",
    "unreadable": "its record cannot be read",
    "rejected": "it was rejected as a question",
    "repeated": "another case asked the same",
}
"""Why a case gives no proposal, by what it is counted as."""
_PAGE: Final = 200
_PART = re.compile(r"[\w/-]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question that a case asked, and the documents that seem to answer it. No content.

    ``weak``: nothing but its first place speaks for the document.
    """

    case: str
    key: str
    step: int
    documents: tuple[str, ...]
    basis: Basis

    @property
    def weak(self) -> bool:
        """A person has to look twice."""
        return self.basis == "first"


@dataclass(frozen=True, slots=True)
class Mined:
    """Proposals, newest case first, and how many cases gave none, by why."""

    proposals: tuple[Proposal, ...]
    counted: Mapping[str, int]


def mine(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    source: str,
    *,
    suite: str,
    known: Collection[str] = (),
    limit: int = MOST_PROPOSED,
    progress: Progress = lambda part, doing: None,
) -> Mined:
    """Questions that resolved cases asked a source, proposed as tests of retrieval. Changes nothing.

    A case counts where its outcome was right, or every review approved what was proposed unchanged: the
    documents are those that its decision rests on, else the first one that was found, marked weak. A case
    that a person edited counts where the edit names documents: one of those found, or of ``known``. Cases
    that turned out wrong, were rejected, contradict themselves or ask what was asked before are left out and
    counted, as are those that are in the suite or were rejected as a question.

    Errors: ``Refused`` without the right to read content: names of documents tell what a case is about.
    """
    require(principal, "case.read_content", use_case=use_case)
    # Rejections are read from the ledger: those that wait enter it first.
    sequence_all(deployment)
    mining = _Mining(deployment, use_case, source, suite, frozenset(known))
    found: list[Proposal] = []
    after = ""
    while len(found) < limit:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, twin="", after=after, limit=_PAGE)
            for case in page.rows:
                proposal = mining.look(tx, case) if len(found) < limit else None
                if proposal is not None:
                    found.append(proposal)
        progress(None, f"{mining.counted['cases']} cases looked at")
        after = page.after
        if not after:
            break
    return Mined(tuple(found), dict(mining.counted))


def propose_one(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    key: str,
    source: str,
    *,
    suite: str,
    known: Collection[str] = (),
) -> Proposal:
    """The proposal of one case: see ``mine``.

    Errors: ``NotFound`` RW-KNOWLEDGE-052 for a case that is none, or gives no proposal, with why.
    """
    require(principal, "case.read_content", use_case=use_case)
    sequence_all(deployment)
    mining = _Mining(deployment, use_case, source, suite, frozenset(known))
    with deployment.store.read() as tx:
        proposal = mining.look(tx, case_by_key(deployment, tx, use_case, key))
    if proposal is None:
        why = next(name for name, count in mining.counted.items() if count and name != "cases")
        raise NotFound(
            "RW-KNOWLEDGE-052",
            f"case `{key}` proposes no question to `{source}`: {WHY_NOT[why]}",
            hint="name the documents that answer it with `--document`",
        )
    return proposal


class _Mining:
    """Goes over cases and keeps what became a proposal."""

    def __init__(
        self, deployment: Deployment, use_case: str, source: str, suite: str, known: frozenset[str]
    ) -> None:
        self._deployment = deployment
        self._source = source
        self._known = known
        self._queries: set[str] = set()
        with deployment.store.read() as tx:
            references = deployment.store.evaluations.references(tx, use_case, suite)
        self._taken = {one.case for one in references}
        self.counted: Counter[str] = Counter({"cases": 0, **dict.fromkeys(WHY_NOT, 0)})

    def look(self, tx: Transaction, case: CaseRecord) -> Proposal | None:
        """The proposal that a case gives, or None with why it gives none counted."""
        self.counted["cases"] += 1
        if case.id in self._taken:
            self.counted["in_suite"] += 1
            return None
        if case.state is not State.CLOSED or not case.release:
            self.counted["unresolved"] += 1
            return None
        reviews = [
            one
            for one in self._deployment.store.reviews.of_case(tx, case.id)
            if one.kind is ReviewKind.EFFECT and one.state is ReviewState.DECIDED
        ]
        edits = [one for one in reviews if one.verdict == Verdict.EDIT]
        if not self._ended_well(tx, case, reviews):
            self.counted["not_right"] += 1
            return None
        try:
            proposal = self._propose(tx, case, edits)
        except Refused:
            self.counted["erased"] += 1
            return None
        except Corrupt:
            self.counted["unreadable"] += 1
            return None
        if proposal is not None and is_rejected(self._deployment, tx, case.id, self._source):
            self.counted["rejected"] += 1
            return None
        return proposal

    def _ended_well(self, tx: Transaction, case: CaseRecord, reviews: Sequence[Review]) -> bool:
        judged = {one.judgement for one in self._deployment.store.cases.outcomes(tx, case.id)}
        if TrueOutcome.WRONG in judged:
            return False
        said = {one.verdict for one in reviews}
        if said - {Verdict.APPROVE, Verdict.EDIT}:
            return False
        return TrueOutcome.RIGHT in judged or bool(said)

    def _propose(self, tx: Transaction, case: CaseRecord, edits: Sequence[Review]) -> Proposal | None:
        steps = self._deployment.store.cases.steps(tx, case.id, run=case.run)
        if not any(step.name == f"retrieve:{self._source}" for step in steps):
            self.counted["nothing_asked"] += 1
            return None
        # One question a case: it is one draw, whatever it asked besides.
        every = list(asked_of(self._deployment, tx, case, self._source))
        if not every:
            self.counted["not_kept"] += 1
            return None
        named: Sequence[str] = ()
        basis: Basis = "first"
        if edits:
            titles = {name: title for one in every for name, title in one.found.items()}
            basis, named = "edited", self._edited(tx, edits, titles)
        elif cited := cited_by(self._deployment, tx, case):
            there = {name for one in every for name in one.found}
            named = [name for name in cited if name in there]
            basis = "cited" if named else "first"
        asked = next((one for one in every if set(named) & one.found.keys()), every[0])
        if basis == "first":
            named = list(asked.found)[:1]
        if not named:
            self.counted["nothing_named"] += 1
            return None
        # The keyed digest would tell two subjects apart who ask the same.
        same = " ".join(asked.query.casefold().split())
        if same in self._queries:
            self.counted["repeated"] += 1
            return None
        self._queries.add(same)
        return Proposal(case.id, case.key, asked.step, tuple(named), basis)

    def _edited(self, tx: Transaction, edits: Sequence[Review], titles: Mapping[str, str]) -> list[str]:
        """Documents that the arguments as a person left them name, by name or title."""
        texts: list[str] = []
        for review in edits:
            effect = self._deployment.store.effects.get(tx, review.effect)
            if effect is not None:
                texts += texts_of(self._deployment.vault.open(tx, effect.arguments))
        whole = "\n".join(texts)
        return [
            name
            for name in [*titles, *sorted(self._known - titles.keys())]
            if _names(whole, name) or _names(whole, titles.get(name, ""))
        ]


def _names(text: str, name: str) -> bool:
    """The text holds a name as a whole: not as a part of another word or path."""
    if len(name) < 3:
        return False
    at = text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(name) : at + len(name) + 1]
        if not _PART.match(before) and not _PART.match(after):
            return True
        at = text.find(name, at + 1)
    return False
