"""One review as a page shows it: what it takes to answer it, who has it, what others said, what goes together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from roadworthy.casework.review import ReviewState
from roadworthy.errors import Refused
from roadworthy.operate.reviews.bulk import alike
from roadworthy.server.asking import Ask
from roadworthy.server.views.inbox import goes_together, held, obligations, undo
from roadworthy.server.views.reviews import review
from roadworthy.server.views.shared import plain

FILTERS = ("alike",)


def review_page(ask: Ask) -> dict[str, Any]:
    """A review for somebody who is signed in. With ``alike=yes``: the others that ask the same, too."""
    return _page(ask, target=f"/reviews/{ask.path['id']}", by_link=False)


def linked_page(ask: Ask, review_id: str, token: str) -> dict[str, Any]:
    """A review for whoever holds its link: to be answered, and nothing beside that."""
    return _page(replace(ask, path={"id": review_id}), target=f"/r/{token}", by_link=True)


def _page(ask: Ask, *, target: str, by_link: bool) -> dict[str, Any]:
    shown = review(ask)
    store = ask.deployment.store
    with store.read() as tx:
        found = store.reviews.get(tx, ask.path["id"])
        assert found is not None, "the view above found it"
        holding = held(ask, tx, found)
        together = found.state is ReviewState.OPEN and not shown["blind"] and goes_together(ask, tx, found)
    others = []
    if together and ask.query.get("alike") and not by_link:
        try:
            others = [
                {"id": one.id, "proposal": one.proposal}
                for one in alike(ask.deployment, ask.principal, found.id)
            ]
        except Refused:
            together = False  # answered or changed meanwhile
    if holding["by"] and not holding["yours"] and shown["you_may_decide"]:
        shown |= {"you_may_decide": False, "why_not": f"{holding['by']} is on it"}
    if holding["is_over"] and shown["you_may_decide"]:
        shown |= {"you_may_decide": False, "why_not": "your claim is over: claim it again and look again"}
    if found.skill and shown["you_may_decide"] and not holding["may_claim"]:
        shown |= {"you_may_decide": False, "why_not": f"it waits for somebody who knows {found.skill}"}
    return plain(  # type: ignore[no-any-return]
        {
            **shown,
            "target": target,
            "by_link": by_link,
            "holding": holding,
            "obligations": [] if shown["blind"] else obligations(ask.deployment, found),
            "undo": undo(ask, found),
            "goes_together": together and shown["you_may_decide"],
            "alike": others,
        }
    )
