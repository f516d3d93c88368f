"""What a release may do by itself: for every tool that writes, never, suggest, review or automatic, and within which limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from roadworthy.charter import Charter, Tool
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import tool_facts
from roadworthy.operate.policies.situations import Situation, request_for
from roadworthy.policy import Rule
from roadworthy.ports import Policies, Transaction
from roadworthy.release import Release
from roadworthy.stage import ENDED, SIMULATED, Stage
from roadworthy.trust import Certificate

_ASKED_OF: Final = re.compile(r"context\.(\w+)")
_ALWAYS: Final = "forbid always"


class Freedom(StrEnum):
    """How far a tool may be used without a person."""

    NEVER = "never"
    SUGGEST = "suggest"
    REVIEW = "review"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Limit:
    """What still holds a tool back in some situations: a rule, its sentence, and when it applies."""

    rule: str
    sentence: str
    when: str
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A certificate under which effects of a tool may leave alone."""

    certificate: str
    slice: str
    threshold: float
    alpha: float
    upper: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """How far one tool may be used by one release.

    ``because`` is the reason for the word. ``stopped``: the switch holds it now, whatever the word says.
    ``simulated``: in its stage nothing leaves; the word says what would be.
    """

    tool: str
    sink: str
    freedom: Freedom
    because: str
    limits: tuple[Limit, ...] = ()
    proofs: tuple[Proof, ...] = ()
    stopped: str = ""
    simulated: bool = False

    def as_json(self) -> dict[str, object]:
        """As plain JSON values."""
        return {
            "tool": self.tool,
            "sink": self.sink,
            "freedom": str(self.freedom),
            "because": self.because,
            "limits": [
                {"rule": one.rule, "sentence": one.sentence, "when": one.when, "asks": one.asks}
                for one in self.limits
            ],
            "proofs": [
                {
                    "certificate": one.certificate,
                    "slice": one.slice,
                    "threshold": one.threshold,
                    "alpha": one.alpha,
                    "upper": one.upper,
                }
                for one in self.proofs
            ],
            "stopped": self.stopped,
            "simulated": self.simulated,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """What charter and policies alone say of every tool that writes; costly to find, and the same until they change.

    ``covered``: whether any permit can ever apply. ``left``: by tool and rule, what is asked of the situation.
    """

    charter: Charter
    covered: Mapping[str, bool]
    left: Mapping[str, Mapping[str, str]]
    rules: Mapping[str, Rule]


def frame_of(charter: Charter, policies: Policies) -> Frame:
    """Ask policies about every tool that writes, the situation being open."""
    names = charter.write_tools
    return Frame(
        charter,
        policies.coverage([tool_facts(charter, name) for name in names]),
        {name: policies.remaining(request_for(charter, Situation(tool=name))) for name in names},
        {rule.id: rule for rule in policies.written() if not rule.about_people},
    )


def allowed_tools(
    deployment: Deployment, tx: Transaction, release: Release, frame: Frame
) -> tuple[Allowed, ...]:
    """For every tool that writes, in the order of the charter of this release.

    What is said is the most that can happen: automatic where some situation lets an effect leave without a
    person, with all that holds it back in others. Only ``dispose`` decides, case by case.
    """
    certificates = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    charter, found = frame.charter, []
    for name in charter.write_tools:
        limits = tuple(_limits(frame.left[name], frame.rules))
        proofs, why_none = _proofs(deployment, release, charter.tools[name], name, certificates)
        freedom, because = _word(release, frame, name)
        if freedom is Freedom.AUTOMATIC and not proofs:
            freedom, because = Freedom.REVIEW, why_none
        scopes = (f"use_case:{release.use_case}", f"release:{release.digest}", f"tool:{name}")
        found.append(
            Allowed(
                tool=name,
                sink=charter.tools[name].sink,
                freedom=freedom,
                because=because,
                limits=limits if freedom is not Freedom.NEVER else (),
                proofs=proofs if freedom is Freedom.AUTOMATIC else (),
                stopped=deployment.clearance.why_not(*scopes),
                simulated=release.stage in SIMULATED,
            )
        )
    return tuple(found)


def _word(release: Release, frame: Frame, tool: str) -> tuple[Freedom, str]:
    """The most that stage, policies and charter leave; a certificate is asked for after that."""
    autonomy, left = frame.charter.autonomy, frame.left[tool]
    if release.stage in ENDED or release.stage is Stage.DRAFT:
        return Freedom.NEVER, f"a release in {release.stage} has no effects"
    if not frame.covered.get(tool, False):
        return Freedom.NEVER, "no policy permits it"
    own = [rule for name in left if (rule := frame.rules.get(name)) and not rule.of_house]
    for rule in own:
        if left[rule.id] == _ALWAYS:
            return Freedom.NEVER, rule.reason
    if autonomy != "automatic":
        word = Freedom.SUGGEST if autonomy == "suggest" else Freedom.REVIEW
        return word, f"the charter's autonomy is `{autonomy}`"
    for rule in own:
        if rule.asks and set(_ASKED_OF.findall(left[rule.id])) == {"approvals"}:
            return Freedom.REVIEW, rule.reason
    return Freedom.AUTOMATIC, "a certificate covers it"


def _limits(left: Mapping[str, str], rules: Mapping[str, Rule]) -> Iterator[Limit]:
    """What the use case's own rules still ask of the situation. The house's hold for every tool alike."""
    for name, said in left.items():
        rule = rules.get(name)
        if rule is None or rule.of_house or said.endswith(" always"):
            continue
        asks = f"{rule.asks.quorum} × {rule.asks.role}" if rule.asks else ""
        yield Limit(name, rule.reason, said, asks)


def _proofs(
    deployment: Deployment, release: Release, tool: Tool, name: str, certificates: Iterable[Certificate]
) -> tuple[tuple[Proof, ...], str]:
    """The certificates in force for effects of a tool, or why there is none."""
    if not tool.error:
        return (), "it names no kind of error that a certificate could cover"
    proofs, why = [], ""
    for one in certificates:
        if one.error_kind != tool.error:
            continue
        not_in_force = one.why_not(
            error_kind=tool.error,
            effect=name,
            slice=one.slice,
            release=release.digest,
            score=one.threshold,
            now=deployment.now(),
        )
        if not_in_force:
            why = why or not_in_force
        else:
            proofs.append(Proof(one.id, one.slice, one.threshold, float(one.alpha), one.upper))
    return tuple(proofs), why or f"no certificate for errors of kind `{tool.error}`"
