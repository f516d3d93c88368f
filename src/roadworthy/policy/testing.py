"""A test of policies: a question, and the answer that its author expects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from roadworthy.policy.answer import Answer, Outcome
from roadworthy.policy.duty import Duty
from roadworthy.policy.request import Request


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """What policies are asked, and what they have to say. ``because`` is empty where any reason will do."""

    says: str
    asks: Request | Duty
    expect: Outcome
    because: frozenset[str]
    place: str
    line: int

    @property
    def tool(self) -> str:
        """The tool that it is about; empty for a test about people."""
        return self.asks.tool.name if isinstance(self.asks, Request) else ""

    def wrong(self, answer: Answer) -> str:
        """In which way the answer is not the expected one, or empty."""
        found = f"{answer.outcome} because of {', '.join(sorted(answer.reasons))}"
        if answer.outcome is not self.expect:
            return f"expected {self.expect}, found {found}"
        if self.because and self.because != set(answer.reasons):
            return f"expected {self.expect} because of {', '.join(sorted(self.because))}, found {found}"
        return ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A test with the answer it got; ``wrong`` is empty where it holds."""

    test: PolicyTest
    answer: Answer
    wrong: str


def run_tests(
    tests: Sequence[PolicyTest], decide: Callable[[Request], Answer], may: Callable[[Duty], Answer]
) -> tuple[Checked, ...]:
    """Every test with its answer, in the order of the files."""
    found = []
    for test in tests:
        answer = decide(test.asks) if isinstance(test.asks, Request) else may(test.asks)
        found.append(Checked(test, answer, test.wrong(answer)))
    return tuple(found)
