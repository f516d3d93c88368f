"""Certificates: what is proven of a release, kind of error by kind of error, and when a proof has aged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from roadworthy.charter import Certificate as Promise
from roadworthy.charter import seconds
from roadworthy.errors import Corrupt
from roadworthy.measure.fact import Fact
from roadworthy.operate.at_work import at_work
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.retrieving import documents
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.principal import SYSTEM, Principal
from roadworthy.quantities import Share, digest_of
from roadworthy.release import Release
from roadworthy.trust import Calibration, Certificate, InsufficientEvidence, Threshold, certify
from roadworthy.trust.content import ContentSketch
from roadworthy.trust.planning import labels_for_automation, labels_for_promise
from roadworthy.trust.slices import certify_slices

AGED = "of the articles changed since it was given"
AGAIN = "certified again"
NEW_CASES = 0.5
"""Part of the cases that have to be others than those of a proof that live cases refuted."""
MORE_AUTOMATION = 0.05
"""How much more automation the plan in a certificate's measurement speaks of."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled case of a proof: how sure the release was, and whether it was wrong.

    ``proposes`` is False where it abstained: nothing can leave, so nothing can be wrong. ``hidden`` tells
    that the true answer was that nobody here should answer.
    """

    key: str
    truth: str
    score: float
    wrong: bool
    slice: str
    proposes: bool = True
    hidden: bool = False


def certificates_of(
    deployment: Deployment,
    principal: Principal,
    release: Release,
    kind: str,
    sample: Sequence[Judged],
) -> Fact:
    """Certify one promise of the charter on a sample of its traffic, and keep every certificate that comes of it.

    ``sample`` holds independent cases (one a customer or wording) that served neither training nor
    tuning. With ``per_slice`` every slice has a proof of its own; slices too thin for one have none.
    The newest certification speaks alone: earlier certificates of the kind end with it, also where it
    proves nothing. What an alarm suspended is not proven again on mostly the same cases.
    """
    loaded = deployment.loader.load(release.digest)
    promise = loaded.charter.certificates[kind]
    proposed = [one for one in sample if one.proposes]
    inputs = [[one.key, one.truth] for one in sample]
    cases = ContentSketch.of(digest_of(one) for one in inputs)
    before = _given(deployment, release, kind)
    rang = _rang_on_these(deployment, before, cases)
    if rang:
        return _nothing_proven(promise, kind, sample, {"": rang}, inputs)
    proofs = dict(_proven(promise, proposed))
    thresholds = {name: one for name, one in proofs.items() if isinstance(one, Threshold)}
    missing = {name: one for name, one in proofs.items() if isinstance(one, InsufficientEvidence)}
    if not thresholds:
        _supersede(deployment, before, f"{AGAIN}, and nothing was proven")
        return _nothing_proven(promise, kind, sample, missing, inputs)
    issued = [
        _issued(deployment, principal, loaded, release, kind, sample, proposed, name, one, cases)
        for name, one in sorted(thresholds.items())
    ]
    _supersede(deployment, before, AGAIN)
    worst = max(issued, key=lambda one: one.upper)
    automation = _automation(sample, thresholds)
    return Fact(
        kind="trust.certificate",
        subject=kind,
        value=worst.upper,
        unit="share",
        n=len(sample),
        method="Learn-then-Test, fixed sequence, exact binomial tails"
        + (f", delta split over {len(proofs)} slices" if promise.per_slice else ""),
        inputs=inputs,
        valid_days=seconds(promise.valid_for) / 86_400,
        of_release=True,
        detail={
            "grader": promise.grader,
            "effects": list(worst.effects),
            "threshold": worst.threshold,
            "accepted": worst.accepted,
            "wrong": worst.wrong,
            "automation": automation,
            "not_ours": _not_ours(sample, thresholds),
            **({} if promise.per_slice else _plans(promise, proposed, thresholds[""])),
            **({"slices": _by_slice(issued, missing)} if promise.per_slice else {}),
        },
    )


def content_aged(deployment: Deployment, release: Release, loaded: LoadedRelease) -> Iterator[Fact]:
    """Suspend certificates whose articles changed by more than the charter tolerates, and say by how much.

    Run again: what is suspended stays so, with its first reason.
    """
    now = deployment.now()
    sketch = content_of(loaded)
    with deployment.store.read() as tx:
        issued = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    for certificate in issued:
        promise = loaded.charter.certificates.get(certificate.error_kind)
        if promise is None or certificate.suspended_at is not None or now >= certificate.expires_at:
            continue
        with deployment.store.write() as tx:
            changed = _changed(deployment, tx, certificate, sketch)
            if changed > promise.content_change_max:
                reason = f"{changed:.0%} {AGED}"
                _suspend(deployment, tx, certificate, reason)
        yield Fact(
            kind="trust.content_changed",
            subject=certificate.error_kind,
            value=changed,
            unit="share",
            n=sketch.size,
            method="sketches of the articles then and now",
            inputs=[certificate.id, sketch.as_json()],
            of_release=True,
            valid_days=1,
            detail={"certificate": certificate.id, "slice": certificate.slice},
        )


def watch_content(deployment: Deployment) -> None:
    """Suspend what has aged, of every release that works live cases: what runs by itself from time to time.

    Articles count as their index has them, which ``keep_fresh`` brings up to date more often.
    """
    for release in at_work(deployment):
        for _ in content_aged(deployment, release, deployment.loader.load(release.digest)):
            pass


def content_of(loaded: LoadedRelease) -> ContentSketch:
    """What the answers of a release rest on at this moment."""
    return ContentSketch.of(
        digest_of([source, document.name, document.text])
        for source, base in loaded.bases.items()
        for document in documents(base)
    )


def _proven(
    promise: Promise, proposed: Sequence[Judged]
) -> Iterator[tuple[str, Threshold | InsufficientEvidence]]:
    """By slice what is proven; under the empty name for all traffic together."""
    alpha, delta = Share(promise.alpha), Share(promise.delta)
    if not promise.per_slice:
        scores = _scores(proposed)
        if not len(scores):
            yield "", InsufficientEvidence("no labelled case had an answer", None, 0, 0, 0)
            return
        yield (
            "",
            certify(Calibration(scores, _wrong(proposed)), traffic_scores=scores, alpha=alpha, delta=delta),
        )
        return
    # A proof without a slice covers all traffic: cases that name none have none here, and go to people.
    names = {one.slice for one in proposed} - {""}
    parts = {name: [one for one in proposed if one.slice == name] for name in names}
    if not parts:
        yield "", InsufficientEvidence("no labelled case with an answer names its slice", None, 0, 0, 0)
        return
    found = certify_slices(
        {name: Calibration(_scores(part), _wrong(part)) for name, part in parts.items()},
        traffic_scores={name: _scores(part) for name, part in parts.items()},
        alpha=alpha,
        delta=delta,
    )
    for proof in found.slices:
        yield proof.name, proof.outcome


def _issued(
    deployment: Deployment,
    principal: Principal,
    loaded: LoadedRelease,
    release: Release,
    kind: str,
    sample: Sequence[Judged],
    proposed: Sequence[Judged],
    name: str,
    threshold: Threshold,
    cases: ContentSketch,
) -> Certificate:
    promise, now = loaded.charter.certificates[kind], deployment.now()
    of_slice = [one for one in sample if not promise.per_slice or one.slice == name]
    of_slice_proposed = [one for one in proposed if not promise.per_slice or one.slice == name]
    mix = Counter(one.slice for one in of_slice)
    certificate = Certificate.issue(
        threshold,
        id=deployment.new_id(),
        use_case=release.use_case,
        release=release.digest,
        error_kind=kind,
        data_digest=digest_of([[one.key, one.truth] for one in sample]),
        certified_at=now,
        expires_at=now + timedelta(seconds=seconds(promise.valid_for)),
        mix={part: Share(count / len(of_slice)) for part, count in sorted(mix.items())},
        grader=promise.grader,
        effects=[tool for tool, declared in loaded.charter.tools.items() if declared.error == kind],
        slice=name if promise.per_slice else "",
    )
    certificate = replace(
        certificate, automation=certificate.automation * len(of_slice_proposed) / len(of_slice)
    )
    with deployment.store.write() as tx:
        deployment.store.evidence.add_certificate(tx, certificate)
        deployment.store.evidence.save_watch(
            tx,
            release.use_case,
            release.digest,
            _content_watch(certificate),
            json.dumps({"content": content_of(loaded).as_json(), "cases": cases.as_json()}),
        )
        deployment.record(
            tx,
            "certificate.issued",
            principal.id,
            {"use_case": release.use_case, "release": release.digest, "certificate": certificate.id},
            {word: str(value) for word, value in certificate.as_json().items() if word != "mix"},
        )
    return certificate


def _nothing_proven(
    promise: Promise,
    kind: str,
    sample: Sequence[Judged],
    missing: Mapping[str, InsufficientEvidence],
    inputs: object,
) -> Fact:
    reason = "; ".join(
        f"{name}: {one.reason}" if name else one.reason for name, one in sorted(missing.items())
    )
    needed = [one.labels_needed for one in missing.values() if one.labels_needed is not None]
    return Fact(
        kind="trust.certificate",
        subject=kind,
        value=1.0,
        unit="share",
        n=len(sample),
        method=f"Learn-then-Test, exact binomial: {reason}"[:500],
        inputs=inputs,
        of_release=True,
        detail={"grader": promise.grader, "labels_needed": min(needed, default=None)},
    )


def _plans(promise: Promise, proposed: Sequence[Judged], threshold: Threshold) -> dict[str, object]:
    """Labels that half the errors, and a little more automation, would take."""
    calibration, traffic = Calibration(_scores(proposed), _wrong(proposed)), _scores(proposed)
    delta = Share(promise.delta)
    stricter = labels_for_promise(
        calibration,
        threshold=threshold.value,
        traffic_scores=traffic,
        alpha=Share(promise.alpha / 2),
        delta=delta,
    )
    wanted = min(1.0, float(threshold.automation) + MORE_AUTOMATION)
    more = labels_for_automation(
        calibration, wanted=Share(wanted), traffic_scores=traffic, alpha=Share(promise.alpha), delta=delta
    )
    return {
        "labels_for_half_the_errors": {"labels": stricter.labels, "sentence": stricter.sentence},
        "labels_for_more_automation": {"wanted": wanted, "labels": more.labels, "sentence": more.sentence},
    }


def _by_slice(
    issued: Sequence[Certificate], missing: Mapping[str, InsufficientEvidence]
) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for one in issued:
        found[one.slice] = {
            "threshold": one.threshold,
            "upper": one.upper,
            "automation": one.automation,
            "n": one.n,
        }
    for name, thin in missing.items():
        found[name] = {
            "threshold": None,
            "labels_needed": thin.labels_needed,
            "reason": thin.reason,
            "n": thin.n,
        }
    return found


def _accepted(one: Judged, thresholds: Mapping[str, Threshold]) -> bool:
    proof = thresholds.get(one.slice) or thresholds.get("")
    return one.proposes and proof is not None and one.score >= proof.value


def _automation(sample: Sequence[Judged], thresholds: Mapping[str, Threshold]) -> float:
    return sum(_accepted(one, thresholds) for one in sample) / len(sample)


def _not_ours(sample: Sequence[Judged], thresholds: Mapping[str, Threshold]) -> dict[str, int]:
    """Of the cases that nobody here should answer, how many would have left: the near ones are the hard ones."""
    hidden = [one for one in sample if one.hidden]
    return {"cases": len(hidden), "accepted": sum(_accepted(one, thresholds) for one in hidden)}


def _scores(cases: Sequence[Judged]) -> np.ndarray:
    return np.array([one.score for one in cases], dtype=np.float64)


def _wrong(cases: Sequence[Judged]) -> np.ndarray:
    return np.array([one.wrong for one in cases], dtype=bool)


def _content_watch(certificate: Certificate) -> str:
    return f"content:{certificate.id}"


def _changed(
    deployment: Deployment, tx: Transaction, certificate: Certificate, sketch: ContentSketch
) -> float:
    """Part of the articles that changed; all of them where nothing tells what they were."""
    stored = deployment.store.evidence.watch(
        tx, certificate.use_case, certificate.release, _content_watch(certificate)
    )
    then = _sketch(stored, "content")
    return sketch.changed_since(then) if then else 1.0


def _sketch(stored: str, name: str) -> ContentSketch | None:
    """One of the two sketches kept beside a certificate; None where it is missing or cannot be read."""
    try:
        return ContentSketch.from_json(json.loads(stored)[name]) if stored else None
    except (Corrupt, ValueError, KeyError, TypeError):
        return None


def _given(deployment: Deployment, release: Release, kind: str) -> tuple[Certificate, ...]:
    with deployment.store.read() as tx:
        issued = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    return tuple(one for one in issued if one.error_kind == kind)


def _rang_on_these(
    deployment: Deployment, before: Sequence[Certificate], cases: ContentSketch
) -> InsufficientEvidence | None:
    """Why these cases prove nothing: most of them proved what live cases refuted."""
    for certificate in before:
        because = certificate.suspended_because
        if certificate.suspended_at is None or because.endswith(AGED) or because.startswith(AGAIN):
            continue
        with deployment.store.read() as tx:
            stored = deployment.store.evidence.watch(
                tx, certificate.use_case, certificate.release, _content_watch(certificate)
            )
        then = _sketch(stored, "cases")
        if then is None or cases.changed_since(then) < NEW_CASES:
            reason = (
                f"the certificate of {certificate.certified_at:%Y-%m-%d} was suspended ({because}); at least half of "
                "the cases of a new proof are others than those it rested on"
            )
            return InsufficientEvidence(reason, None, cases.size, 0, 0)
    return None


def _supersede(deployment: Deployment, before: Sequence[Certificate], reason: str) -> None:
    for certificate in before:
        if certificate.suspended_at is None:
            with deployment.store.write() as tx:
                _suspend(deployment, tx, certificate, reason)


def _suspend(deployment: Deployment, tx: Transaction, certificate: Certificate, reason: str) -> None:
    deployment.store.evidence.suspend(tx, certificate.id, at=deployment.now(), reason=reason)
    deployment.record(
        tx,
        "certificate.suspended",
        SYSTEM.id,
        {"use_case": certificate.use_case, "release": certificate.release, "certificate": certificate.id},
        {"kind": certificate.error_kind, "reason": reason},
    )
