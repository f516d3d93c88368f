"""The whole road on the example company: from a charter that holds nothing to a rollback by itself.

Nothing here decides: scenes call the same verbs as every other door and tell what came of it. The
people are demo accounts, their answers follow the truth that the company's messages carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.errors import Conflict, Refused
from roadworthy.evaluation import Suite
from roadworthy.evidence import Measurement
from roadworthy.example.material import Material, People, Scene, relabelled, wrong_export
from roadworthy.example.owners import answer_questions
from roadworthy.example.reviewer import answer_reviews
from roadworthy.gate import Verdict as GateVerdict
from roadworthy.measure.everything import measure_with_labels, measure_without_labels
from roadworthy.measure.fact import keep
from roadworthy.measure.labelled import Labelled
from roadworthy.measure.stages import canary as canary_facts
from roadworthy.measure.stages import stop_drill
from roadworthy.measure.suites.releases import evaluate_release
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import submit
from roadworthy.operate.outcomes import canary_watch, record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import promote_release
from roadworthy.operate.verdicts import approve, verdict
from roadworthy.operate.work import wait_for
from roadworthy.release import Release
from roadworthy.stage import Stage

BATCH = 40
SUITE_AT_ONCE = 16
LEFT = 20


class Road:
    """Travels the road once, telling a scene at a time."""

    def __init__(
        self,
        deployment: Deployment,
        people: People,
        material: Material,
        *,
        seed: int,
        progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
    ) -> None:
        self._deployment = deployment
        self._people = people
        self._material = material
        self._seed = seed
        self._progress = progress

    def travel(self) -> Iterator[Scene]:
        """Every scene in order. Same seed, same verdicts.

        Errors: whatever a verb refuses that the road did not expect.
        """
        first = self._build(self._material.files, self._material.train, "first try")
        yield Scene("charter", "Charter", self._charter_lines(first), {"release": first.name})
        yield from self._measure(first, "evidence")
        held = self._ask(first, Stage.SHADOW)
        yield self._verdict_scene("gate-first", held)
        if not held.passes:
            done = self._material.repair()
            yield Scene("repair", "Repair", tuple(done), {"repairs": len(done)})
        release = self._build(self._material.repaired_files, self._material.train, "after the repairs")
        yield from self._measure(release, "evidence-again")
        passed = self._ask(release, Stage.SHADOW)
        yield self._verdict_scene("gate-second", passed)
        if not passed.passes:
            return
        self._promote(release, Stage.PILOT)
        self._promote(release, Stage.SHADOW)
        yield self._shadow(release)
        yield self._before_canary(release)
        if not self._promote(release, Stage.CANARY):
            return
        yield self._canary(release)
        if self._promote(release, Stage.PRODUCTION):
            yield Scene("production", f"{release.name} is in production", (), {"release": release.name})
            yield from self._bad_release(release)
        yield self._result()
        yield self._left_for_you()

    # ── scenes ──

    def _charter_lines(self, release: Release) -> tuple[str, ...]:
        charter = self._deployment.loader.load(release.digest).charter
        promise = next(iter(charter.certificates.values()))
        return (
            f"{charter.use_case}: {charter.title}, owner {charter.owners.business}, risk {charter.risk.tier}",
            f"KPI {charter.kpi.name}, target {charter.kpi.target:.0%}",
            f"promise: at most {promise.alpha:.0%} of what leaves alone is wrong (certainty {1 - promise.delta:.0%})",
        )

    def _measure(
        self,
        release: Release,
        name: str,
        *,
        labelled: Sequence[Labelled] | None = None,
        suites: Sequence[Suite] | None = None,
    ) -> Iterator[Scene]:
        measured = list(measure_without_labels(self._deployment, self._people.builder, release))
        measured += measure_with_labels(
            self._deployment,
            self._people.builder,
            release,
            labelled or self._material.certify,
            wait=lambda left: self._wait(left, "pilot"),
        )
        for suite in self._material.suites if suites is None else suites:
            measured += self._evaluate(release, suite)
        figures = {f"{m.kind} {m.subject}".strip(): round(m.value, 4) for m in measured}
        told = {
            "business.kpi_baseline": "KPI baseline",
            "quality.accuracy": "accuracy",
            "knowledge.recall": "retrieval",
            "data.duplicates": "duplicates",
            "quality.suite": "suite",
        }
        lines = [f"{told[m.kind]} {m.value:.1%} (n={m.n})" for m in measured if m.kind in told]
        for m in measured:
            if m.kind == "trust.certificate" and "threshold" in m.detail:
                lines.append(
                    f"certificate: threshold {m.detail['threshold']:.3f}, {m.detail['wrong']} wrong of "
                    f"{m.detail['accepted']} accepted, at most {m.value:.1%}; automates {m.detail['automation']:.0%}"
                )
            elif m.kind == "trust.certificate":
                lines.append(f"no certificate: {m.method}; labels needed: {m.detail.get('labels_needed')}")
        yield Scene(name, f"Evidence for {release.name}", tuple(lines), figures)

    def _evaluate(
        self, release: Release, suite: Suite, *, as_evidence: bool = True
    ) -> Sequence[Measurement]:
        return evaluate_release(
            self._deployment,
            self._people.builder,
            release,
            suite,
            gradings={},
            concurrency=SUITE_AT_ONCE,
            as_evidence=as_evidence,
        ).measurements

    def _verdict_scene(self, name: str, concluded: GateVerdict) -> Scene:
        lines = [
            f"{f.asks}: {f.reason}" + (f"  → {f.next_step}" if f.next_step else "") for f in concluded.open
        ]
        figures = {
            "verdict": concluded.word,
            "stage": str(concluded.stage),
            "open": [f"{f.requirement} {f.subject}".strip() for f in concluded.open],
            "requirements": len(concluded.findings),
        }
        return Scene(name, f"Gate: {concluded.sentence}", tuple(lines), figures, good=concluded.passes)

    def _shadow(self, release: Release) -> Scene:
        charter = self._deployment.loader.load(release.digest).charter
        cases = self._live(charter.release.shadow.min_cases + BATCH // 4, "shadow")
        facts = {f.kind: f for f in measure_without_labels(self._deployment, self._people.builder, release)}
        agreement = facts["release.shadow_agreement"]
        return Scene(
            "shadow",
            f"Shadow: {release.name} watched {len(cases)} live cases, nothing was sent",
            (f"it concluded what people did in {agreement.value:.0%} of them (n={agreement.n})",),
            {"cases": len(cases), "agreement": round(agreement.value, 4)},
        )

    def _before_canary(self, release: Release) -> Scene:
        """What the gate asks for on top: a stop drill and two people's approval."""
        fact = stop_drill(self._deployment, self._people.builder, release)
        keep(self._deployment, self._people.builder, release, [fact])
        without = self._ask(release, Stage.CANARY)
        answer_questions(self._deployment, self._people, release, Stage.CANARY)
        for person in (self._people.owner, self._people.risk):
            approve(self._deployment, person, release.use_case, release.name, reason="demo: evidence seen")
        with_approval = self._ask(release, Stage.CANARY)
        return Scene(
            "approvals",
            f"Gate: {with_approval.sentence}",
            (
                f"stop switch obeyed in {fact.value:.2f} s",
                f"before the approvals it held: {', '.join(f.requirement for f in without.open)}",
                *(f"! {note}" for note in with_approval.notes),
            ),
            {"verdict": with_approval.word, "before": without.word},
            good=with_approval.passes,
        )

    def _canary(self, release: Release) -> Scene:
        """Live traffic until the canary is proven not worse, or worse, or the patience of 12 batches ends."""
        state, cases = "cannot tell yet", 0
        for _ in range(12):
            cases += len(self._live(BATCH, "canary"))
            watch = canary_watch(self._deployment, release.use_case, release)
            state = watch.state if watch else state
            enough = watch is not None and watch.harm.candidate.cases >= self._canary_minimum(release)
            if state == "worse" or (state == "not worse" and enough):
                break
        keep(self._deployment, self._people.builder, release, canary_facts(self._deployment, release))
        watch = canary_watch(self._deployment, release.use_case, release)
        candidate = watch.harm.candidate if watch else None
        baseline = watch.harm.baseline if watch else None
        lines = []
        if candidate and baseline:
            lines.append(
                f"wrong automatic answers: {candidate.total:.0f} of {candidate.cases} cases, "
                f"{baseline.total:.0f} of {baseline.cases} beside it"
            )
        return Scene(
            f"canary-{release.name}",
            f"Canary: {release.name} on a share of {cases} live cases: {state}",
            tuple(lines),
            {
                "state": state,
                "cases": cases,
                "candidate": candidate.cases if candidate else 0,
                "wrong": candidate.total if candidate else 0,
            },
            good=state != "worse",
        )

    def _bad_release(self, running: Release) -> Iterator[Scene]:
        """A second release whose labels were exported wrongly, for training and for evaluation alike."""
        tasks = self._deployment.loader.load(running.digest).charter.tasks.values()
        kept = {label for task in tasks for label in task.abstain}
        mislabel = wrong_export(
            [label for _, label in self._material.train if label not in kept], seed=self._seed
        )
        train = [(text, mislabel.get(label, label)) for text, label in self._material.train]
        certify = [
            replace(one, truth=mislabel.get(one.truth, one.truth), topic=one.topic or one.truth)
            for one in self._material.certify
        ]
        release = self._build(self._material.repaired_files, train, "retrained on a new label export")
        yield Scene(
            "second-release",
            f"{release.name}: retrained on a label export in which {len(mislabel)} labels were renumbered",
            ("its evaluation uses the same export, so its own figures cannot show it",),
            {"release": release.name, "mislabelled": len(mislabel)},
        )
        # The suite was brought up to date from that export too; the running release is asked again by it.
        suites = [relabelled(suite, mislabel) for suite in self._material.suites]
        for suite in suites:
            self._evaluate(running, suite, as_evidence=False)
        yield from self._measure(release, "evidence-second-release", labelled=certify, suites=suites)
        self._promote(release, Stage.PILOT)
        if not self._promote(release, Stage.SHADOW):
            yield self._verdict_scene("gate-bad", self._ask(release, Stage.SHADOW))
            return
        yield self._shadow(release)
        for person in (self._people.owner, self._people.risk):
            approve(self._deployment, person, release.use_case, release.name, reason="demo: evidence seen")
        if not self._promote(release, Stage.CANARY):
            yield self._verdict_scene("gate-bad", self._ask(release, Stage.CANARY))
            return
        watched = self._canary(release)
        yield watched
        if not watched.good:
            yield self._rollback(release, running)

    def _rollback(self, release: Release, running: Release) -> Scene:
        with self._deployment.store.read() as tx:
            counts = self._deployment.store.cases.counts(tx, release.use_case, release=release.digest)
        alone = sum(
            n
            for (stage, _, handled_by), n in counts.items()
            if (stage, handled_by) == ("canary", "automatic")
        )
        # The rollback is a job: it is over when every case answered alone has its correction.
        self._wait(lambda: max(0, alone - len(self._corrections(release))), "rollback")
        corrections = self._corrections(release)
        for review in corrections:
            if review.state is not ReviewState.OPEN:
                continue  # a spot check had found it wrong before, and somebody looked already
            # Who has looked at a case has looked at all that it sent: its other questions are off.
            with suppress(Conflict):
                decide_review(
                    self._deployment,
                    self._people.reviewer,
                    review.id,
                    Verdict.DONE,
                    seen=review.proposal,
                    reason="looked at",
                )
        with self._deployment.store.read() as tx:
            after = self._deployment.store.releases.rollout(tx, release.use_case).find(release.digest)
        return Scene(
            "rollback",
            f"{release.name} is {after.stage}: {after.reason}",
            (
                f"{running.name} took over; {len(corrections)} cases that {release.name} had answered alone went to a person",
                "nobody pressed a button",
            ),
            {"stage": str(after.stage), "corrections": len(corrections), "reason": after.reason},
            good=after.stage is Stage.HALTED,
        )

    def _corrections(self, release: Release) -> list[Review]:
        """Corrections of canary cases of this release; those of other releases come from spot checks."""
        store = self._deployment.store
        with store.read() as tx:
            cases = store.cases.list(
                tx, release.use_case, stage=Stage.CANARY, release=release.digest, limit=1_000
            ).rows
            reviews = [review for case in cases for review in store.reviews.of_case(tx, case.id)]
        return [review for review in reviews if review.kind is ReviewKind.CORRECTION]

    def _result(self) -> Scene:
        use_case = self._material.use_case
        with self._deployment.store.read() as tx:
            counts: dict[str, int] = {}
            for release in self._deployment.store.releases.rollout(tx, use_case).releases:
                for (stage, _, handled_by), n in self._deployment.store.cases.counts(
                    tx, use_case, release=release.digest
                ).items():
                    if stage in {Stage.CANARY, Stage.PRODUCTION}:
                        counts[handled_by] = counts.get(handled_by, 0) + n
            sent = self._deployment.store.effects.in_state(
                tx, EffectState.CONFIRMED, use_case=use_case, limit=5_000
            )
        keys = [effect.key for effect in sent]
        automatic, total = counts.get("automatic", 0), sum(counts.values())
        return Scene(
            "result",
            f"{total} live cases worked by releases: {automatic} alone, {total - automatic} with a person",
            (f"{len(keys)} effects sent, {len(keys) - len(set(keys))} of them twice",),
            {
                "cases": total,
                "automatic": automatic,
                "effects": len(keys),
                "doubled": len(keys) - len(set(keys)),
            },
        )

    def _left_for_you(self) -> Scene:
        """Some more cases, whose reviews wait for the visitor."""
        for one in islice(self._material.traffic, LEFT):
            submit(self._deployment, self._people.client, self._material.use_case, one.key, one.data)
        self._settle("left for you")
        with self._deployment.store.read() as tx:
            waiting = self._deployment.store.reviews.count_open(tx, self._material.use_case)
        return Scene(
            "left-for-you",
            f"{LEFT} more cases arrived; {waiting} wait for you in the inbox",
            (),
            {"waiting": waiting},
        )

    # ── what scenes are made of ──

    def _build(self, files: Mapping[str, bytes], train: Sequence[tuple[str, str]], note: str) -> Release:
        return build_from_folder(
            self._deployment, self._people.builder, files, labelled=train, seed=self._seed, note=note
        )

    def _ask(self, release: Release, stage: Stage) -> GateVerdict:
        return verdict(self._deployment, self._people.builder, release.use_case, release.name, stage)

    def _promote(self, release: Release, stage: Stage) -> bool:
        try:
            promote_release(self._deployment, self._people.builder, release.use_case, release.name, stage)
        except Refused:
            return False
        return True

    def _canary_minimum(self, release: Release) -> int:
        return self._deployment.loader.load(release.digest).charter.release.canary.min_cases

    def _live(self, count: int, what: str) -> list[CaseRecord]:
        """Messages arrive, releases work them, people answer what they are asked, the truth is filed."""
        arrived = list(islice(self._material.traffic, count))
        cases = []
        for one in arrived:
            receipt = submit(
                self._deployment, self._people.client, self._material.use_case, one.key, one.data
            )
            cases.append(receipt.case)
        self._settle(what)
        truths = {one.key: one.truth for one in arrived}
        answer_reviews(
            self._deployment, self._people.reviewer, {case.id: truths[case.key] for case in cases}
        )
        self._settle(what)
        for one in arrived:
            record_outcome(
                self._deployment,
                self._people.client,
                self._material.use_case,
                one.key,
                truth=one.truth,
                source="desk",
            )
        return cases

    def _settle(self, what: str) -> None:
        def left() -> int:
            with self._deployment.store.read() as tx:
                health = self._deployment.store.cases.counts(tx, self._material.use_case)
            return sum(n for (_, state, _), n in health.items() if state in {State.OPEN, State.DELIVERING})

        self._wait(left, what)

    def _wait(self, left: Callable[[], int], what: str) -> None:
        wait_for(left, progress=lambda done, total: self._progress(what, done, total))
