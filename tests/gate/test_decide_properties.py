"""More doubt never opens the gate, and the same facts always give the same verdict."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gate.material import CHARTER, NOW, RELEASE, concluded, measurement, requirement, waiver

from roadworthy.evidence import Evidence, Measurement
from roadworthy.gate import Compare, Mark, Requirement, RequirementSet, Verdict, decide
from roadworthy.quantities import Interval
from roadworthy.stage import Stage

KINDS = ("one", "two", "three")
GOOD = frozenset({Mark.PASS, Mark.WAIVED})

values = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1)
intervals = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
    lambda ends: Interval(min(ends), max(ends))
)
requirements = st.lists(
    st.builds(
        requirement,
        id=st.sampled_from(["a", "b", "c", "d"]),
        measured_by=st.sampled_from(KINDS),
        each=st.sampled_from(["", "tasks", "data"]),
        compare=st.sampled_from(Compare),
        threshold=st.floats(0, 1) | st.just("tasks.{subject}.floor"),
        bound=st.booleans(),
        min_n=st.integers(0, 100),
        real_parts=st.booleans(),
        waivable=st.booleans(),
        stages=st.just(frozenset({Stage.SHADOW, Stage.PRODUCTION})),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each.id,
)
measurements = st.lists(
    st.builds(
        measurement,
        values,
        kind=st.sampled_from(KINDS),
        subject=st.sampled_from(["", "intent", "crm", "helpdesk", "refunds"]),
        unit=st.sampled_from(["share", "share", "share", "percent"]),
        n=st.integers(0, 200),
        hours_ago=st.integers(-5, 100),
        days=st.integers(0, 5),
        interval=intervals,
        release=st.sampled_from(["", RELEASE, "sha256:other"]),
        simulated=st.sampled_from([(), ("mail",)]),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
waivers = st.lists(
    st.builds(waiver, requirement=st.sampled_from(["a", "b"]), subject=st.sampled_from(["", "intent"])),
    max_size=2,
)
stages = st.sampled_from([Stage.SHADOW, Stage.PRODUCTION])


def judged(
    asked: Sequence[Requirement], known: Evidence, stage: Stage, waived: Sequence[object] = ()
) -> Verdict:
    return decide(
        CHARTER, known, stage, NOW, requirements=RequirementSet("t", tuple(asked)), release=RELEASE, waivers=waived  # type: ignore[arg-type]
    )  # fmt: skip


def good(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.requirement, finding.subject) for finding in verdict.findings if finding.mark in GOOD}


@settings(max_examples=120)
@given(requirements, measurements, waivers, stages, st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_the_order_of_the_facts(asked, facts, waived, stage, random) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)
    one = judged(asked, Evidence.gather(facts, now=NOW, release=RELEASE), stage, waived)
    other = judged(
        asked, Evidence.gather(shuffled, now=NOW, release=RELEASE), stage, list(reversed(waived))
    )
    assert repr(one.findings) == repr(other.findings)
    assert one.notes == other.notes


@settings(max_examples=120)
@given(requirements, measurements, stages, st.data())
def test_taking_evidence_away_never_passes_more(asked, facts, stage, data) -> None:
    known = Evidence.gather(facts, now=NOW, release=RELEASE)
    kept = data.draw(st.sets(st.sampled_from(sorted(known.newest)))) if known.newest else set()
    less = replace(known, newest={key: known.newest[key] for key in kept})
    assert good(judged(asked, less, stage)) <= good(judged(asked, known, stage))


def is_met(asked: Requirement, measured: Measurement) -> bool:
    """The requirement alone, put to the measurement alone."""
    known = Evidence({(measured.kind, measured.subject): measured}, {})
    return bool(good(judged([asked], known, Stage.SHADOW)))


@settings(max_examples=200)
@given(requirements, measurements, st.data())
def test_a_new_measurement_that_fails_never_opens_the_gate(asked, facts, data) -> None:
    before = judged(asked, Evidence.gather(facts, now=NOW, release=RELEASE), Stage.SHADOW)
    if before.passes:
        return
    chosen = data.draw(st.sampled_from(asked))
    subject = data.draw(st.sampled_from(["", "intent", "crm"]))
    newer = measurement(data.draw(values), kind=chosen.measured_by, subject=subject, hours_ago=0.01, n=200)
    if any(is_met(each, newer) for each in asked if each.measured_by == newer.kind):
        return
    after = judged(asked, Evidence.gather([*facts, newer], now=NOW, release=RELEASE), Stage.SHADOW)
    assert not after.passes
    assert good(after) <= good(before)


@settings(max_examples=100)
@given(requirements, measurements, st.integers(1, 200))
def test_time_alone_never_opens_the_gate(asked, facts, hours) -> None:
    # Facts that were known at a moment pass nothing later that they did not pass then.
    known = [fact for fact in facts if fact.at <= NOW]
    then = judged(asked, Evidence.gather(known, now=NOW, release=RELEASE), Stage.SHADOW)
    later = judged(
        asked, Evidence.gather(known, now=NOW + timedelta(hours=hours), release=RELEASE), Stage.SHADOW
    )
    assert good(later) <= good(then)


@settings(max_examples=100)
@given(requirements, measurements, stages)
def test_one_more_requirement_never_opens_the_gate(asked, facts, stage) -> None:
    known = Evidence.gather(facts, now=NOW, release=RELEASE)
    more = [*asked, requirement(id="z", measured_by="one")]
    before = judged(asked, known, stage)
    # Requirements over an empty list ask nothing: then the stage had no questions at all.
    if not before.passes and before.findings[0].requirement != "gate.has_questions":
        assert not judged(more, known, stage).passes


@settings(max_examples=100)
@given(requirements, measurements)
def test_production_never_asks_less_than_shadow_of_the_same_requirements(asked, facts) -> None:
    known = Evidence.gather(facts, now=NOW, release=RELEASE)
    assert good(judged(asked, known, Stage.PRODUCTION)) <= good(judged(asked, known, Stage.SHADOW))


@given(measurements)
def test_passing_is_having_nothing_open(facts) -> None:
    verdict = concluded(
        *facts, asked=(requirement(measured_by="one"), requirement(id="b", measured_by="two"))
    )
    assert verdict.passes is (not verdict.open)
    assert verdict.passes is (verdict.word == "pass")
