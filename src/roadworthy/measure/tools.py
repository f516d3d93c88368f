"""Whether tools still are what was promised: looked at now, and held back since a break."""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.casework.toolstate import Hold
from roadworthy.measure.fact import Fact
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.tools.keeping import look_at
from roadworthy.ports import LoadedRelease
from roadworthy.ports.tooling import Watched


def tool_facts(deployment: Deployment, release: LoadedRelease) -> Iterator[Fact]:
    """Per tool with a contract: 0 where it holds, 1 where it is broken or held back.

    Edge: nothing is said of a tool that does not answer, or of a read tool without a sample call: what nobody
    looked at is not counted as good. A write tool whose definition lies in the release cannot be looked at
    without an effect; it holds until an answer breaks it.
    """
    for name, (look, state) in look_at(deployment, release).items():
        held = state is not None and state.hold is not Hold.NONE
        connector = release.tools[name]
        assert isinstance(connector, Watched), "only those are looked at"
        if connector.can_be_probed and not look.answered and not held:
            continue
        if not connector.can_be_probed and not release.charter.tools[name].writes:
            continue
        broken = held or look.hold is not Hold.NONE
        yield Fact(
            kind="tool.contract",
            subject=name,
            value=1.0 if broken else 0.0,
            unit="breaks",
            n=1 if connector.can_be_probed else 0,
            method={"probe": "its sample call", "definition": "its definition"}.get(
                look.how, "answers of its calls"
            ),
            inputs=[name, release.charter.tools[name].options, release.charter.tools[name].answer],
            valid_days=1,
            of_release=True,
            detail={"reason": (state.reason if state is not None else "") or look.reason},
        )
