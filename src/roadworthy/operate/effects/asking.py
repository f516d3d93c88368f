"""Asking for an undo: somebody wants a sent effect taken back; another effect does that once a person approved it."""

from __future__ import annotations

from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import Review, ReviewKind
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.undoing import prepare_undo
from roadworthy.operate.jobs import open_review
from roadworthy.operate.words import check_words
from roadworthy.principal import Principal, require, require_person

_LONGEST_REASON = 500


def ask_undo(deployment: Deployment, principal: Principal, effect_id: str, *, reason: str) -> Review:
    """Propose to take a confirmed effect back, as a review that somebody else answers. Nothing leaves by this.

    Errors: ``NotFound`` RW-EFFECT-004; ``InputProblem`` RW-EFFECT-030 without a reason; ``Conflict`` RW-EFFECT-031
    for an effect that was not confirmed, has no undo that can be made up, or whose undo was asked for before.
    """
    check_words(_LONGEST_REASON, reason=reason)
    if not reason:
        raise InputProblem("RW-EFFECT-030", Problem("why is it to be taken back?", place="reason"))
    with deployment.store.write() as tx:
        effect = deployment.store.effects.get(tx, effect_id)
        case = deployment.store.cases.get(tx, effect.case) if effect else None
        if effect is None or case is None:
            raise NotFound("RW-EFFECT-004", f"no effect `{effect_id}`")
        require(principal, "effect.release", use_case=effect.use_case)
        require_person(principal, "asking for an undo")
        if effect.state is not EffectState.CONFIRMED:
            raise Conflict("RW-EFFECT-031", f"the effect is {effect.state}: there is nothing to take back")
        charter = deployment.loader.charter(effect.release)
        undo = prepare_undo(
            deployment, tx, case, charter, effect, because=f"{principal.id} asks for it: {reason}"
        )
        if undo is None:
            raise Conflict(
                "RW-EFFECT-031",
                "no undo can be made up of what is on record, or it was asked for before",
                hint="look at the case's reviews; take it back by hand where none is prepared",
            )
        return open_review(
            deployment,
            tx,
            case,
            charter,
            ReviewKind.CORRECTION,
            reasons=undo.reasons,
            effect=undo,
            besides=(principal.id,),
        )
