"""What a charter says about people: who reviews, how much time there is, and what happens when it runs out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from roadworthy.charter.parts import Duration, Name, Part, ShareNumber, seconds
from roadworthy.placed import Path

ReviewerRole = Literal["reviewer", "risk_officer", "owner"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ReviewedKind = Literal["effect", "question", "work", "unclear", "correction", "pair", "spot_check"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_UNDO_S = 3_600

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_IRREVERSIBLE = frozenset({"money", "identity", "delete"})


class BusinessCalendar(Part):
    """When reviewers work. Times that a charter gives for reviews run in these hours only."""

    zone: str = Field(default="UTC", description="time zone by its IANA name", examples=["Europe/Berlin"])
    days: dict[Day, list[str]] = Field(
        min_length=1,
        description="working hours by day of the week, `HH:MM-HH:MM`; a day that is not named is free",
        examples=[{"mon": ["09:00-12:30", "13:30-17:00"]}],
    )
    holidays: list[date] = Field(default=[], description="dates on which nobody works")

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (
            ValueError,
            OSError,
            KeyError,
        ):  # a name that is a folder or no name at all raises any of them
            raise ValueError(f"`{zone}` is no time zone such as `Europe/Berlin`") from None
        return zone

    @model_validator(mode="after")
    def _hours_run_forward(self) -> BusinessCalendar:
        if not any(self.spans.values()):
            raise ValueError("a calendar has working hours on some day")
        return self

    @property
    def spans(self) -> Mapping[int, tuple[tuple[time, time], ...]]:
        """Working hours by weekday, 0 for Monday; an end at 24:00 is midnight."""
        return {DAYS.index(day): _spans(day, texts) for day, texts in self.days.items()}

    @property
    def tzinfo(self) -> ZoneInfo:
        """The zone, with its changes of clocks."""
        return ZoneInfo(self.zone)


def _spans(day: str, texts: list[str]) -> tuple[tuple[time, time], ...]:
    found: list[tuple[time, time]] = []
    before = -1
    for text in texts:
        match = _SPAN.fullmatch(text)
        if match is None:
            raise ValueError(f"`{day}`: expected hours such as `09:00-17:00`, found `{text}`")
        hours = [int(part) for part in match.groups()]
        opens, closes = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if closes > 24 * 60 or not before < opens < closes:
            raise ValueError(f"`{day}`: hours run forward and do not overlap, found `{text}`")
        found.append((time(hours[0], hours[1]), time(hours[2] % 24, hours[3])))
        before = closes
    return tuple(found)


class Queue(Part):
    """Reviews that belong together, by what they are about. A review goes to the first queue that fits it."""

    name: Name = Field(description="what people call it")
    tools: list[str] = Field(default=[], description="reviews about an effect of one of these tools")
    kinds: list[ReviewedKind] = Field(default=[], description="reviews of one of these kinds")
    slices: list[str] = Field(
        default=[], description="cases whose slice (a language, a region) has one of these values"
    )
    role: ReviewerRole | None = Field(
        default=None, description="who is asked, where neither a policy nor the workflow names a role"
    )
    skill: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,62})?$",
        description="what a reviewer has to be able to do beside; people get skills by `review skill`",
        examples=["german"],
    )
    priority: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="100 comes first; left out: by the risk and the money at stake",
    )
    due: Duration | None = Field(default=None, description="time until it escalates, in place of the usual")


class EscalationStep(Part):
    """One step of the chain."""

    after: Duration = Field(description="time without an answer until this step")
    to: ReviewerRole = Field(description="who is asked then; skills are not asked for any more")


class ReviewPlan(Part):
    """Who reviews, how much time there is, and what happens when it runs out."""

    role: str = Field(default="reviewer", description="who is asked first")
    hours_per_week: float = Field(gt=0, description="of all reviewers together")
    minutes_per_review: float = Field(gt=0, description="expected")
    due: Duration = Field(default="4h", description="after this a review escalates")
    escalate_to: str = Field(default="owner", description="the role it escalates to")
    escalation: list[EscalationStep] = Field(
        default=[],
        max_length=8,
        description="a chain of several steps, in place of `due` and `escalate_to`",
        examples=[[{"after": "4h", "to": "owner"}, {"after": "1d", "to": "risk_officer"}]],
    )
    at_the_end: Literal["wait", "refuse", "approve"] = Field(
        default="wait",
        description="what becomes of an effect that nobody answered for at the end of the chain, after `due` once more; "
        "`approve` only at tier `minimal`, where every effect can be taken back",
    )
    calendar: BusinessCalendar | None = Field(
        default=None, description="working hours; left out, every hour counts"
    )
    queues: list[Queue] = Field(default=[], max_length=50, description="by what a review is about")
    claim: Duration = Field(
        default="10m", description="how long a claimed review stays with a person who does nothing"
    )
    undo_window: Duration = Field(
        default="10s",
        description="how long an approved effect waits, so that its approval can be taken back",
    )
    editor: Literal["never", "text"] = Field(
        default="never",
        description="whether whoever edits a proposal may approve it: `never`, or `text` where nothing was edited that "
        "steers the effect and no money moves",
    )
    blind: ShareNumber = Field(
        default=0.0,
        description="part of the effect reviews whose proposal is hidden until the reviewer gave an answer of their own",
    )

    @property
    def steps(self) -> tuple[tuple[int, str], ...]:
        """The chain: (seconds without an answer, role that is asked then)."""
        if not self.escalation:
            return ((seconds(self.due), self.escalate_to),)
        return tuple((seconds(step.after), step.to) for step in self.escalation)

    @model_validator(mode="after")
    def _times_fit(self) -> ReviewPlan:
        if seconds(self.claim) < 30:
            raise ValueError("`claim` is 30 seconds at least: pages renew it now and then")
        if seconds(self.undo_window) > LONGEST_UNDO_S:
            raise ValueError("`undo_window` is an hour at most: an effect that was approved leaves")
        if len({queue.name for queue in self.queues}) < len(self.queues):
            raise ValueError("two `queues` have the same name")
        return self


def unsafe_ends(charter: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Why a plain charter may not approve by silence, at the place that asks for it."""
    review, risk = charter.get("review"), charter.get("risk")
    if not isinstance(review, Mapping) or review.get("at_the_end") != "approve":
        return
    path = ("review", "at_the_end")
    tier = risk.get("tier") if isinstance(risk, Mapping) else None
    if tier != "minimal":
        yield path, f"nothing is approved by silence at tier `{tier}`, only at `minimal`"
    declared = charter.get("tools")
    tools: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
    for name, tool in tools.items():
        if not isinstance(tool, Mapping) or tool.get("sink", "none") == "none":
            continue
        # What undoes another effect is named by it; of itself it takes nothing from anybody.
        is_undo = any(isinstance(one, Mapping) and one.get("undo") == name for one in tools.values())
        if (tool.get("sink") in _IRREVERSIBLE and not is_undo) or not (tool.get("undo") or is_undo):
            yield path, f"`{name}` cannot be taken back, so nothing may be approved by silence"
