"""Graders of what was decided and what it took: the label, the bill, the time."""

from __future__ import annotations

from pydantic import Field, field_validator

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import Options, accepted, quoted, same
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript
from roadworthy.quantities import Cost


class Label(Options):
    """Options of `label`."""

    expected_field: str = Field(default="", description="part of what is expected")
    ignore_case: bool = Field(default=False, description="`Refund` and `refund` are the same")


def label(options: Label, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Is the decision's label the expected one? Without a label the target abstained: that is not right."""
    wanted = accepted(grader, test, options.expected_field)
    if not all(isinstance(one, str) for one in wanted):
        return Grade.ungraded(grader, "what the test expects is no label")
    told = " or ".join(quoted(one) for one in wanted[:3])
    if not transcript.label:
        return Grade.of(
            grader,
            0.0,
            f"expected {told}, the target gave no label (a function gives one as `label` beside `output`)",
            abstained=True,
        )
    if any(same(transcript.label, one, ignore_case=options.ignore_case) for one in wanted):
        return Grade.of(grader, 1.0, f"is {quoted(transcript.label)}")
    return Grade.of(grader, 0.0, f"expected {told}, found {quoted(transcript.label)}")


class CostLimit(Options):
    """Options of `cost`."""

    at_most: str = Field(description="of one answer", examples=["0.02 EUR"])

    @field_validator("at_most")
    @classmethod
    def _is_cost(cls, text: str) -> str:
        Cost.parse(text)
        return text


def cost(options: CostLimit, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Did the answer cost at most so much?"""
    limit = Cost.parse(options.at_most)
    if transcript.cost.nano and transcript.cost.currency != limit.currency:
        return Grade.ungraded(grader, f"cost {transcript.cost}, the limit is in {limit.currency}")
    within = transcript.cost.nano <= limit.nano
    return Grade.of(grader, float(within), f"cost {transcript.cost}, allowed are {limit}")


class Latency(Options):
    """Options of `latency`."""

    at_most_s: float = Field(gt=0, allow_inf_nan=False, description="seconds that one answer may take")


def latency(options: Latency, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Did the answer come in time?"""
    within = transcript.seconds <= options.at_most_s
    return Grade.of(
        grader, float(within), f"took {transcript.seconds:.3g} s, allowed are {options.at_most_s:g} s"
    )
