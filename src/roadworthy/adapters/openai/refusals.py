"""What the server of a model refuses for good, and how long is waited before it is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from roadworthy.adapters.openai.exchange import Answered
from roadworthy.adapters.openai.wire import read_refusal
from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import InputProblem

MOST_REQUESTS: Final = 4
"""Requests for one answer that failed for no fault of the question."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_TRY_LATER = frozenset({408, 425, 429})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308, 404, 405, 410})


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refusals of the server of one model. ``kind`` is what the model is called, ``asked`` what it is given, and
    ``hint`` what may help where it refuses that."""

    plan: LanguageModelPlan
    kind: str
    asked: str
    hint: str

    def check(self, answer: Answered) -> None:
        """Errors: ``InputProblem`` RW-LLM-003 to 005 where no waiting mends it."""
        status = answer.status
        if status in _TRY_LATER or 200 <= status < 300 or status >= 500:
            return
        if status in {401, 403}:
            secret = f"the environment variable `{self.plan.secret}`" if self.plan.secret else "`secret`"
            raise InputProblem(
                "RW-LLM-003",
                f"the server of the {self.kind} refuses the key (status {status})",
                hint=f"check {secret} and what the key may do",
            )
        if status in _ELSEWHERE:
            raise InputProblem(
                "RW-LLM-005",
                f"the {self.kind} `{self.plan.model}` is not at its address (status {status})",
                hint="check `url` and `model` in `models`; redirects are not followed",
            )
        raise self.of_asked(status, read_refusal(answer.body)[0])

    def of_asked(self, status: int, word: str) -> InputProblem:
        """What was asked is refused, with the server's own word for it."""
        told = f": `{word}`" if word else ""
        return InputProblem(
            "RW-LLM-004",
            f"the {self.kind} refuses the {self.asked} (status {status}){told}",
            hint=self.hint,
        )


def pause_s(tries: int, chance: float, *, asked_s: float) -> float:
    """How long to wait after so many requests: growing, jittered by ``chance`` of 0 to 1, and at least ``asked_s``."""
    return max(asked_s, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (tries - 1)) * (0.5 + chance))
