"""What a charter says about people: who reviews, how much time there is, and what happens when it runs out."""

from __future__ import annotations

from pydantic import Field

from roadworthy.charter.parts import Duration, Part


class ReviewPlan(Part):
    """Who reviews, how much time there is, and what happens when it runs out."""

    role: str = Field(default="reviewer", description="who is asked first")
    hours_per_week: float = Field(gt=0, description="of all reviewers together")
    minutes_per_review: float = Field(gt=0, description="expected")
    due: Duration = Field(default="4h", description="after this a review escalates")
    escalate_to: str = Field(default="owner", description="the role it escalates to")
