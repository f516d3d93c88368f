"""What an evaluation asks: every attempt at every test, with its seed and what names its input."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.errors import InputProblem, Problem, Refused
from roadworthy.evaluation import Grader, Suite, Test
from roadworthy.operate.deployment import Deployment
from roadworthy.ports.evaluating import AnswerKey, Grading
from roadworthy.quantities import Digest, digest_of

SUBJECT: Final = "evaluation"
"""Whose key seals answers to tests that stand in a file; a recorded case keeps the key of its own subject."""
_PURPOSE: Final = "names of inputs and answers"


@dataclass(frozen=True, slots=True)
class Ask:
    """One attempt at one test."""

    test: Test
    graders: tuple[Grader, ...]
    attempt: int
    seed: int
    key: AnswerKey
    subject: str
    payload: str
    """The sealed input of a recorded case: it opens as long as its subject is not erased. Empty for others."""


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom a test's answers belong: the subject, its secret for names, and its sealed input."""

    subject: str
    secret: bytes
    payload: str = ""


def seed_of(seed: int, test: str, attempt: int) -> int:
    """The seed of one attempt: below 2^31, the same in every run, unlike that of any other attempt."""
    told = hashlib.sha256(f"{seed}\n{attempt}\n{test}".encode()).digest()
    return int.from_bytes(told[:4]) & 0x7FFFFFFF


def keyed(secret: bytes, value: object) -> str:
    """Keyed digest of a JSON value: names it, and tells nothing to who has not the key."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return "hmac-sha256:" + hmac.digest(secret, text.encode(), "sha256").hex()


def graders_digest(graders: Sequence[Grader], gradings: Mapping[str, Grading]) -> Digest:
    """Of everything that decides the grades: the graders, and the instruments of those that need one."""
    return digest_of(
        [
            [grader.as_json(), gradings[grader.kind].digest if grader.kind in gradings else ""]
            for grader in sorted(graders, key=lambda one: one.name)
        ]
    )


def owners(deployment: Deployment, tests: Sequence[Test]) -> tuple[dict[str, Owner], tuple[str, ...]]:
    """(to whom the answers to each test belong, ids of the tests whose subject was erased).

    Errors: ``InputProblem`` RW-EVAL-052 naming every test by reference whose case is not stored or whose
    input was not filled in.
    """
    with deployment.store.write() as tx:
        own = Owner(SUBJECT, deployment.vault.digest(tx, SUBJECT, _PURPOSE).encode())
    found: dict[str, Owner] = {}
    erased: list[str] = []
    problems: list[Problem] = []
    with deployment.store.read() as tx:
        for test in tests:
            if not test.reference:
                found[test.id] = own
                continue
            case = deployment.store.cases.get(tx, test.reference)
            if case is None:
                problems.append(Problem(f"test `{test.id}`: case `{test.reference}` is not stored"))
                continue
            try:
                # Read only: an erased subject has no key, and must not be given a new one.
                secret = deployment.vault.digest(tx, case.subject, _PURPOSE).encode()
            except Refused:
                erased.append(test.id)
                continue
            if not test.input:
                problems.append(Problem(f"test `{test.id}`: the input of its case was not filled in"))
            found[test.id] = Owner(case.subject, secret, case.input)
    if problems:
        raise InputProblem("RW-EVAL-052", problems, hint="take the case out of the suite, or add it again")
    return found, tuple(erased)


def asks_of(
    suite: Suite,
    target: Digest,
    owned: Mapping[str, Owner],
    *,
    repeats: int,
    seed: int,
) -> list[Ask]:
    """Every attempt at every test that belongs to somebody, in the order of the suite, attempt by attempt."""
    asks = []
    for test in suite.tests:
        owner = owned.get(test.id)
        if owner is None:
            continue
        graders = suite.graders_of(test)
        name = keyed(owner.secret, test.input)
        for attempt in range(1, repeats + 1):
            own = seed_of(seed, test.id, attempt)
            asks.append(
                Ask(
                    test,
                    graders,
                    attempt,
                    own,
                    AnswerKey(target, name, attempt, own),
                    owner.subject,
                    owner.payload,
                )
            )
    return asks
