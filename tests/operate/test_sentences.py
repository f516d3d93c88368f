"""One sentence about a case, for every way it can come out."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.operate.sentences import sentence


def case(**changes: Any) -> dict[str, Any]:
    return {
        "state": "closed", "handled_by": "automatic", "answer": "refund", "stage": "production", "release": "abc",
        "reason": "", "confidence": 0.93, "shadow": False,
    } | changes  # fmt: skip


def effect(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e1", "slot": "pay", "tool": "bank.pay", "state": "confirmed", "disposition": "execute",
        "reasons": ["a certificate covers it and policies allow it"], "threshold": 0.8,
    } | changes  # fmt: skip


def review(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "effect", "state": "decided", "role": "risk_officer", "reasons": ["a large payment"],
        "verdict": "approve", "by": "rita",
    } | changes  # fmt: skip


def told(
    of: dict[str, Any], effects: tuple[Any, ...] = (), reviews: tuple[Any, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "case": of, "effects": list(effects), "reviews": list(reviews), "outcomes": [], "steps": [{}, {}],
    } | more  # fmt: skip


SENTENCES = {
    "automatic": (
        told(case(), (effect(),)),
        ("Carried out `bank.pay` automatically as `refund`: confidence 0.930 ≥ 0.800, a certificate covers it and "
        "policies allow it."),
    ),
    "by a person": (
        told(case(handled_by="person", confidence=0.2), (effect(disposition="review", reasons=["too unsure"]),), (review(),)),
        "Carried out `bank.pay` after rita decided as `refund`: confidence 0.200 < 0.800, too unsure.",
    ),
    "refused": (
        told(case(handled_by="person"), (effect(state="refused", disposition="refuse", reasons=["the tool is stopped"]),)),
        "Refused `bank.pay`: the tool is stopped.",
    ),
    "refused by a person": (
        told(case(handled_by="person"), (effect(state="refused", reasons=["too unsure"]),), (review(verdict="reject"),)),
        "Refused `bank.pay` (rita said no): too unsure.",
    ),
    "one of two refused": (
        told(case(), (effect(), effect(id="e2", tool="mail.reply", state="refused", reasons=["no address"]))),
        ("Carried out `bank.pay` automatically as `refund`: confidence 0.930 ≥ 0.800, a certificate covers it and "
        "policies allow it; refused `mail.reply`: no address."),
    ),
    "nothing to send": (
        told(case(handled_by="person", confidence=None)),
        "Answered `refund` by a person; nothing was to be sent.",
    ),
    "taken back": (
        told(case(confidence=None), (effect(state="undone", reasons=[]), effect(slot="undo~pay", tool="bank.back"))),
        "Carried out `bank.pay` automatically as `refund`; `bank.pay` taken back later.",
    ),
    "unknown": (
        told(case(confidence=None), (effect(state="unknown", reasons=[], threshold=None),)),
        "Carried out `bank.pay` automatically as `refund`; nobody knows whether `bank.pay` was felt.",
    ),
    "parked": (
        told(case(state="parked", reason="the use case is stopped: fire")),
        "Parked, nothing moves until somebody acts: the use case is stopped: fire.",
    ),
    "waiting": (
        told(case(state="waiting", handled_by=""), (effect(state="proposed", disposition="review"),), (review(state="open", by=""),)),
        "Waits for the risk officer; proposed `bank.pay` as `refund`: a large payment.",
    ),
    "open": (told(case(state="open", handled_by="")), "Being worked: 2 steps recorded so far."),
    "taken in": (told(case(state="open", handled_by=""), steps=[]), "Taken in, no step is recorded yet."),
    "delivering": (
        told(case(state="delivering", confidence=None), (effect(state="ready"),)),
        "Decided as `refund`; `bank.pay` on the way.",
    ),
    "without a decision": (
        told(case(handled_by="", reason="RW-CASE-010: it no longer fits")),
        "Ended without a decision: RW-CASE-010: it no longer fits.",
    ),
    "simulated": (
        told(case(stage="shadow"), (effect(state="simulated"),)),
        ("Would have carried out `bank.pay` automatically as `refund`: confidence 0.930 ≥ 0.800, a certificate covers it "
        "and policies allow it."),
    ),
    "simulated, a person asked": (
        told(case(stage="pilot"), (effect(state="simulated", disposition="review", reasons=["too unsure"]),)),
        "Would have asked a person about `bank.pay` as `refund`: too unsure.",
    ),
    "simulated, nothing": (
        told(case(stage="shadow", answer="", handled_by="", reason="RW-MIRROR-001: nothing recorded")),
        "A shadow run that led to no decision: RW-MIRROR-001: nothing recorded.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("outcome", SENTENCES)
def test_each_outcome_is_one_plain_sentence(outcome: str) -> None:
    facts, wanted = SENTENCES[outcome]
    assert sentence(facts) == wanted


def test_a_shadow_run_is_set_beside_what_the_person_did() -> None:
    watched = told(case(stage="shadow"), (effect(state="simulated", reasons=[]),))
    live = told(
        case(handled_by="person", answer="letter"),
        (effect(tool="mail.reply"),),
        outcomes=[{"truth": "letter"}],
    )
    said = sentence(watched, live=live)
    assert said.endswith("; the person carried out `mail.reply` as `letter` (right was `letter`).")
    assert said.startswith("Would have carried out `bank.pay` automatically as `refund`")


def test_what_a_release_says_stays_short_and_cannot_set_marks() -> None:
    said = sentence(told(case(answer="`x`\n" + "y" * 999), (effect(reasons=[f"r{n}" for n in range(9)]),)))
    assert "`'x' yy" in said
    assert "\n" not in said
    assert "and" not in said or "6 more reasons" in said
    assert len(said) < 700
