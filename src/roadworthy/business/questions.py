"""The eighteen questions that are asked about an idea before any model is built, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a field of an answer holds."""

    TEXT = "text"
    YES_NO = "yes or no"
    CHOICE = "choice"
    NUMBER = "number"
    COUNT = "count"
    MINUTES = "minutes"
    MONEY = "money"
    SHARE = "share"
    DATE = "date"
    DURATION = "duration"
    TEXTS = "list of texts"
    TICKS = "tick list"
    ROWS = "list of rows"


RANGED: Final = frozenset({Kind.COUNT, Kind.MINUTES, Kind.MONEY, Kind.SHARE})
"""Kinds whose field may be a range `{p10, p50, p90}`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an answer. ``options`` are the choices, or the names of the tick lists that apply."""

    id: str
    kind: Kind
    ask: str
    example: str
    options: tuple[str, ...] = ()
    columns: tuple[Field, ...] = ()

    @property
    def ranged(self) -> bool:
        return self.kind in RANGED


@dataclass(frozen=True, slots=True)
class Question:
    """One question: what is asked, why, and what it costs not to know."""

    id: str
    group: str
    ask: str
    why: str
    unknown: str
    fields: tuple[Field, ...]

    def complete(self, told: Mapping[str, object]) -> bool:
        """Every field says something in an answer as the file holds it, be it that nobody knows."""
        return all(told.get(one.id) is not None for one in self.fields)

    def field(self, name: str) -> Field:
        """One of its fields. Errors: ``KeyError``."""
        for one in self.fields:
            if one.id == name:
                return one
        raise KeyError(name)


_TEXT, _YES, _MONEY = Kind.TEXT, Kind.YES_NO, Kind.MONEY
AUTONOMIES: Final = ("suggest", "approve", "automatic")
PERMISSIONS: Final = ("yes", "can be had", "cannot be had")
EFFECTS: Final = ("read", "write", "irreversible")
AFFECTED: Final = ("nobody", "employees", "customers", "public")

_VALUE = (
    Question("task", "value", "Which decision or task is it about, and who does it now?",
             "An idea without a task cannot be measured.",
             "the verdict is wait: nobody can say what would be better",
             (Field("decision", _TEXT, "the decision or task, in one sentence", "which queue a return goes to"),
              Field("done_by", _TEXT, "who does it now", "returns desk, eight people"))),
    Question("volume", "value", "How many cases are there in a month?",
             "Everything that is gained or lost is gained or lost per case.",
             "no value can be computed: the verdict is wait until somebody counts",
             (Field("cases_per_month", Kind.COUNT, "cases in a usual month", "{p10: 2000, p50: 3100, p90: 4500}"),)),
    Question("minutes", "value", "How many minutes does a case take today?",
             "Time saved is the benefit that can be checked.",
             "without the minutes of today no value can be computed; what remains of them is assumed",
             (Field("minutes_per_case", Kind.MINUTES, "of a person's work on a case today", "{p10: 4, p50: 6, p90: 10}"),
              Field("minutes_left", Kind.MINUTES, "that a person still spends on a case handled automatically", "0.5"))),
    Question("hourly_cost", "value", "What does an hour of that work cost, everything included?",
             "It turns minutes into money.",
             "no value can be computed: ask whoever plans the budget",
             (Field("cost_per_hour", _MONEY, "wage and everything on top", "38.00 EUR"),)),
    Question("kpi", "value", "Which figure will say that it worked, where is it measured, and what is it today?",
             "A figure without a baseline can be claimed by anybody.",
             "the verdict is wait until the baseline is measured on its own source",
             (Field("name", _TEXT, "what people call it", "returns decided on the same day"),
              Field("unit", _TEXT, "share, minutes, EUR …", "share"),
              Field("direction", Kind.CHOICE, "which way is better", "up", ("up", "down")),
              Field("baseline", Kind.NUMBER, "its value today", "0.61"),
              Field("measured_in", _TEXT, "the system and report that it is read from", "helpdesk, table ticket"),
              Field("target", Kind.NUMBER, "what is promised", "0.80"),
              Field("by", Kind.DATE, "until when", "2027-06-30"),
              Field("worth_per_month", _MONEY, "what reaching it brings beyond the time saved, if anything", "0 EUR"))),
    Question("error", "value", "What does one wrong automatic outcome cost, usually and at worst?",
             "A cheap case with a dear error is no case.",
             "where it is to act alone no value can be computed; how often it errs is assumed, and often",
             (Field("cost_of_error", _MONEY, "of one wrong outcome that left", "{p10: 5 EUR, p50: 14 EUR, p90: 60 EUR}"),
              Field("worst", _MONEY, "the worst single one", "2500 EUR"),
              Field("worst_case", _TEXT, "the worst, in one sentence", "a refund goes to the wrong account"),
              Field("reversible_within", Kind.DURATION, "how long it can be taken back, or `never`", "24h"),
              Field("error_share", Kind.SHARE, "part of the automatic outcomes that would be wrong", "{p10: 0.01, p50: 0.03, p90: 0.06}"))),
    Question("delay", "value", "What happens if nothing is done?",
             "Waiting has a price, and sometimes none.",
             "only the benefit itself counts as cost of delay",
             (Field("nothing_done", _TEXT, "in one sentence", "the desk hires two people in spring"),
              Field("cost_per_month", _MONEY, "what every month of waiting costs beyond the benefit", "0 EUR"))),
)  # fmt: skip

_OWNERSHIP = (
    Question("owner", "ownership", "Who answers for it, and may that person change the process?",
             "Most ideas die for want of somebody who wants them.",
             "the verdict is wait: nobody can say yes to anything",
             (Field("accountable", _TEXT, "the business owner, by the name of the account", "mara"),
              Field("may_change_process", _YES, "may change how the work is done", "yes"))),
    Question("review", "ownership", "Who looks at what it does, and how many hours a week are there?",
             "Cases that nobody has time for are not reviewed, they are waved through.",
             "it is a blocker wherever cases go to people",
             (Field("reviewers", _TEXT, "who", "returns desk"),
              Field("hours_per_week", Kind.NUMBER, "of all reviewers together", "60"),
              Field("minutes_per_review", Kind.MINUTES, "for a case that comes with a suggestion", "{p10: 1, p50: 1.5, p90: 3}"))),
    Question("operation", "ownership", "Who runs it, at night too, and on what budget?",
             "What nobody runs stops.",
             "the cost is assumed from the cost to build, and dear",
             (Field("run_by", _TEXT, "who is called", "platform team"),
              Field("infrastructure_per_month", _MONEY, "machines and licences", "400 EUR"),
              Field("people_per_month", _MONEY, "the people who run it", "{p10: 500 EUR, p50: 900 EUR, p90: 2000 EUR}"))),
)  # fmt: skip

_DATA = (
    Question("data", "data", "Which data does it need, who owns them, and may they be used for this?",
             "Data that may not be used end a project late, or in court.",
             "it is a blocker until every source has an owner and a permission",
             (Field("sources", Kind.ROWS, "one row per source", "- {name: helpdesk, owner: lena, permission: yes, personal: personal}",
                    columns=(Field("name", _TEXT, "what people call it", "helpdesk"),
                             Field("owner", _TEXT, "who decides about it", "lena"),
                             Field("permission", Kind.CHOICE, "may it be used for this purpose", "can be had", PERMISSIONS),
                             Field("personal", Kind.CHOICE, "personal data, or special categories of them", "personal",
                                   ("none", "personal", "special")))),
              Field("protection_assessed", _YES, "the data protection impact assessment is done, or shown not to be needed", "yes"))),
    Question("labels", "data", "How many past cases are there of which the right outcome is known?",
             "They are what a promise about errors is proven with.",
             "it is wait, unless labels can be had",
             (Field("count", Kind.COUNT, "cases with a known right outcome", "1200"),
              Field("delay_days", Kind.NUMBER, "days until the right outcome of a case is known", "7"),
              Field("can_be_had", _YES, "people could label some hundred cases", "yes"))),
)  # fmt: skip

_GOVERNANCE = (
    Question("people", "governance", "Whom does it affect, and does the law name such a use?",
             "The tier decides what has to be there before the first case.",
             "it is a blocker, and is counted as if the tier were high",
             (Field("affected", Kind.CHOICE, "who bears an error", "customers", AFFECTED),
              Field("prohibited", Kind.TICKS, "prohibited practices that it comes near", "none", ("prohibited",)),
              Field("high_risk", Kind.TICKS, "areas of high risk that it falls into", "none", ("products", "areas")),
              Field("transparency", Kind.TICKS, "what people have to be told", "[talks-to-people]", ("transparency",)),
              Field("assessment_owner", _TEXT, "who writes the impact assessment, where the tier is high", "ines"))),
    Question("autonomy", "governance", "What may it do by itself, and with which tools?",
             "What acts can do harm; what suggests cannot be in a hurry.",
             "it is a blocker; the value is reckoned as if every case went to a person",
             (Field("wanted", Kind.CHOICE, "suggest, approve (act after a person's yes) or automatic (act and report)", "automatic", AUTONOMIES),
              Field("tools", Kind.ROWS, "one row per tool", "- {name: helpdesk.route, effect: write, rule: yes}",
                    columns=(Field("name", _TEXT, "what it calls", "helpdesk.route"),
                             Field("effect", Kind.CHOICE, "what a call does", "write", EFFECTS),
                             Field("rule", _YES, "a written rule says who may and who approves", "yes"))),
              Field("automation_share", Kind.SHARE, "part of the cases that would leave without a person", "{p10: 0.3, p50: 0.5, p90: 0.7}"))),
    Question("vendor", "governance", "Which limits are there on vendors and on where data may be?",
             "A model that may not see the data cannot be used.",
             "the price of a case is assumed from what the case costs today",
             (Field("limits", _TEXT, "vendors that are excluded or wanted", "none outside the union"),
              Field("region", _TEXT, "where the data may be", "eu"),
              Field("price_per_case", _MONEY, "what models and services cost for one case", "{p10: 0.01 EUR, p50: 0.02 EUR, p90: 0.06 EUR}"))),
    Question("retention", "governance", "How long are its data kept, and is anything under a legal hold?",
             "What is kept for ever is found for ever.",
             "nothing yet; the charter asks again",
             (Field("keep", Kind.DURATION, "how long cases are kept", "365d"),
              Field("legal_hold", _TEXT, "what may not be deleted, and why", "none"))),
)  # fmt: skip

_FEASIBILITY = (
    Question("integration", "feasibility", "Which systems does it touch, which of the connections exist, and what does it cost to build?",
             "A missing connection is the usual reason why a pilot stays one.",
             "the verdict is wait; without a cost to build no value can be computed",
             (Field("existing", Kind.TEXTS, "connections that are there", "[helpdesk api]"),
              Field("missing", Kind.ROWS, "connections that are missing, `none` where there are none", "- {name: refunds api, by: 2027-03-31}",
                    columns=(Field("name", _TEXT, "what is missing", "refunds api"),
                             Field("by", Kind.DATE, "until when it is promised", "2027-03-31"))),
              Field("build_weeks", Kind.COUNT, "weeks of the people who would build it", "{p10: 6, p50: 10, p90: 20}"),
              Field("build_cost", _MONEY, "everything until the first live case", "{p10: 30000 EUR, p50: 45000 EUR, p90: 90000 EUR}"))),
    Question("fallback", "feasibility", "What happens to the work when it is off?",
             "It will be off.",
             "it is a blocker",
             (Field("plan", _TEXT, "who does the work then, and how", "the desk works as it does today"),
              Field("exit_cost", _MONEY, "what it costs to end it for good", "{p10: 1000 EUR, p50: 3000 EUR, p90: 9000 EUR}"))),
)  # fmt: skip

QUESTIONS: Final[tuple[Question, ...]] = (*_VALUE, *_OWNERSHIP, *_DATA, *_GOVERNANCE, *_FEASIBILITY)
BY_ID: Final[Mapping[str, Question]] = {question.id: question for question in QUESTIONS}
GROUPS: Final = ("value", "ownership", "data", "governance", "feasibility")
