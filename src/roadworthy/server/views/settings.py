"""How the installation is set up: people, keys, models and prices, who is told, what is kept, and what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError
from roadworthy.ledger import decode
from roadworthy.operate import access, errands
from roadworthy.operate.auditing import VERIFIED
from roadworthy.operate.keys import list_keys, who_is_here
from roadworthy.operate.modelcalls.callers import keys_of
from roadworthy.operate.preferring import preferences
from roadworthy.operate.touring import has_tour
from roadworthy.ports import Credential
from roadworthy.ports.ledgers import Wanted
from roadworthy.principal import Kind, Principal, Role, allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import paged
from roadworthy.server.views import setting_up
from roadworthy.server.views.premises import charters_of, last_restore, models_of, told_of_receivers
from roadworthy.server.views.shared import plain, visible_use_cases
from roadworthy.stage import ROAD

FILTERS: Final = ("account", "after", "limit", "keys_after", "gateway_after")
MOST_USE_CASES: Final = 50
"""Use cases whose charters are read for one page."""
KEYS_A_PAGE: Final = 25
RECEIVERS_ERRAND: Final = "try receivers"


def settings(ask: Ask) -> dict[str, Any]:
    """Everything about the set-up that this principal may see; what it may not is null, and the page says why.

    ``account`` is one to look at more closely; ``after``, ``keys_after`` and ``gateway_after`` go on in the lists of
    accounts and keys. No secret is ever part of it: of each only its name and whether it is there.
    Errors: ``NotFound`` RW-ACCESS-011 for an account that is not there; ``InputProblem`` RW-SERVER-005.
    """
    require(ask.principal, "gate.read", use_case=ask.principal.use_case)
    administers = allows(ask.principal, "account.administer")
    with ask.deployment.store.read() as tx:
        names = visible_use_cases(ask, tx, "gate.read")
        known = ask.deployment.store.releases.use_cases(tx)
        demo = has_tour(ask.deployment, tx)
    people = who_is_here(ask.deployment, ask.principal)
    shown, after = paged(ask, people, lambda one: one[0].id)
    charters = charters_of(ask, names[:MOST_USE_CASES])
    models = models_of(ask, charters)
    receivers = told_of_receivers(ask.place)
    restored = last_restore(ask, names[:MOST_USE_CASES])
    page: dict[str, Any] = {
        "administers": administers,
        "people": [_person(one, has_mail, ask.principal) for one, has_mail in shown],
        "after": after,
        "known_people": len(people),
        "account": _chosen(ask, people),
        "roles": list(Role),
        "kinds": list(Kind),
        "keys": _api_keys(ask) if administers else None,
        "gateway_keys": _gateway_keys(ask),
        "may_issue_gateway": allows(ask.principal, "gateway.key", use_case=ask.principal.use_case),
        "stages": list(ROAD),
        "lifetimes": {kind: access.LIFETIME[kind].days for kind in (access.KEY, access.GATEWAY)},
        "holders": [one.id for one, _ in people if _may_hold(one, ask.principal)],
        "use_cases": list(names),
        "known_use_cases": len(known),
        "read_use_cases": min(len(names), MOST_USE_CASES),
        "models": models,
        "prices": _prices(ask, models),
        "retention": _retention(charters),
        "erased": _last(ask, "subject.erased"),
        "restored": restored,
        "verified": _last(ask, VERIFIED),
        "receivers": receivers | {"tried": _errand(ask, RECEIVERS_ERRAND)},
        "may_try_receivers": administers and allows(ask.principal, "measure"),
        "about": {"version": version("roadworthy"), "account": ask.principal.id},
        "checks": setting_up.checks(ask) if administers else None,
        "steps": setting_up.steps(ask, people=[one for one, _ in people], releases=known, models=models,
                                  receivers=receivers, restored=restored),
        "tour": {"possible": demo, **preferences(ask.deployment, ask.principal)} if demo else None,
    }  # fmt: skip
    missing = sum(not step["done"] for step in page["steps"])
    return plain({**page, "missing": missing})  # type: ignore[no-any-return]


def _person(one: Principal, has_mail: bool, me: Principal) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "roles": sorted(one.roles),
        "demo": one.demo,
        "disabled": one.disabled,
        "mail": has_mail,
        "use_case": one.use_case,
        "you": one.id == me.id,
    }


def _may_hold(one: Principal, me: Principal) -> bool:
    """Whether a key may be made for this account here: a person makes their own."""
    return not one.disabled and (one.kind is not Kind.PERSON or one.id == me.id)


def _chosen(ask: Ask, people: Sequence[tuple[Principal, bool]]) -> dict[str, Any] | None:
    """The account that the address names."""
    wanted = ask.query.get("account", "")
    if not wanted:
        return None
    found = next((one for one in people if one[0].id == wanted), None)
    if found is None:
        raise NotFound("RW-ACCESS-011", Problem(f"no account `{wanted[:100]}`"))
    return _person(*found, ask.principal)


def _api_keys(ask: Ask) -> dict[str, Any]:
    after = ask.query.get("keys_after", "")
    found = list_keys(ask.deployment, ask.principal, after=after, limit=KEYS_A_PAGE)
    return {"rows": [_key(ask, one) for one in found.rows], "after": found.after}


def _gateway_keys(ask: Ask) -> dict[str, Any] | None:
    bound = ask.principal.use_case
    if not allows(ask.principal, "gateway.key", use_case=bound):
        return None
    found = keys_of(
        ask.deployment, ask.principal, bound, after=ask.query.get("gateway_after", ""), limit=KEYS_A_PAGE
    )
    now = ask.deployment.now()
    rows = [{**one.as_json(), "expired": one.expires_at <= now} for one in found.rows]
    return {"rows": rows, "after": found.after}


def _key(ask: Ask, one: Credential) -> dict[str, Any]:
    return {
        "id": one.id,
        "principal": one.principal,
        "use_case": one.use_case,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "expired": one.expires_at <= ask.deployment.now(),
    }


def _errand(ask: Ask, name: str) -> dict[str, Any] | None:
    found = errands.look(ask.deployment, name)
    return None if found is None else {**found.as_json(), "result": found.result}


def _prices(ask: Ask, models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    from roadworthy.wiring.costs import price_list
    from roadworthy.wiring.prices import PRICE_FILE, price_file

    rate, stated, problem = "", 0, ""
    if ask.place is not None:
        try:
            overlay = price_file(ask.place)
            rate, stated = overlay.dollar.words, len(overlay.models)
        except InputProblem as fault:
            problem = "; ".join(one.message for one in fault.problems)
    return {
        "list": price_list(),
        "file": PRICE_FILE,
        "rate": rate,
        "stated": stated,
        "problem": problem,
        "unpriced": sorted({one["model"] for one in models if not one["priced"]}),
    }


def _retention(charters: Sequence[tuple[str, Charter | None]]) -> list[dict[str, Any]]:
    return [
        {
            "use_case": name,
            "cases": str(charter.retention),
            "sources": [
                {"name": source, "personal": plan.personal, "kept": str(plan.retention or "")}
                for source, plan in charter.data.items()
                if plan.personal != "none"
            ],
        }
        for name, charter in charters
        if charter is not None
    ]


def _last(ask: Ask, kind: str) -> dict[str, Any] | None:
    """The newest event of a kind; None where there is none, or for whoever may not read the ledger."""
    if not allows(ask.principal, "ledger.verify"):
        return None
    with ask.deployment.store.read() as tx:
        found = ask.deployment.store.ledger_index.find(tx, Wanted(kinds=(kind,)), limit=1)
    try:
        events = [decode(entry.event) for entry in found.entries]
    except RoadworthyError:
        return None  # the page of the ledger says what is wrong with it
    return (
        {"at": events[0].at.isoformat(), "by": events[0].actor, **_sound(events[0].data)}
        if events
        else None
    )


def _sound(data: Any) -> dict[str, Any]:
    return {"holds": data["holds"]} if "holds" in data else {}
