"""What a charter promises about quality: certificates, spot checks, suites, the judge and conduct."""

from __future__ import annotations

from pydantic import Field, model_validator

from roadworthy.charter.parts import Duration, Name, Part, ShareNumber


class Certificate(Part):
    """The promise about one kind of error among what leaves without a person."""

    task: Name = Field(description="the task whose confidence is compared with a threshold")
    alpha: float = Field(gt=0, lt=1, description="at most this part of what leaves alone is wrong")
    delta: float = Field(default=0.05, gt=0, lt=1, description="risk that the proof is mistaken")
    valid_for: Duration = Field(default="90d", description="then it has to be proven again")
    grader: str = Field(
        default="label",
        pattern=r"^(label|[a-z][a-z0-9_-]{0,62}\.[^\s.]{1,80})$",
        description="what says that an answer was wrong: `label` compares it with the true one, `SUITE.GRADER` is a "
        "grader of one of `suites`",
        examples=["label", "desk.grounded"],
    )
    per_slice: bool = Field(
        default=False, description="one proof for every slice; slices too thin for one go to people"
    )
    content_change_max: ShareNumber = Field(
        default=0.2, description="part of the articles that may change before it has to be proven again"
    )


class SpotCheckPlan(Part):
    """How often people look at what left without them. Every automatic case can be drawn."""

    share: float = Field(default=0.05, gt=0, le=1, description="usual probability that a case is drawn")
    least: float = Field(
        default=0.01, gt=0, le=1, description="never less, whatever the load; part of every estimate"
    )
    near_threshold: float = Field(
        default=2.0, ge=1, le=20, description="times as likely where confidence is just above the threshold"
    )
    double: ShareNumber = Field(
        default=0.1,
        description="part of the spot checks that a second person does without seeing the first",
    )
    planted: ShareNumber = Field(
        default=0.05, description="part of the spot checks that are cases whose answer is known"
    )
    hours_per_week: float = Field(
        default=2.0, gt=0, description="of the reviewers' time; where it is used up, fewer cases are drawn"
    )
    patience: float = Field(
        default=1000, ge=20, description="at most one false alarm in so many checks, on average"
    )
    reviewer_error_max: ShareNumber = Field(
        default=0.1, description="part of their checks that reviewers may get wrong"
    )

    @model_validator(mode="after")
    def _least_is_least(self) -> SpotCheckPlan:
        if self.least > self.share:
            raise ValueError("`least` is at most `share`")
        return self


class SuitePromise(Part):
    """What a suite of tests has to show before a release goes on."""

    min_tests: int = Field(default=20, gt=0, description="tests that were graded")
    floor: ShareNumber = Field(description="lower end of the interval of the part that passes")
    margin: ShareNumber = Field(
        default=0.05, description="how much worse than the running release still counts as not worse"
    )


class JudgePlan(Part):
    """The language model that grades what no rule can, and how well it has to agree with people."""

    model: Name = Field(description="an entry of `models`")
    kappa_min: float = Field(
        default=0.6, ge=0, le=1, description="lower end of its agreement with people, Cohen's kappa"
    )
    min_labels: int = Field(default=50, ge=10, description="answers that people graded too")


class Statement(Part):
    """One of the company's values as a sentence that can be graded."""

    id: Name = Field(description="what it is called")
    says: str = Field(min_length=1, description="the sentence")
    floor: ShareNumber = Field(default=0.9, description="lower end of the part of answers that keep it")
