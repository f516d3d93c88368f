"""The page of one case and of the list: what every door tells, with what a person can do and look at besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from roadworthy.casework.case import CaseRecord, State
from roadworthy.errors import RoadworthyError
from roadworthy.operate import casefiles, errands
from roadworthy.operate.explain import explain
from roadworthy.operate.policies.explaining import explain_effects
from roadworthy.operate.sentences import sentence
from roadworthy.operate.watching import counting
from roadworthy.operate.watching.lineage import decisions_that_used, lineage_of_case
from roadworthy.ports import Transaction
from roadworthy.principal import allows
from roadworthy.release import short
from roadworthy.server.asking import Ask
from roadworthy.server.views import cases as listing
from roadworthy.server.views.shared import plain
from roadworthy.stage import Stage

KEPT: Final = ("use_case", "state", "stage", "release", "flagged")
"""Filters of the list that go along from case to case."""
FILTERS: Final = (*KEPT, "after", "limit")
CASE_FILTERS: Final = (*KEPT, "tab", "steps", "source", "after")
TABS: Final = {
    "": "Decision",
    "timeline": "Timeline",
    "calls": "Model calls",
    "lineage": "Lineage",
    "proof": "Ledger proof",
    "json": "JSON",
}


def cases_page(ask: Ask) -> dict[str, Any]:
    """The list with its filters, how many cases there are, and the flags of those shown."""
    told = listing.cases(ask)
    ids = [one["id"] for one in told["cases"]]
    store = ask.deployment.store
    with store.read() as tx:
        flags = store.flags.of(tx, ids)
        tallies = store.observed.tallies(tx)
        position = store.observed.position(tx, counting.FEED)
        behind = max(0, store.observed.newest(tx) - (position[0] if position else 0))
        rollouts = store.releases.rollouts(tx, sorted({one["use_case"] for one in told["cases"]}))
    names = {
        (each.use_case, short(each.digest)): each.name
        for rollout in rollouts.values()
        for each in rollout.releases
    }
    for one in told["cases"]:
        one["release_name"] = names.get((one["use_case"], one["release"]), "")
        flag = flags.get(one["id"])
        one["flag"] = flag.reason if flag else ""
    kept = {name: ask.query[name] for name in KEPT if ask.query.get(name)}
    counted: dict[str, int] = {"accepted": 0, "automatic": 0, "person": 0, "nobody": 0}
    for (name, labels), value in tallies.items():
        if name in {"accepted", "closed"} and (not ask.use_case or labels[0] == ask.use_case):
            counted["accepted" if name == "accepted" else labels[3]] += value
    ended = counted["automatic"] + counted["person"] + counted["nobody"]
    return {
        **told,
        "filters": {**told["filters"], "flagged": ask.query.get("flagged", "")},
        "kept": urlencode(kept),
        "counted": {**counted, "going": max(counted["accepted"] - ended, 0)},
        "behind": behind,
    }


def case_page(ask: Ask) -> dict[str, Any]:
    """One case: the sentence, its parts or one of the tabs, what may be done, and its neighbours in the list."""
    told = listing.case(ask)
    tab = ask.query.get("tab", "")
    tab = tab if tab in TABS else ""
    store, principal = ask.deployment.store, ask.principal
    case = casefiles.find_record(ask.deployment, principal, told["case"]["id"])
    kept = {name: ask.query[name] for name in KEPT if ask.query.get(name)}
    with store.read() as tx:
        relatives = casefiles.relatives(ask.deployment, tx, case)
        flag = store.flags.of(tx, [case.id]).get(case.id)
        newer, older = _beside(ask, tx, case)
        rollout = store.releases.rollout(tx, case.use_case).releases
        suites = sorted({one.suite for one in store.evaluations.references(tx, case.use_case)})
        times = casefiles.timeline(ask.deployment, tx, case)
        calls = casefiles.calls(ask.deployment, tx, case) if tab == "calls" else []
        erased = bool(store and ask.deployment.vault.erased(tx, [case.subject])) if case.subject else False
    live = _live(ask, relatives["live"]) if relatives["live"] is not None else None
    seconds = {(row["run"], row["ordinal"]): row["seconds"] for row in times if row["kind"] == "step"}
    for step in told["steps"]:
        step["seconds"] = seconds.get((case.run, step["ordinal"]))
    page = {
        **told,
        "sentence": sentence(told, live=live),
        "really": {"id": live["case"]["id"], "sentence": sentence(live)} if live else None,
        "tab": tab,
        "tabs": [{"name": name, "label": label} for name, label in TABS.items()],
        "full": ask.query.get("steps") == "full",
        "kept": kept,
        "newer": newer,
        "older": older,
        "flag": {"reason": flag.reason, "by": flag.by, "at": flag.at.isoformat()} if flag else None,
        "erased": erased,
        "watching": relatives["watching"],
        "replays": relatives["replays"],
        "replaying": _replaying(ask, case),
        "releases": [{"name": one.name, "stage": one.stage, "short": short(one.digest)} for one in rollout],
        "suites": suites,
        "times": times,
        "calls": calls,
        "rules": _rules(ask, case) if tab == "" and ask.query.get("steps") == "full" else [],
        "lineage": _lineage(ask, case) if tab == "lineage" else None,
        "proofs": {},
        "why_not_proved": "",
        "may": _may(ask, case),
    }
    if tab == "proof":
        page["proofs"], page["why_not_proved"] = casefiles.proofs(ask.deployment, principal, told["ledger"])
    return plain(page)  # type: ignore[no-any-return]


def replay_name(case: str) -> str:
    """The errand that replays this case."""
    return f"replay:{case}"


def _replaying(ask: Ask, case: CaseRecord) -> dict[str, Any] | None:
    errand = errands.look(ask.deployment, replay_name(case.id))
    return errand.as_json() if errand else None


def _beside(ask: Ask, tx: Transaction, case: CaseRecord) -> tuple[str, str]:
    query, store = ask.query, ask.deployment.store
    state, stage = query.get("state", ""), query.get("stage", "")
    release = query.get("release", "")
    if release and ask.use_case:
        try:
            release = store.releases.rollout(tx, ask.use_case).named(release).digest
        except RoadworthyError:
            release = ""
    return store.cases.beside(
        tx,
        case.id,
        ask.use_case,
        state=State(state) if state in set(State) else None,
        stage=Stage(stage) if stage in set(Stage) else None,
        release=release,
        flagged=query.get("flagged") == "yes",
    )


def _live(ask: Ask, record: CaseRecord) -> dict[str, Any]:
    return explain(ask.deployment, ask.principal, record.id, use_case=record.use_case)


def _rules(ask: Ask, case: CaseRecord) -> list[dict[str, object]]:
    """The rules behind each effect, as policies say them now; none where they cannot be asked any more."""
    try:
        found = explain_effects(ask.deployment, ask.principal, case.id, use_case=case.use_case)
    except RoadworthyError:
        return []
    return [one.as_json() for one in found]


def _lineage(ask: Ask, case: CaseRecord) -> dict[str, Any]:
    found = lineage_of_case(ask.deployment, ask.principal, case.id, use_case=case.use_case)
    source = ask.query.get("source", "")
    uses = None
    if source:
        kind, _, name = source.partition(":")
        try:
            uses = decisions_that_used(
                ask.deployment, ask.principal, name, kind=kind, after=ask.query.get("after", "")
            )
        except RoadworthyError as problem:
            uses = {"kind": kind, "name": name, "uses": [], "after": "", "problem": problem.message}
    return {"edges": found["edges"], "source": source, "uses": uses}


def _may(ask: Ask, case: CaseRecord) -> Mapping[str, bool]:
    """What whoever asks may ask for here. The verbs refuse anyway."""

    def may(verb: str) -> bool:
        return allows(ask.principal, verb, use_case=case.use_case)

    return {
        "content": may("case.read_content"),
        "replay": may("measure") and not case.twin,
        "undo": may("effect.release"),
        "test": may("case.read_content") and not case.twin,
        "erase": may("subject.erase"),
        "verify": may("ledger.verify"),
        "open_reviews": may("review.read"),
    }
