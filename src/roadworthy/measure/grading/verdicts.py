"""Asking a language model for a verdict in one of a few words, once or several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadworthy.errors import InputProblem
from roadworthy.ports.language import (
    FENCED,
    REFUSED_REQUEST,
    Completion,
    LanguageModel,
    Message,
    fenced,
    read_object,
)
from roadworthy.quantities import Cost

VERSION = 1
"""Of the wording below: another one may judge otherwise."""
UNSURE = "unsure"
MOST_CHARACTERS = 60_000
"""Of one text that a judge is shown. What is longer is not judged: a cut text would be another answer."""

_MAX_TOKENS = 400
_VOTING_TEMPERATURE = 0.7
_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the votes came to. ``word`` is empty where no definite word has more than half of all votes.

    ``flips`` is the part of the definite votes that say otherwise than most of them: how unsteady the
    model is about this answer. Votes that were unsure or could not be read are counted by name in
    ``votes``.
    """

    word: str
    reason: str
    votes: Mapping[str, int]
    flips: float
    cost: Cost
    model: str = ""

    def detail(self) -> dict[str, object]:
        """The votes, as a grade carries them."""
        found: dict[str, object] = {"votes": dict(self.votes), "model": self.model}
        if sum(self.votes.values()) > 1:
            found["flip_rate"] = self.flips
        return found


def ask(
    model: LanguageModel,
    task: str,
    blocks: Mapping[str, str],
    words: Sequence[str],
    *,
    votes: int = 1,
    seed: int = 1,
) -> Verdict:
    """Ask for one of ``words`` about fenced texts; ``unsure`` is always allowed.

    One vote is asked for at temperature 0, several at 0.7 with a seed each.

    Errors: as ``LanguageModel.complete``, but for a refusal of these very texts, which is a vote.
    """
    for name, text in blocks.items():
        if len(text) > MOST_CHARACTERS:
            reason = (
                f"the {name} has {len(text):,} characters, the judge is shown at most {MOST_CHARACTERS:,}"
            )
            return Verdict("", reason, {}, 0.0, Cost(0))
    messages = (
        Message("system", f"{task.strip()}\n\n{FENCED}\n\n{_form(words)}"),
        Message("user", fenced(blocks)),
    )
    cost, asked = Cost(0), ""
    heard: list[tuple[str, str]] = []
    for vote in range(votes):
        try:
            completion = model.complete(
                messages,
                max_tokens=_MAX_TOKENS,
                temperature=_VOTING_TEMPERATURE if votes > 1 else 0.0,
                seed=seed + vote,
                schema=_schema(words),
            )
        except InputProblem as problem:
            if problem.code != REFUSED_REQUEST:
                raise
            heard += [("refused", problem.message)] * (votes - vote)
            break
        cost, asked = cost + completion.cost, completion.model
        heard.append(_read(completion, words))
    return _count(heard, words, cost, asked)


def _form(words: Sequence[str]) -> str:
    listed = ", ".join(f'"{word}"' for word in (*words, UNSURE))
    return (
        'Answer with one JSON object and nothing else: {"reason": "one sentence", "verdict": one of '
        f'{listed}}}. Say "{UNSURE}" where you cannot tell.'
    )


def _schema(words: Sequence[str]) -> dict[str, object]:
    # The reason comes first: a verdict that is written after its reason follows from it more often.
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "verdict": {"type": "string", "enum": [*words, UNSURE]},
        },
        "required": ["reason", "verdict"],
        "additionalProperties": False,
    }


def _read(completion: Completion, words: Sequence[str]) -> tuple[str, str]:
    """(a word or what became of the vote, the reason given)."""
    if completion.refused:
        return "refused", "the judge declined to answer"
    if not completion.ended:
        return "cut off", f"the judge was cut off after {_MAX_TOKENS} tokens"
    answer = read_object(completion.text)
    word = answer.get("verdict") if answer is not None else None
    if answer is None or not isinstance(word, str) or word.strip().lower() not in (*words, UNSURE):
        return "unreadable", "the judge did not answer in the form it was asked for"
    reason = answer.get("reason")
    return word.strip().lower(), _tidy(reason) if isinstance(reason, str) else ""


def _count(heard: Sequence[tuple[str, str]], words: Sequence[str], cost: Cost, model: str) -> Verdict:
    votes = Counter(word for word, _ in heard)
    definite = [votes[word] for word in words]
    flips = 1 - max(definite) / sum(definite) if sum(definite) else 0.0
    for word in words:
        if 2 * votes[word] > len(heard):
            reason = next(reason for said, reason in heard if said == word)
            return Verdict(word, reason or "the judge gave no reason", votes, flips, cost, model)
    if len(votes) > 1:
        told = ", ".join(f"{count} {word}" for word, count in sorted(votes.items()))
        reason = f"the judge did not come to a verdict: {told}"
    else:
        word, reason = heard[0]
        reason = f"the judge was unsure: {reason}" if word == UNSURE else reason
    return Verdict("", reason, votes, flips, cost, model)


def _tidy(reason: str) -> str:
    """One line of printable characters: a judge's reason is text from outside as well."""
    line = " ".join("".join(each if each.isprintable() else " " for each in reason[:4_000]).split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
