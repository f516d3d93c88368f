"""An office whose use case brings an agent of its own, and what that agent may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.operate.office import CHARTER, VERA, Office

from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Decision, Workflow
from roadworthy.charter import GatewayPlan
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.operate.outside import calling
from roadworthy.operate.outside.calling import Told
from roadworthy.operate.reviewing import decide_review
from roadworthy.ports import LoadedRelease
from roadworthy.quantities import Digest
from roadworthy.release import Release
from roadworthy.stage import SIMULATED, Stage

ARGUMENTS = (
    "{to: {type: text}, text: {type: text, required: false}, times: {type: integer, required: false}}"
)
TOLD = CHARTER.replace(
    "control: [to], error: intent, idempotency: native, undo",
    f"control: [to], arguments: {ARGUMENTS}, error: intent, idempotency: native, undo",
)


async def hand_over(_case: object, _run: object) -> Decision:
    raise AssertionError("no workflow runs here")


class Agency(Office):
    """The office, with a release that has no workflow of its own."""

    released: Release
    owner = "shop"
    """Whose key the agent has."""

    def load(self, digest: str) -> LoadedRelease:
        loaded = super().load(digest)
        return replace(loaded, workflow=Workflow("desk", self.workflows[digest], elsewhere=True))

    def opens(self, *, stage: Stage = Stage.PRODUCTION, charter: str = TOLD, **more: Any) -> Release:
        self.released = self.release(hand_over, stage=stage, charter=charter, **more)
        return self.released

    @property
    def agent(self) -> Caller:
        release, charter = self.released, self.charters[self.released.digest]
        return Caller(
            key="k1", principal=self.owner, use_case="desk", release=Digest(release.digest), version=release.name,
            stage=release.stage, region=charter.region, plan=GatewayPlan(), models={}, absent={}, tasks={}, quality={},
            unit="", limits={}, scopes=("use_case:desk", f"release:{release.digest}"), expires_at=self.clock.now(),
            needs_case=release.stage not in {Stage.DRAFT, Stage.PILOT},
        )  # fmt: skip

    def call(
        self, tool: str, arguments: Mapping[str, object] | None = None, *, key: str = "C-1", **more: Any
    ) -> Told:
        return calling.call(self.deployment, self.agent, key, tool, arguments or {}, **more)

    def result(self, what: object, *, key: str = "C-1") -> Told:
        return calling.result(self.deployment, self.agent, key, str(what))

    def end(self, answer: str = "", *, key: str = "C-1") -> Told:
        return calling.end(self.deployment, self.agent, key, answer)

    def steps(self, key: str = "C-1") -> list[str]:
        twin = self.released.digest if self.released.stage in SIMULATED else ""
        case = self.case(key, twin=twin)
        with self.store.read() as tx:
            return [step.name for step in self.store.cases.steps(tx, case.id, run=case.run)]

    def decide(self, verdict: Verdict, key: str = "C-1") -> None:
        """The open review of a case is answered by a reviewer."""
        review = next(one for one in self.reviews(key) if one.state == "open")
        decide_review(self.deployment, VERA, review.id, verdict, seen=review.proposal, reason="looked at")
