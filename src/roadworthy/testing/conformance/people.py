"""People, switches and replies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from roadworthy.errors import Conflict
from roadworthy.ports import Store, Transaction
from roadworthy.ports.inbox import Reminder
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Digest, digest
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    a_credential,
    a_stop,
    begin_and_roll_back,
    id_at,
)

OTTO = Principal("otto", "Otto Maß", Kind.PERSON, frozenset({Role.OWNER, Role.REVIEWER}), demo=True)
ROBOT = Principal("robot", "", Kind.AGENT, frozenset(), disabled=True, use_case="support")


class PeopleConformance:
    """What ``People``, ``Switches`` and ``Replies`` promise."""

    def test_a_principal_comes_back_as_it_was_stored(self, store: Store) -> None:
        with store.write() as tx:
            assert store.people.add(tx, ROBOT)
            assert store.people.add(tx, OTTO, password_hash="$argon2id$x")  # noqa: S106 - an example
        with store.read() as tx:
            assert store.people.get(tx, "otto") == OTTO
            assert store.people.get(tx, "robot") == ROBOT
            assert store.people.get(tx, "nobody") is None
            assert store.people.all(tx) == (OTTO, ROBOT)
            assert store.people.all(tx, limit=1) == (OTTO,)
            hashes = [store.people.password_hash(tx, name) for name in ("otto", "robot", "nobody")]
        assert hashes == ["$argon2id$x", "", ""]

    def test_an_id_belongs_to_who_took_it_first(self, store: Store) -> None:
        with store.write() as tx:
            assert store.people.add(tx, OTTO)
            assert not store.people.add(tx, replace(OTTO, name="Mallory"), password_hash="y")  # noqa: S106
            assert store.people.get(tx, "otto") == OTTO
            assert store.people.password_hash(tx, "otto") == ""

    def test_what_an_account_is_trusted_with_changes_and_nothing_else(self, store: Store) -> None:
        changed = replace(OTTO, roles=frozenset({Role.AUDITOR}), disabled=True)
        with store.write() as tx:
            store.people.add(tx, OTTO, password_hash="$argon2id$x")  # noqa: S106 - an example
            store.people.hold(tx)
            assert store.people.set_trust(tx, replace(changed, name="Mallory", demo=False))
            assert not store.people.set_trust(tx, replace(changed, id="nobody"))
        with store.read() as tx:
            assert store.people.get(tx, "otto") == changed
            assert store.people.password_hash(tx, "otto") == "$argon2id$x"

    def test_what_somebody_prefers_is_kept_for_them_alone(self, store: Store) -> None:
        with store.write() as tx:
            store.people.set_preference(tx, "otto", "theme", "light")
            store.people.set_preference(tx, "otto", "theme", "dark")
            store.people.set_preference(tx, "otto", "keys", "off")
            store.people.set_preference(tx, "robot", "keys", "off")
            store.people.set_preference(tx, "otto", "keys", "")
            store.people.set_preference(tx, "otto", "tour", "")
        with store.read() as tx:
            assert store.people.preferences(tx, "otto") == {"theme": "dark"}
            assert store.people.preferences(tx, "robot") == {"keys": "off"}
            assert store.people.preferences(tx, "nobody") == {}

    def test_an_address_is_kept_beside_the_account(self, store: Store) -> None:
        with store.write() as tx:
            store.people.add(tx, OTTO)
            assert store.people.emails(tx) == {}
            assert store.people.set_email(tx, "otto", "otto@example.com")
            assert not store.people.set_email(tx, "nobody", "x@example.com")
            assert store.people.emails(tx) == {"otto": "otto@example.com"}
            assert store.people.set_email(tx, "otto", "")
        with store.read() as tx:
            assert store.people.emails(tx) == {}
            assert store.people.get(tx, "otto") == OTTO

    def test_a_reminder_is_taken_by_one_and_not_before_it_is_due(self, store: Store) -> None:
        later = AT + timedelta(minutes=1)
        with store.write() as tx:
            assert store.inbox.claim_reminder(tx, "otto", now=AT, until=later)
            assert not store.inbox.claim_reminder(tx, "otto", now=AT, until=later)
            failed = Reminder("otto", later, None, 1, "RW-ALERT-010")
            store.inbox.keep_reminder(tx, failed)
            assert store.inbox.reminders(tx) == {"otto": failed}
            assert store.inbox.claim_reminder(tx, "otto", now=later, until=later + timedelta(hours=1))
            assert store.inbox.reminders(tx)["otto"].problem == "RW-ALERT-010"

    def test_a_credential_is_spent_once(self, store: Store) -> None:
        session = a_credential(kind="session", release=RELEASE, stage="canary")
        with store.write() as tx:
            store.people.add_credential(tx, a_credential())
            store.people.add_credential(tx, session)
            assert store.people.credential(tx, "link", a_credential().id) == a_credential()
            assert store.people.spend_credential(tx, "link", a_credential().id)
            assert not store.people.spend_credential(tx, "link", a_credential().id)
        with store.read() as tx:
            assert store.people.credential(tx, "link", a_credential().id) is None
            assert store.people.credential(tx, "session", a_credential().id) == session

    def test_credentials_of_a_kind_are_listed_page_by_page(self, store: Store) -> None:
        kept = [a_credential(id=f"k{number}", kind="gateway", use_case="desk") for number in range(3)]
        with store.write() as tx:
            for one in (*kept, a_credential(), a_credential(id="other", kind="gateway", use_case="shop")):
                store.people.add_credential(tx, one)
        with store.read() as tx:
            first = store.people.credentials(tx, "gateway", use_case="desk", limit=2)
            rest = store.people.credentials(tx, "gateway", use_case="desk", after=first.after, limit=2)
            assert [*first.rows, *rest.rows] == kept
            assert rest.after == ""
            assert len(store.people.credentials(tx, "gateway").rows) == 4

    def test_two_credentials_never_share_an_id(self, store: Store) -> None:
        with store.write() as tx:
            store.people.add_credential(tx, a_credential())
        with pytest.raises(Conflict), store.write() as tx:
            store.people.add_credential(tx, a_credential(principal="mallory"))

    def test_stops_are_active_until_they_are_lifted(self, store: Store) -> None:
        later = AT + timedelta(hours=1)
        with store.write() as tx:
            for number in (2, 1, 3):
                store.switches.add(tx, a_stop(number))
            assert store.switches.lift(tx, id_at(1), by="rita", at=later)
            assert not store.switches.lift(tx, id_at(1), by="eve", at=later)
            assert not store.switches.lift(tx, id_at(9), by="eve", at=later)
        with store.read() as tx:
            assert store.switches.active(tx) == (a_stop(2), a_stop(3))
            assert store.switches.get(tx, id_at(1)) == a_stop(1, resumed_by="rita", resumed_at=later)
            assert store.switches.get(tx, id_at(9)) is None

    def test_all_stops_are_listed_page_by_page_with_the_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 1, 3):
                store.switches.add(tx, a_stop(number))
            store.switches.lift(tx, id_at(2), by="rita", at=AT)
        with store.read() as tx:
            first = store.switches.history(tx, limit=2)
            rest = store.switches.history(tx, after=first.after, limit=2)
        assert [one.id for one in (*first.rows, *rest.rows)] == [id_at(3), id_at(2), id_at(1)]
        assert (first.rows[1].resumed_by, rest.after) == ("rita", "")

    def test_workers_say_which_stop_they_obey(self, store: Store) -> None:
        with store.write() as tx:
            store.switches.acknowledge(tx, "worker-2", seen="", at=AT)
            store.switches.acknowledge(tx, "worker-1", seen=id_at(1), at=AT)
            store.switches.acknowledge(tx, "worker-2", seen=id_at(2), at=AT + timedelta(seconds=1))
        with store.read() as tx:
            assert store.switches.acknowledgements(tx) == {
                "worker-1": (id_at(1), AT),
                "worker-2": (id_at(2), AT + timedelta(seconds=1)),
            }

    def test_the_first_word_of_a_worker_on_a_stop_stays(self, store: Store) -> None:
        with store.write() as tx:
            store.switches.obey(tx, "worker-2", {id_at(1), id_at(2)}, at=AT + timedelta(seconds=1))
            store.switches.obey(tx, "worker-1", [id_at(1)], at=AT + timedelta(seconds=2))
            store.switches.obey(tx, "worker-2", [id_at(1)], at=AT + timedelta(seconds=9))
            store.switches.obey(tx, "worker-3", [], at=AT)
        with store.read() as tx:
            assert list(store.switches.obeyed(tx, id_at(1)).items()) == [
                ("worker-2", AT + timedelta(seconds=1)),
                ("worker-1", AT + timedelta(seconds=2)),
            ]
            assert store.switches.obeyed(tx, id_at(2)) == {"worker-2": AT + timedelta(seconds=1)}
            assert store.switches.obeyed(tx, id_at(3)) == {}

    def test_a_reply_is_remembered_by_scope_and_key(self, store: Store) -> None:
        with store.write() as tx:
            store.replies.remember(tx, "otto POST /cases", "k", digest(b"body"), 201, '{"id": "ü"}', AT)
            assert store.replies.recall(tx, "otto POST /cases", "k") == (
                digest(b"body"),
                201,
                '{"id": "ü"}',
            )
            assert store.replies.recall(tx, "otto POST /cases", "other") is None
            assert store.replies.recall(tx, "rita POST /cases", "k") is None

    def test_a_request_that_was_answered_meanwhile_is_rolled_back(self, store: Store) -> None:
        with store.write() as tx:
            store.replies.remember(tx, "s", "k", digest(b"body"), 201, "first", AT)

        def answer_again(tx: Transaction) -> None:
            store.people.add(tx, OTTO)
            store.replies.remember(tx, "s", "k", digest(b"body"), 201, "second", AT)

        with pytest.raises(Conflict) as caught:
            begin_and_roll_back(store, answer_again)
        assert caught.value.code == "RW-STORE-001"
        with store.read() as tx:
            assert store.replies.recall(tx, "s", "k") == (digest(b"body"), 201, "first")
            assert store.people.get(tx, "otto") is None

    def test_a_key_is_claimed_once_and_answered_by_whoever_claimed_it(self, store: Store) -> None:
        def claim(owner: str, at: datetime, body: bytes = b"body") -> tuple[Digest, int, str] | None:
            with store.write() as tx:
                return store.replies.claim(
                    tx, "s", "k", digest(body), owner, at, dead_before=at - timedelta(seconds=60)
                )

        assert claim("first", AT) is None
        with store.read() as tx:
            assert store.replies.recall(tx, "s", "k") is None
        assert claim("second", AT + timedelta(seconds=59)) == (digest(b"body"), 0, "first")
        assert claim("second", AT + timedelta(seconds=61), b"other") == (digest(b"body"), 0, "first")
        assert claim("second", AT + timedelta(seconds=61)) is None
        with store.write() as tx:
            store.replies.let_go(tx, "s", "k", "first")
            assert not store.replies.settle(tx, "s", "k", "first", 200, "late", AT)
            assert store.replies.settle(tx, "s", "k", "second", 200, "done", AT)
        assert claim("third", AT + timedelta(days=1)) == (digest(b"body"), 200, "done")
        with store.write() as tx:
            store.replies.let_go(tx, "s", "k", "second")
            assert store.replies.recall(tx, "s", "k") == (digest(b"body"), 200, "done")

    def test_a_claim_that_was_let_go_is_free(self, store: Store) -> None:
        for owner in ("first", "second"):
            with store.write() as tx:
                assert store.replies.claim(tx, "s", "k", digest(b"x"), owner, AT, dead_before=AT) is None
                store.replies.let_go(tx, "s", "k", owner)
