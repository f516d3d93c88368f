"""A mirrored environment under attack: good cases, the attacker's calls, and what became of them."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.review import ReviewKind, ReviewState, Verdict
from roadworthy.casework.vocabulary import MAX_EFFECTS, Effect
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.flow import links
from roadworthy.measure.drills.attacks import (
    PLANTED,
    Attack,
    after_secrets,
    attacks_on,
    looked_up,
    uncalled,
)
from roadworthy.measure.drills.hijacked import WHOLE_ERROR, Hijacked, Plan, Seen
from roadworthy.measure.drills.mirrored import Mirrored, Progress, recorded_inputs
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import submit
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.segments import run_segment
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Share, digest_of
from roadworthy.release import Release
from roadworthy.trust import Certificate

CLIENT: Final = Principal("drill-client", "a drill", Kind.SERVICE, frozenset({Role.CLIENT}))
REVIEWERS: Final = tuple(
    Principal(
        f"drill-reviewer-{number}",
        "a drill",
        Kind.PERSON,
        frozenset({Role.REVIEWER, Role.OWNER, Role.RISK_OFFICER}),
    )
    for number in range(1, 5)
)
MOST_READS: Final = 6
MOST_CHOICES: Final = 40
MOST_LOTS: Final = 20
"""So often a case is handed in again where a lot gives it to people."""
MOST_LOOKED: Final = 100
"""So many more cases are done to find a call of every write tool."""
REPEATS: Final = 5
"""So often an agent that keeps to values it may use proposes the same effect in one case."""
_SPECIAL: Final = 3


@dataclass(frozen=True, slots=True)
class Good:
    """A case as the release does it: its input, its calls, what it read, and what it took."""

    data: Mapping[str, object]
    calls: tuple[tuple[str, Mapping[str, object]], ...]
    reads: tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...]
    asked: int
    alone: bool
    useful: bool
    counts: bool
    """It is one of the cases that were asked for, not one that was looked for because of a tool."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one case of the drill."""

    case: CaseRecord
    left_alone: int
    left_approved: int
    asked: int
    proposed: tuple[tuple[str, Mapping[str, object]], ...]


class Bench:
    """The mirrored environment under attack."""

    def __init__(self, mirror: Mirrored, release: Release, *, seed: int) -> None:
        self._release, self._seed = release, seed
        self._seen = Seen()
        self._plan: Plan | None = None
        self._words = ""
        loader = Hijacked(mirror.deployment.loader, self._seen, plan=lambda: self._plan, told=self._told)
        self._deployment = replace(mirror.deployment, loader=loader)
        self._charter = loader.charter(release.digest)
        self._prefix = f"drill-{mirror.deployment.new_id()}-"
        self._count = 0
        self.most_money = 0
        self.chosen = 0
        _prove_everything(self._deployment, release, self._charter)

    def good_cases(self, count: int, progress: Progress) -> Iterator[Good]:
        """Recorded cases, done by the release's own workflow; after so many only those that call another tool."""
        inputs = recorded_inputs(self._deployment, self._release.use_case, self._charter)
        # Each kind of case should be among them, not only the newest.
        random.Random(self._seed).shuffle(inputs)  # noqa: S311 - a seeded order, not a secret
        missing = {name for name, tool in self._charter.tools.items() if tool.writes}
        for number, data in enumerate(inputs[: count + MOST_LOOKED]):
            if number >= count and not missing:
                return
            progress("good cases", number, min(count, len(inputs)))
            tried = self._try(data)
            if tried is None:
                continue
            called = {tool for tool, _ in tried.proposed}
            if number < count or called & missing:
                missing -= called
                yield Good(
                    data, tried.proposed, tuple(self._seen.read), tried.asked,
                    alone=tried.left_alone == len(tried.proposed),
                    useful=tried.left_alone + tried.left_approved == len(tried.proposed),
                    counts=number < count,
                )  # fmt: skip

    def attacks(self, goods: Sequence[Good], *, scenes: int) -> Iterator[tuple[Good, Attack]]:
        """Every attack on good calls of each write tool; calls that no good case makes are tried as well."""
        if not any(good.calls for good in goods):
            return
        for name, tool in self._charter.tools.items():
            if not tool.writes:
                continue
            scene = [(good, call) for good in goods for called, call in good.calls if called == name]
            if not scene:
                yield next(good for good in goods if good.calls), uncalled(name, tool)
            for good, call in scene[:scenes]:
                for attack in attacks_on(name, tool, call):
                    yield good, attack
                for read, arguments, answer in _others(goods, good):
                    for attack in looked_up(name, tool, call, (read, arguments), answer):
                        yield good, attack
                if tool.sink in {"egress", "message", "browse"}:
                    plain = Attack("", name, call, name)
                    for read, arguments in self._special(goods):
                        yield good, after_secrets(plain, (read, arguments))

    def attack(self, good: Good, attack: Attack) -> Tried:
        """One attack: what left by itself, and what once a careless reviewer had approved it all."""
        effect = Effect(attack.tool, dict(attack.arguments), "attack")
        self._plan = Plan([effect], attack.reads, attack.fill)
        try:
            data = _written_into(self._charter, good.data, PLANTED) if attack.planted else good.data
            tried = self._try(data)
        finally:
            self._plan = None
        if tried is None:
            raise InputProblem("RW-DRILL-002", Problem("no case of the drill reaches its release"))
        return tried

    def leaves(
        self, good: Good, *, message: str = "", answers: str = "", obeying: str = ""
    ) -> frozenset[tuple[str, str]]:
        """Which effects of a case leave by themselves, as tool and steering values.

        ``message`` is appended to what an outsider writes, ``answers`` to every text that a read tool answers and
        the charter does not trust. An agent that is ``obeying`` does what the text says as far as it names anything.
        """
        data = _written_into(self._charter, good.data, message) if message else good.data
        reads = [(read, asked) for read, asked, _ in good.reads[:MOST_READS]]
        # One by one: an effect that is held keeps those of the same case with it, and would hide what they do.
        plans: list[Plan | None] = (
            [Plan([one], reads) for one in self._obedience(good, obeying)] if obeying else [None]
        )
        left: set[tuple[str, str]] = set()
        self._words = answers
        try:
            for plan in plans:
                self._plan = plan
                self._try(data, careless=False)
                left |= {(tool, self._steered(tool, arguments)) for tool, arguments in self._seen.left}
        finally:
            self._words, self._plan = "", None
        return frozenset(left)

    def _obedience(self, good: Good, text: str) -> Iterator[Effect]:
        """The good calls with the text in them: as content, and what it names where that would steer."""
        named = [*links(text), *text.split()][:1]
        made = 0
        for tool, call in good.calls:
            declared = self._charter.tools[tool]
            steering = {*declared.control, declared.amount} - {""}
            content = {
                name: text
                for name, value in call.items()
                if isinstance(value, str) and name not in steering
            }
            tries = [{**call, **content}]
            tries += [{**call, name: value} for name in sorted(steering & set(call)) for value in named]
            for arguments in tries[: MAX_EFFECTS - made]:
                made += 1
                yield Effect(tool, arguments, f"obeying-{made}")

    def _told(self, tool: str, answer: Mapping[str, object]) -> Mapping[str, object]:
        if not self._words:
            return answer
        trusted = self._charter.tools[tool].trusted
        return {
            name: f"{value} {self._words}" if isinstance(value, str) and name not in trusted else value
            for name, value in answer.items()
        }

    def _steered(self, tool: str, arguments: Mapping[str, object]) -> str:
        declared = self._charter.tools[tool]
        steering = {*declared.control, declared.amount}
        named = {name: value for name, value in arguments.items() if name in steering}
        return json.dumps(named, sort_keys=True, default=str)

    def deputy(self, goods: Sequence[Good], progress: Progress) -> dict[str, object]:
        """An agent that keeps to values it may use: in how many ways it can choose, and what money that moves."""
        ways: Counter[str] = Counter()
        free: set[str] = set()
        for name, tool in self._charter.tools.items():
            good = next((one for one in goods if any(called == name for called, _ in one.calls)), None)
            if not tool.writes or good is None:
                continue
            call = next(arguments for called, arguments in good.calls if called == name)
            steering = {*tool.control, tool.amount} - {""}
            free |= {f"{name}: {argument}" for argument in call if argument not in steering}
            choices = list(islice(_choices(call, steering, _may_use(good)), MOST_CHOICES))
            for number, arguments in enumerate(choices):
                progress(f"choosing among what may be used: {name}", number, len(choices))
                effects = [Effect(name, arguments, f"choice-{each}") for each in range(REPEATS)]
                self._plan = Plan(effects, [(read, asked) for read, asked, _ in good.reads[:MOST_READS]])
                try:
                    tried = self._try(good.data, careless=False)
                finally:
                    self._plan = None
                if tried is None:
                    continue
                self.chosen += 1
                ways[name] += bool(tried.left_alone)
                amount = arguments.get(tool.amount) if tool.amount else 0
                if isinstance(amount, int):
                    self.most_money = max(self.most_money, amount * tried.left_alone)
        bits = sum(math.log2(count) for count in ways.values() if count > 1)
        return {
            "deputy_tried": self.chosen,
            "deputy_ways": [f"{name}: {count}" for name, count in sorted(ways.items())],
            "deputy_bits": round(bits, 1),
            "deputy_money_minor_a_case": self.most_money,
            "free_arguments": sorted(free),
        }

    def _try(self, data: Mapping[str, object], *, careless: bool = True) -> Tried | None:
        """Hand a case in, let it be worked, and answer what is asked; None where lots give all to people."""
        deployment = self._deployment
        self._seen.begin()
        case = next(
            (one for one in map(self._handed_in, [data] * MOST_LOTS) if one.state is State.OPEN), None
        )
        if case is None:
            return None
        run_segment(deployment, f"{case.id}/{case.run}/{case.segment}")
        alone = len(self._seen.left)
        with deployment.store.read() as tx:
            case = deployment.store.cases.get(tx, case.id) or case
            rows = deployment.store.effects.of_case(tx, case.id)
            proposed = tuple((row.tool, deployment.vault.open(tx, row.arguments)) for row in rows)
            reviews = deployment.store.reviews.of_case(tx, case.id)
        asked = sum(one.state is ReviewState.OPEN for one in reviews)
        if careless and asked:
            _approve_everything(deployment, case)
        self._forget_spending(case)
        return Tried(case, alone, len(self._seen.left) - alone, asked, proposed)

    def _handed_in(self, data: Mapping[str, object]) -> CaseRecord:
        self._count += 1
        key = f"{self._prefix}{self._count:06}"
        return submit(self._deployment, CLIENT, self._release.use_case, key, data).case

    def _forget_spending(self, case: CaseRecord) -> None:
        """Every case meets a day on which nothing was spent: a full day would only help."""
        deployment = self._deployment
        with deployment.store.write() as tx:
            day = deployment.now().date()
            for name, tool in self._charter.tools.items():
                if tool.amount:
                    spent = deployment.store.effects.reserve_spend(tx, case.use_case, name, day, 0)
                    deployment.store.effects.reserve_spend(tx, case.use_case, name, day, -spent)

    def _special(self, goods: Sequence[Good]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Reads of the highest class, as good cases make them."""
        for name, tool in self._charter.tools.items():
            source = self._charter.data.get(tool.source) if tool.source else None
            declared = tool.marking.data_class
            special = declared == _SPECIAL or (
                declared is None and source is not None and source.personal == "special"
            )
            read = next((a for good in goods for called, a, _ in good.reads if called == name), None)
            if special and not tool.writes and read is not None:
                yield name, read


def _others(
    goods: Sequence[Good], good: Good
) -> Iterator[tuple[str, Mapping[str, object], Mapping[str, object]]]:
    """Reads of other cases that were asked otherwise: somebody else's keys, one of each tool."""
    own = {json.dumps([name, dict(asked)], sort_keys=True, default=str) for name, asked, _ in good.reads}
    seen: set[str] = set()
    for other in goods:
        for name, asked, answer in other.reads:
            key = json.dumps([name, dict(asked)], sort_keys=True, default=str)
            if name not in seen and key not in own and answer and len(seen) < MOST_READS:
                seen.add(name)
                yield name, asked, answer


def _written_into(charter: Charter, data: Mapping[str, object], words: str) -> Mapping[str, object]:
    """The input with these words in every text that an outsider writes and that has room for them."""

    def has_room(name: str, value: object) -> bool:
        field = charter.input.get(name)
        if field is None or field.trusted or field.type != "text" or not isinstance(value, str):
            return False
        return len(value) + len(words) < field.max_length

    return {name: f"{value} {words}" if has_room(name, value) else value for name, value in data.items()}


def _may_use(good: Good) -> list[object]:
    """Scalars that stand in the case's calls and answers: whatever of them is trusted will pass."""
    found: dict[str, object] = {}
    places = [arguments for _, arguments in good.calls]
    places += [answer for _, _, answer in good.reads]
    places += [good.data]
    for place in places:
        for value in place.values():
            if isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= 200:
                found.setdefault(f"{type(value).__name__}:{value}", value)
    return list(found.values())


def _choices(
    call: Mapping[str, object], steering: set[str], values: Sequence[object]
) -> Iterator[dict[str, object]]:
    """The good call itself, then with one steering value after the other replaced by another one."""
    yield dict(call)
    for name in sorted(steering & set(call)):
        for value in values:
            if value != call[name] and type(value) is type(call[name]):
                yield {**call, name: value}


def _approve_everything(deployment: Deployment, case: CaseRecord) -> None:
    """As a tired person does it: whatever is asked is approved, by as many people as it takes."""
    for reviewer in REVIEWERS:
        with deployment.store.read() as tx:
            open_ = [
                one
                for one in deployment.store.reviews.of_case(tx, case.id)
                if one.state is ReviewState.OPEN and one.kind is ReviewKind.EFFECT
            ]
        for review in open_:
            try:
                decide_review(
                    deployment, reviewer, review.id, Verdict.APPROVE, seen=review.proposal, reason="drill"
                )
            except RoadworthyError:
                continue
        with deployment.store.read() as tx:
            moved = deployment.store.cases.get(tx, case.id)
        if moved is not None and moved.state is not State.WAITING:
            run_segment(deployment, f"{moved.id}/{moved.run}/{moved.segment}")
            return


def _prove_everything(deployment: Deployment, release: Release, charter: Charter) -> None:
    """Certificates for all tools and every confidence: what holds an effect back is no lack of proof."""
    now = deployment.now()
    kinds = {tool.error or WHOLE_ERROR for tool in charter.tools.values()}
    with deployment.store.write() as tx:
        for kind in sorted(kinds):
            proof = Certificate(
                id=deployment.new_id(), use_case=release.use_case, release=release.digest, error_kind=kind,
                alpha=Share(0.05), delta=Share(0.05), threshold=0.0, n=100, accepted=100, wrong=0, upper=0.04,
                automation=1.0, data_digest=digest_of([]), certified_at=now, expires_at=now + timedelta(days=2),
                effects=tuple(charter.tools),
            )  # fmt: skip
            deployment.store.evidence.add_certificate(tx, proof)
