"""Records to store: complete, valid, and different where a test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord, EffectState, Outcome, TrueOutcome
from roadworthy.casework.journal import Opening, Step
from roadworthy.casework.rating import Rating
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.evidence import Measurement
from roadworthy.policy import Marking
from roadworthy.ports import Credential, Reject, Store, Transaction
from roadworthy.principal import Approval, Role, Stop
from roadworthy.quantities import Cost, Digest, Id, Interval, Share, digest, new_id
from roadworthy.release import Archive, Release
from roadworthy.stage import Stage
from roadworthy.trust import Certificate

AT = datetime(2026, 3, 4, 5, 6, 7, 890_123, tzinfo=UTC)
RELEASE = digest(b"a release")


def id_at(number: int) -> Id:
    """Ids that sort by their number."""
    return new_id(AT + timedelta(milliseconds=number), number.to_bytes(10))


def a_case(number: int = 1, **changes: Any) -> CaseRecord:
    """A fresh case of the use case `support`."""
    case = CaseRecord(
        id=id_at(number),
        use_case="support",
        key=f"T-{number}",
        twin="",
        subject="s_subject",
        input=id_at(1_000_000 + number),
        release=RELEASE,
        stage=Stage.CANARY,
        probability=0.25,
        state=State.OPEN,
        version=1,
        run=1,
        segment=1,
        handled_by="",
        confidence=float("nan"),
        answer="",
        reason="",
        slice="de",
        cost=Cost(0),
        created_at=AT + timedelta(milliseconds=number),
        updated_at=AT + timedelta(milliseconds=number),
    )
    return replace(case, **changes)


def a_reject(number: int = 1, **changes: Any) -> Reject:
    """An input that broke its contract."""
    reject = Reject(id_at(number), "support", "T-1", id_at(number + 1), ("no text", "the `date` ends"), AT)
    return replace(reject, **changes)


def an_opening(ordinal: int = 0, **changes: Any) -> Opening:
    """The first attempt of a step of case 1."""
    opening = Opening(id_at(1), 1, ordinal, "predict:intent", "hmac-sha256:00", 1, Cost(1_000), AT)
    return replace(opening, **changes)


def a_step(ordinal: int = 0, **changes: Any) -> Step:
    """A recorded step of case 1."""
    step = Step(id_at(1), 1, ordinal, "predict:intent", "hmac-sha256:00", id_at(77), 1, 1, Cost(250), AT)
    return replace(step, **changes)


def a_rating(number: int = 1, **changes: Any) -> Rating:
    """Five stars for the case of a number."""
    return replace(Rating(id_at(number), "support", 5, "client", AT), **changes)


def an_outcome(number: int = 1, **changes: Any) -> Outcome:
    """What a source learned about case 1."""
    outcome = Outcome(id_at(number), id_at(1), "support", "refund", TrueOutcome.WRONG, "crm", "client", AT)
    return replace(outcome, **changes)


def an_effect(number: int = 1, **changes: Any) -> EffectRecord:
    """An effect of case 1 that may be sent."""
    effect = EffectRecord(
        id=id_at(number),
        case=id_at(1),
        use_case="support",
        slot=f"helpdesk.reply-{number}",
        key=f"support:T-1:helpdesk.reply-{number}",
        tool="helpdesk.reply",
        arguments=id_at(2_000_000 + number),
        arguments_digest=digest(b"arguments"),
        amount=4990,
        state=EffectState.READY,
        version=1,
        stage=Stage.PRODUCTION,
        release=RELEASE,
        confidence=0.875,
        certificate="",
        approved_by="",
        disposition="execute",
        reasons=("a certificate covers it", "und der Rabatt paßt"),
        untrusted=("to",),
        attempts=0,
        response="",
        created_at=AT,
        updated_at=AT,
        origins=(("to", "the input `text`"), ("body:link", "no source")),
        marking=Marking("untrusted", 2, "eu", frozenset({"support"}), frozenset({"ada"})),
    )
    return replace(effect, **changes)


def a_review(number: int = 1, **changes: Any) -> Review:
    """An open question about an effect of case 1."""
    review = Review(
        id=id_at(number),
        case=id_at(1),
        use_case="support",
        kind=ReviewKind.EFFECT,
        effect=id_at(5),
        ordinal=-1,
        question="",
        reasons=("no certificate",),
        role="reviewer",
        proposal=digest(b"proposal"),
        state=ReviewState.OPEN,
        version=1,
        due_at=AT + timedelta(hours=4),
        verdict="",
        decided_by="",
        decided_at=None,
        reason="",
        created_at=AT,
    )
    return replace(review, **changes)


def an_archive(**files: bytes) -> Archive:
    """A charter and whatever else is named."""
    return Archive({"charter.yaml": b"use_case: support\n", **{name: files[name] for name in files}})


def a_release(number: int = 1, **changes: Any) -> Release:
    """A draft."""
    release = Release(
        digest=digest(f"release {number}".encode()),
        use_case="support",
        number=number,
        author="bea",
        note="first try",
        stage=Stage.DRAFT,
        share=Share(0.0),
        created_at=AT,
        stage_since=AT,
    )
    return replace(release, **changes)


def a_measurement(number: int = 1, **changes: Any) -> Measurement:
    """A measurement with everything it may have."""
    measurement = Measurement(
        id=id_at(number),
        use_case="support",
        kind="quality.accuracy",
        subject="intent",
        value=0.93,
        unit="share",
        n=400,
        method="replay",
        inputs=digest(b"inputs"),
        at=AT + timedelta(minutes=number),
        valid_for=timedelta(days=30, microseconds=1),
        interval=Interval(0.9, 0.95),
        release=RELEASE,
        simulated=("model",),
        detail={"by_slice": {"de": 0.9}, "wörter": [1, None, "x"]},
    )
    return replace(measurement, **changes)


def a_certificate(number: int = 1, **changes: Any) -> Certificate:
    """A certificate that covers wrong intents."""
    certificate = Certificate(
        id=id_at(number),
        use_case="support",
        release=RELEASE,
        error_kind="wrong-intent",
        alpha=Share(0.05),
        delta=Share(0.1),
        threshold=0.8125,
        n=500,
        accepted=300,
        wrong=4,
        upper=0.0271,
        automation=0.6,
        data_digest=digest(b"labels"),
        certified_at=AT + timedelta(minutes=number),
        expires_at=AT + timedelta(days=90),
        mix={"de": Share(0.75), "fr": Share(0.25)},
        effects=("reply.send",),
        slice="de",
    )
    return replace(certificate, **changes)


def an_approval(number: int = 1, **changes: Any) -> Approval:
    """An owner's yes to the release."""
    approval = Approval(
        id=id_at(number),
        use_case="support",
        kind="promotion",
        digest=RELEASE,
        role=Role.OWNER,
        principal="otto",
        demo=True,
        reason="it is good",
        at=AT,
        expires_at=AT + timedelta(days=7),
    )
    return replace(approval, **changes)


def a_credential(**changes: Any) -> Credential:
    """A one-time link."""
    credential = Credential("abcdefghijkl", "link", "otto", "proof", "", AT, AT + timedelta(minutes=10))
    return replace(credential, **changes)


def a_stop(number: int = 1, **changes: Any) -> Stop:
    """A thrown switch."""
    return replace(Stop(id_at(number), "use_case:support", "too many complaints", "otto", AT), **changes)


def an_event(number: int = 1, *, about: str = '{"case":"c","use_case":"support"}') -> bytes:
    """Bytes as the ledger gets them, in the least form that has references."""
    return f'{{"about":{about},"data":{{"number":{number}}},"kind":"case.decided"}}'.encode()


UNKNOWN = Digest("sha256:" + "0" * 64)


class ChangeOfMind(Exception):
    """Raised to roll back."""


def begin_and_roll_back(store: Store, change: Callable[[Transaction], object]) -> None:
    """Make the change in a transaction that does not commit. Raises ``ChangeOfMind``."""
    with store.write() as tx:
        change(tx)
        raise ChangeOfMind
