"""A charter, requirements and measurements to decide on."""

from datetime import UTC, datetime, timedelta
from importlib import resources

from roadworthy.charter import Charter, read
from roadworthy.evidence import Evidence, Measurement
from roadworthy.gate import (
    Compare,
    Finding,
    Requirement,
    RequirementSet,
    Verdict,
    Waiver,
    decide,
    parse_requirements,
)
from roadworthy.quantities import Id, Interval, digest_of
from roadworthy.stage import ROAD, Stage

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RELEASE = "sha256:" + "1" * 64
CHARTER: Charter = read(
    (resources.files("roadworthy.example") / "support" / "charter.yaml").read_bytes(), file="charter.yaml"
)
SHIPPED: RequirementSet = parse_requirements(
    (resources.files("roadworthy.gate") / "requirements.yaml").read_text(encoding="utf-8"),
    place="requirements.yaml",
)


def requirement(**changes: object) -> Requirement:
    """At least 0.8 of something from shadow on, unless said otherwise."""
    fields: dict[str, object] = {
        "id": "quality.accuracy",
        "theme": "quality",
        "asks": "accurate enough",
        "measured_by": "accuracy",
        "each": "",
        "compare": Compare.AT_LEAST,
        "threshold": 0.8,
        "bound": False,
        "unit": "share",
        "stages": frozenset(ROAD[2:]),
        "tiers": frozenset(),
        "min_n": 0,
        "real_parts": False,
        "next_step": "label more cases",
        "minutes": 30,
        "waivable": True,
    }
    return Requirement(**{**fields, **changes})  # type: ignore[arg-type]


def measurement(
    value: float = 0.9,
    *,
    kind: str = "accuracy",
    subject: str = "",
    unit: str = "share",
    n: int = 100,
    hours_ago: float = 1.0,
    days: float = 30.0,
    interval: Interval | None = None,
    release: str = RELEASE,
    simulated: tuple[str, ...] = (),
) -> Measurement:
    at = NOW - timedelta(hours=hours_ago)
    return Measurement(
        id=Id(f"{kind} {subject} {at.isoformat()}"), use_case="support", kind=kind, subject=subject, value=value,
        unit=unit, n=n, method="test", inputs=digest_of([]), at=at, valid_for=timedelta(days=days),
        interval=interval, release=release, simulated=simulated,
    )  # fmt: skip


def waiver(**changes: object) -> Waiver:
    fields: dict[str, object] = {
        "requirement": "quality.accuracy",
        "subject": "",
        "reason": "the vendor's fix comes next week",
        "asked_by": "jonas",
        "granted_by": "ines",
        "demo": False,
        "expires_at": NOW + timedelta(days=7),
    }
    return Waiver(**{**fields, **changes})  # type: ignore[arg-type]


def evidence(*measurements: Measurement) -> Evidence:
    return Evidence.gather(measurements, now=NOW, release=RELEASE)


def concluded(
    *measurements: Measurement,
    asked: tuple[Requirement, ...] | None = None,
    stage: Stage = Stage.SHADOW,
    waivers: tuple[Waiver, ...] = (),
    notes: tuple[str, ...] = (),
    charter: Charter = CHARTER,
) -> Verdict:
    """The verdict on these measurements; without other requirements on `requirement()` alone."""
    return decide(
        charter, evidence(*measurements), stage, NOW,
        requirements=RequirementSet("test", asked or (requirement(),)), release=RELEASE, waivers=waivers, notes=notes,
    )  # fmt: skip


def only(verdict: Verdict) -> Finding:
    (finding,) = verdict.findings
    return finding


def passing(stage: Stage, charter: Charter = CHARTER) -> list[Measurement]:
    """A measurement that passes for every shipped requirement of a stage."""
    kept = []
    for each in SHIPPED.requirements:
        if stage not in each.stages:
            continue
        for subject in charter.subjects(each.each) if each.each else ("",):
            threshold = (
                each.threshold
                if isinstance(each.threshold, float)
                else charter.number(each.threshold.replace("{subject}", subject))
            )
            fewest = (
                each.min_n
                if isinstance(each.min_n, int)
                else charter.number(each.min_n.replace("{subject}", subject))
            )
            assert threshold is not None
            assert fewest is not None
            kept.append(
                measurement(
                    threshold,
                    kind=each.measured_by,
                    subject=subject,
                    unit=each.unit,
                    n=max(1, int(fewest)),
                )
            )
    return kept
