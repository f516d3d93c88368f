"""Whatever happens in whatever order, an effect is felt at most once, and none is lost.

A random story of deliveries, deaths of the process, look-ups, answers of people, stops, parked effects and rollbacks,
against a receiver that feels, fails, loses answers and carries out late. In the end everything is set right and what
was promised must hold.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.operate.office import BEN, OLGA, RITA, VERA, Office

import roadworthy as rw
from roadworthy.casework.effect import OWED, SENT, EffectState, Idempotency
from roadworthy.casework.review import ReviewKind, ReviewState, Verdict
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.operate.outgoing import park_effect, release_effect
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.operate.stopping import resume, stop
from roadworthy.operate.tending import tend_effects

FATES = ("fine", "away", "busy", "refuses", "mute", "felt and mute", "late", "dies", "felt and dies")
TOOLS = ("mail.reply", "post.send", "fax.send")


async def all_three(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    return rw.Decision(
        "sent",
        confidence=intent.confidence,
        effects=[rw.effect(tool, to=case.data.sender, body="x") for tool in TOOLS],
    )


class Death(BaseException):
    """The process ends here."""


class Receiver:
    """Feels what it is sent, as its fate says. ``late`` is carried out after the sender has given up."""

    def __init__(self, kind: Idempotency, machine: EffectsMachine) -> None:
        self.idempotency = kind
        self.machine = machine
        self.felt: Counter[str] = Counter()
        self.sent: dict[str, set[str]] = {}
        self.late: list[str] = []

    def feel(self, key: str) -> None:
        if self.idempotency is Idempotency.NATIVE and self.felt[key]:
            return
        self.felt[key] += 1

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return {}

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        fate = self.machine.fate
        self.machine.fate = "fine"
        if fate == "away":
            raise Unavailable("RW-X-001", "away", retry_is_safe=True)
        if fate == "busy":
            raise Unavailable("RW-X-002", "busy", retry_is_safe=True, asked_s=3.0)
        if fate == "refuses":
            raise InputProblem("RW-X-003", "no")
        if fate == "dies":
            raise Death
        if fate == "late":
            self.late.append(key)
        elif fate != "mute":
            self.feel(key)
        if fate == "felt and dies":
            raise Death
        if fate != "fine":
            raise Unavailable("RW-X-004", "no answer", retry_is_safe=False)
        return {"id": key}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return {"id": key} if self.felt[key] else None


class EffectsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.office = self.opened(Path(self.folder.name))
        self.fate = "fine"
        kinds = dict(zip(TOOLS, (Idempotency.NATIVE, Idempotency.LOOKUP, Idempotency.NONE), strict=True))
        self.receivers = {tool: Receiver(kind, self) for tool, kind in kinds.items()}
        self.office.tools.update(self.receivers)  # type: ignore[arg-type]
        self.number = 0
        self.aborted = False
        self.keys: dict[str, str] = {}
        self.office.release(all_three, number=1)

    def opened(self, folder: Path) -> Office:
        return Office(folder)

    def teardown(self) -> None:
        self.set_right()
        self.office.store.close()
        self.folder.cleanup()

    # ── what may happen ──

    @rule(sure=st.booleans())
    def a_case_arrives(self, sure: bool) -> None:
        if self.number < 3 and not self.aborted:
            self.number += 1
            self.office.submit(f"C-{self.number}", "refund 0.9" if sure else "refund 0.2")
            self.office.later(milliseconds=5)

    @rule(fate=st.sampled_from(FATES))
    def work(self, fate: str) -> None:
        self.fate = fate
        with suppress(Death):
            self.office.engine.drain()
        self.revive()
        self.fate = "fine"

    def revive(self) -> None:
        """Jobs of a process that died run again, as the durable engine does it."""
        for effect in self.effects():
            if effect.state is EffectState.SENDING:
                job = self.office.engine._handlers  # type: ignore[attr-defined]
                assert job is not None
                with suppress(Death):
                    job["undo" if effect.undoes else "deliver"](
                        f"{effect.case}/{effect.id}" if effect.undoes else effect.case
                    )

    @rule(seconds=st.sampled_from([1, 10, 31, 95, 400]))
    def time_passes(self, seconds: int) -> None:
        # What a receiver carries out late it carries out within the minute that its charter grants.
        for receiver in self.receivers.values():
            while receiver.late:
                receiver.feel(receiver.late.pop())
        self.office.later(seconds=seconds)

    @rule()
    def the_round(self) -> None:
        tend_effects(self.office.deployment)

    @rule(verdict=st.sampled_from(["approve", "reject", "done"]), which=st.integers(0, 9))
    def a_person_answers(self, verdict: str, which: int) -> None:
        reviews = self.reviews()
        if not reviews:
            return
        review = reviews[which % len(reviews)]
        if review.kind is ReviewKind.UNCLEAR:
            # A careful person: looks at the receiver before saying so.
            with self.office.store.read() as tx:
                effect = self.office.store.effects.get(tx, review.effect)
            assert effect is not None
            receiver = self.receivers.get(effect.tool)
            if receiver is not None and effect.key in receiver.late:
                return
            felt = receiver is not None and receiver.felt[effect.key] > 0
            verdict = "done" if felt else "approve" if verdict == "done" else verdict
        self.say(review, Verdict(verdict))

    def say(self, review, verdict: Verdict) -> None:
        for person in (VERA, RITA, OLGA):
            with suppress(RoadworthyError):
                decide_review(
                    self.office.deployment, person, review.id, verdict, seen=review.proposal, reason="seen"
                )
                return

    @rule(which=st.integers(0, 9))
    def somebody_parks(self, which: int) -> None:
        ready = [one for one in self.effects() if one.state is EffectState.READY]
        if ready:
            park_effect(self.office.deployment, BEN, ready[which % len(ready)].id, reason="wait")

    @rule()
    def somebody_releases(self) -> None:
        for one in self.effects():
            if one.state is EffectState.PARKED and one.held:
                release_effect(self.office.deployment, BEN, one.id, reason="go")

    @rule()
    def a_stop_and_its_end(self) -> None:
        thrown = stop(self.office.deployment, OLGA, "tool:mail.reply", reason="test")
        with suppress(Death):
            self.office.engine.drain()
        self.revive()
        resume(self.office.deployment, RITA, thrown.id, reason="over")

    @precondition(lambda self: self.number > 1 and not self.aborted)
    @rule()
    def the_release_is_taken_back(self) -> None:
        self.aborted = True
        abort_release(self.office.deployment, BEN, "desk", "r1", reason="bad")

    # ── what always holds ──

    @invariant()
    def nothing_is_felt_twice(self) -> None:
        for receiver in self.receivers.values():
            assert max(receiver.felt.values(), default=0) <= 1, receiver.felt

    @invariant()
    def a_key_stays_with_its_effect(self) -> None:
        for one in self.effects():
            begun_again = one.state is EffectState.REFUSED and "~" in one.key
            assert begun_again or self.keys.setdefault(one.id, one.key) == one.key

    @invariant()
    def what_was_felt_is_never_said_not_to_have_been_sent(self) -> None:
        for one in self.effects():
            receiver = self.receivers.get(one.tool)
            if receiver is None or not receiver.felt[one.key]:
                continue
            # Refused, dead or ready again means: surely not felt. A person may have said so of an unknown one.
            assert one.state in SENT, (one.tool, one.state)

    # ── and in the end ──

    def set_right(self) -> None:
        for _ in range(6):
            for receiver in self.receivers.values():
                while receiver.late:
                    receiver.feel(receiver.late.pop())
            self.office.engine.drain(until=self.office.clock.now() + timedelta(minutes=6))
            self.somebody_releases()
            tend_effects(self.office.deployment)
            for review in self.reviews():
                self.a_person_sets_right(review)
            self.nothing_is_felt_twice()
        for one in self.effects():
            receiver = self.receivers.get(one.tool)
            felt = receiver.felt[one.key] if receiver is not None else 0
            assert one.state not in OWED, (one.tool, one.state, one.held, one.due_at)
            if one.state is EffectState.CONFIRMED and receiver is not None:
                assert felt == 1, (one.tool, one.key)

    def a_person_sets_right(self, review) -> None:
        if review.kind is ReviewKind.UNCLEAR and review.effect:
            with self.office.store.read() as tx:
                effect = self.office.store.effects.get(tx, review.effect)
            assert effect is not None
            receiver = self.receivers.get(effect.tool)
            felt = receiver is None or receiver.felt[effect.key] > 0
            self.say(review, Verdict.DONE if felt else Verdict.REJECT)
        elif review.kind in {ReviewKind.EFFECT}:
            self.say(review, Verdict.REJECT)
        elif review.kind in {ReviewKind.WORK, ReviewKind.CORRECTION}:
            self.say(review, Verdict.DONE)

    def effects(self):
        with self.office.store.read() as tx:
            return self.office.store.effects.list(tx, "desk", limit=200).rows

    def reviews(self):
        with self.office.store.read() as tx:
            found = self.office.store.reviews.open(tx, "desk", limit=100).rows
        return [
            one for one in found if one.state is ReviewState.OPEN and one.kind is not ReviewKind.SPOT_CHECK
        ]


TestEffectsOnSqlite = EffectsMachine.TestCase
TestEffectsOnSqlite.settings = settings(
    max_examples=3, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
