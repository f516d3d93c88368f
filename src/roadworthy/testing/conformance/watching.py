"""Lineage, figures and alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from roadworthy.alerting import Alert, AlertState, Mute, Severity
from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import ReviewState
from roadworthy.ports import Store
from roadworthy.ports.watching import Notice
from roadworthy.telemetry import Edge, Relation
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    a_case,
    a_review,
    a_step,
    an_effect,
    an_opening,
    id_at,
)


def an_edge(number: int = 1, **changes: Any) -> Edge:
    """Case 1 used a document."""
    edge = Edge(
        id_at(1), 1, 0, number, Relation.USED, f"document:d{number}.md", "step:0", f"sha256:{number}", AT
    )
    return replace(edge, **changes)


def an_alert(number: int = 1, **changes: Any) -> Alert:
    """One that fires."""
    alert = Alert(
        id=id_at(number), key=f"budget.spent/support/{number}", rule="budget.spent", severity=Severity.PAGE,
        use_case="support", summary="100 % of the budget", owner="business", runbook="docs", action="stop",
        cases=(id_at(8), id_at(9)), state=AlertState.FIRING, since=AT + timedelta(minutes=number), seen_at=AT,
    )  # fmt: skip
    return replace(alert, **changes)


def a_notice(number: int = 1, **changes: Any) -> Notice:
    """One that waits."""
    notice = Notice(id_at(number), id_at(1), "ops", AlertState.FIRING, 0, AT, None, "")
    return replace(notice, **changes)


class WatchingConformance:
    """What ``LineageStore``, ``Observations`` and ``Alerts`` promise."""

    def test_edges_are_found_from_both_ends(self, store: Store) -> None:
        other = an_edge(1, case=id_at(2), digest="sha256:new")
        with store.write() as tx:
            store.lineage.add(tx, [an_edge(1), an_edge(2), other])
            store.lineage.add(tx, [an_edge(1, digest="sha256:again")])
            store.lineage.add(tx, [])
        with store.read() as tx:
            assert store.lineage.of_case(tx, id_at(1)) == (an_edge(1), an_edge(2))
            assert store.lineage.uses(tx, source="document:d1.md").rows == (other, an_edge(1))
            assert store.lineage.uses(tx, source="document:d1.md", digest="sha256:new").rows == (other,)
            assert store.lineage.uses(tx, digest="sha256:2").rows == (an_edge(2),)
            assert store.lineage.uses(tx, source="document:d").rows == ()

    def test_uses_are_paged_without_gaps_or_repeats(self, store: Store) -> None:
        edges = [an_edge(place, case=id_at(case), source="document:x", digest="sha256:x")
                 for case in range(1, 5) for place in range(3)]  # fmt: skip
        with store.write() as tx:
            store.lineage.add(tx, edges)
        seen: list[Edge] = []
        after = ""
        with store.read() as tx:
            while True:
                page = store.lineage.uses(tx, source="document:x", after=after, limit=5)
                seen += page.rows
                after = page.after
                if not after:
                    break
        assert seen == sorted(edges, key=lambda edge: (edge.case, edge.place), reverse=True)

    def test_edges_of_an_erased_subject_and_of_an_erased_document_are_gone(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(1, subject="s_a"))
            store.cases.add(tx, a_case(2, subject="s_b"))
            store.lineage.add(tx, [an_edge(1), an_edge(1, case=id_at(2)), an_edge(3, case=id_at(2))])
            assert store.lineage.forget(tx, subject="s_a") == 1
            assert store.lineage.forget(tx, sources=["document:d3.md", "document:none"]) == 1
        with store.read() as tx:
            assert store.lineage.of_case(tx, id_at(1)) == ()
            assert store.lineage.of_case(tx, id_at(2)) == (an_edge(1, case=id_at(2)),)

    def test_a_feed_is_moved_by_one_of_two(self, store: Store) -> None:
        with store.write() as tx:
            assert store.observed.position(tx, "f") is None
            assert store.observed.newest(tx) == 0
            assert store.observed.move(tx, "f", before=None, to=5, at=AT)
            assert not store.observed.move(tx, "f", before=None, to=6, at=AT)
            assert not store.observed.move(tx, "f", before=4, to=6, at=AT)
            assert store.observed.move(tx, "f", before=5, to=7, at=AT)
            assert store.observed.position(tx, "f") == (7, AT)

    def test_figures_add_up(self, store: Store) -> None:
        with store.write() as tx:
            store.observed.count(tx, {("a", ("x", 'ü/"')): 2, ("a", ()): 2**40})
            store.observed.count(tx, {("a", ("x", 'ü/"')): 3})
            store.observed.count(tx, {})
        with store.read() as tx:
            assert store.observed.tallies(tx) == {("a", ("x", 'ü/"')): 5, ("a", ()): 2**40}

    def test_the_facts_of_cases_come_together(self, store: Store) -> None:
        opened_at = AT - timedelta(seconds=2)
        with store.write() as tx:
            store.cases.add(tx, a_case(1))
            store.cases.add(tx, a_case(2))
            store.cases.open_step(tx, an_opening(0, opened_at=opened_at))
            store.cases.record_step(tx, a_step(0))
            store.cases.record_step(tx, a_step(1))
            store.cases.open_step(tx, an_opening(2))
            store.effects.add(tx, an_effect(3))
            store.reviews.add(tx, a_review(4))
            store.lineage.add(tx, [an_edge()])
        with store.read() as tx:
            found = store.observed.facts(tx, [id_at(1), id_at(2), id_at(1), "none"])
            assert store.observed.facts(tx, []) == {}
        assert set(found) == {id_at(1), id_at(2)}
        one = found[id_at(1)]
        assert [(step.ordinal, step.began_at) for step in one.steps] == [(0, opened_at), (1, None)]
        assert (one.effects, one.reviews, one.edges) == ((an_effect(3),), (a_review(4),), (an_edge(),))
        assert found[id_at(2)].steps == ()

    def test_what_waits_is_counted_with_its_oldest(self, store: Store) -> None:
        with store.write() as tx:
            for number in (1, 2, 3):
                store.cases.add(tx, a_case(number))
            store.cases.add(tx, a_case(4, state=State.CLOSED))
            store.effects.add(tx, an_effect(5, state=EffectState.UNKNOWN))
            store.effects.add(tx, an_effect(6, state=EffectState.CONFIRMED))
            store.reviews.add(tx, a_review(7))
            store.reviews.add(tx, a_review(8, due_at=AT + timedelta(hours=9)))
            store.reviews.add(tx, a_review(9, state=ReviewState.DECIDED))
        with store.read() as tx:
            (cases,) = store.observed.cases(tx)
            assert cases.labels == ("support", RELEASE, "canary", "open")
            assert (cases.count, cases.oldest) == (3, a_case(1).created_at)
            assert cases.cases == (id_at(1), id_at(2), id_at(3))
            (effects,) = store.observed.effects(tx)
            assert (effects.labels, effects.count) == (("support", "unknown"), 1)
            (reviews,) = store.observed.reviews(tx)
            assert (reviews.count, reviews.oldest) == (2, AT)
            (overdue,) = store.observed.reviews(tx, due_before=AT + timedelta(hours=5))
            assert (overdue.labels, overdue.count) == (("support",), 1)
            assert overdue.oldest == AT + timedelta(hours=4)

    def test_of_two_alerts_with_one_key_one_fires(self, store: Store) -> None:
        with store.write() as tx:
            assert store.alerts.add(tx, an_alert(1))
            assert not store.alerts.add(tx, an_alert(2, key=an_alert(1).key))
            assert store.alerts.add(tx, an_alert(3, use_case=""))
            assert store.alerts.firing(tx) == (an_alert(1), an_alert(3, use_case=""))
            resolved = an_alert(1, state=AlertState.RESOLVED, resolved_at=AT + timedelta(hours=1))
            store.alerts.save(tx, resolved)
            assert store.alerts.get(tx, id_at(1)) == resolved
            assert store.alerts.get(tx, "none") is None
            assert store.alerts.add(tx, an_alert(4, key=an_alert(1).key))
        with store.read() as tx:
            assert [one.id for one in store.alerts.firing(tx)] == [id_at(3), id_at(4)]
            assert [one.id for one in store.alerts.list(tx).rows] == [id_at(4), id_at(3), id_at(1)]
            assert [one.id for one in store.alerts.list(tx, use_case="support").rows] == [
                id_at(4),
                id_at(1),
            ]
            page = store.alerts.list(tx, limit=1)
            assert [one.id for one in store.alerts.list(tx, after=page.after).rows] == [id_at(3), id_at(1)]

    def test_alerts_of_a_period_are_those_that_fired_in_it(self, store: Store) -> None:
        with store.write() as tx:
            ended = AT + timedelta(minutes=5)
            store.alerts.add(tx, an_alert(1, state=AlertState.RESOLVED, resolved_at=ended))
            store.alerts.add(tx, an_alert(60))
        with store.read() as tx:
            early = store.alerts.between(tx, AT, AT + timedelta(minutes=2))
            late = store.alerts.between(tx, AT + timedelta(minutes=10), AT + timedelta(hours=2))
        assert [one.id for one in early] == [id_at(1)]
        assert [one.id for one in late] == [id_at(60)]

    def test_a_notice_is_taken_by_one_and_comes_back_when_it_failed(self, store: Store) -> None:
        soon, later = AT + timedelta(seconds=30), AT + timedelta(seconds=60)
        with store.write() as tx:
            assert store.alerts.tell(tx, a_notice())
            assert not store.alerts.tell(tx, a_notice(2))
            (due,) = store.alerts.due(tx, AT)
            assert due == a_notice()
            assert store.alerts.claim(tx, due, until=soon)
            assert not store.alerts.claim(tx, due, until=soon)
            assert store.alerts.due(tx, AT) == ()
            store.alerts.failed(tx, due.id, problem="RW-ALERT-010", again_at=later)
            assert store.alerts.due(tx, soon) == ()
            (again,) = store.alerts.due(tx, later)
            assert (again.attempts, again.problem) == (1, "RW-ALERT-010")
            assert store.alerts.claim(tx, again, until=later + timedelta(seconds=1))
            store.alerts.sent(tx, again.id, at=later)
            assert store.alerts.due(tx, later + timedelta(days=1)) == ()

    def test_a_notice_that_was_sent_is_told_again_under_its_id(self, store: Store) -> None:
        with store.write() as tx:
            store.alerts.tell(tx, a_notice())
            store.alerts.sent(tx, id_at(1), at=AT)
            assert store.alerts.tell(tx, a_notice(2, due_at=AT + timedelta(minutes=1)))
            store.alerts.tell(tx, a_notice(3, state=AlertState.RESOLVED))
            told = store.alerts.notices(tx, id_at(1))
            assert store.alerts.notices(tx, "other", id_at(1)) == told
            assert store.alerts.notices(tx) == ()
        assert [(one.id, one.state, one.sent_at) for one in told] == [
            (id_at(1), AlertState.FIRING, None),
            (id_at(3), AlertState.RESOLVED, None),
        ]

    def test_a_mute_ends_and_the_newest_of_a_key_stands(self, store: Store) -> None:
        first = Mute("budget.spent/support/1", "support", AT + timedelta(hours=1), "olga", AT, "known")
        again = replace(first, until=AT + timedelta(hours=2), reason="it takes longer: ü'\"")
        with store.write() as tx:
            store.alerts.mute(tx, first)
            store.alerts.mute(tx, again)
            store.alerts.mute(tx, replace(first, key="other", until=AT))
            assert store.alerts.mutes(tx, AT) == {first.key: again}
            assert store.alerts.mutes(tx, AT + timedelta(hours=2)) == {}
            assert store.alerts.unmute(tx, first.key)
            assert not store.alerts.unmute(tx, first.key)
            assert store.alerts.mutes(tx, AT) == {}
