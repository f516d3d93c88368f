"""The vault: sealed, opened, erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.ports import Store, Vault
from roadworthy.testing.conformance.examples import AT, ChangeOfMind, begin_and_roll_back, id_at

VALUES: list[Any] = [
    None, True, 0, -1, 2**62, 0.1, "", "Grüße 😀\x00", [], {}, {"a": [1, {"b": None}]}, [[[]]], {"": ""},
]  # fmt: skip


class VaultConformance:
    """What ``Vault`` promises. ``open_vault`` gives another process's view of the same vault each time."""

    @pytest.fixture
    def vault(self, open_vault: Callable[[], Vault]) -> Vault:
        """The vault of one process."""
        return open_vault()

    @pytest.mark.parametrize("value", VALUES, ids=repr)
    def test_what_was_sealed_opens(self, store: Store, vault: Vault, value: Any) -> None:
        with store.write() as tx:
            sealed = vault.seal(tx, "s_a", value)
            assert vault.open(tx, sealed.id) == value
        with store.read() as tx:
            found = vault.open(tx, sealed.id)
        assert found == value
        assert type(found) is type(value)

    def test_what_is_written_as_json_opens_as_json(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            sealed = vault.seal(tx, "s_a", {"at": datetime(2026, 1, 2, tzinfo=UTC), "pair": (1, 2)})
            assert vault.open(tx, sealed.id) == {"at": "2026-01-02T00:00:00Z", "pair": [1, 2]}

    def test_ten_megabytes_open_again(self, store: Store, vault: Vault) -> None:
        value = {"text": "0123456789" * 1_000_000}
        with store.write() as tx:
            sealed = vault.seal(tx, "s_a", value)
        with store.read() as tx:
            assert vault.open(tx, sealed.id) == value

    def test_equal_values_are_not_recognised_by_their_ciphertext(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            one, other = vault.seal(tx, "s_a", "same"), vault.seal(tx, "s_a", "same")
        assert one.id != other.id
        assert one.digest != other.digest
        assert one.digest.startswith("sha256:")

    def test_an_unknown_payload_is_not_an_erased_one(self, store: Store, vault: Vault) -> None:
        with store.read() as tx, pytest.raises(NotFound) as caught:
            vault.open(tx, id_at(1))
        assert caught.value.code == "RW-VAULT-003"

    @pytest.mark.parametrize("value", [object(), b"\xff\xfe", "\ud800", {"a": {1, object()}}])
    def test_what_json_cannot_carry_is_refused(self, store: Store, vault: Vault, value: object) -> None:
        with store.write() as tx:
            for call in (vault.seal, vault.digest):
                with pytest.raises(InputProblem) as caught:
                    call(tx, "s_a", value)
                assert caught.value.code == "RW-VAULT-006"

    # ── digests ──

    def test_equal_values_of_a_subject_have_equal_digests(
        self, store: Store, open_vault: Callable[[], Vault]
    ) -> None:
        with store.write() as tx:
            first = open_vault().digest(tx, "s_a", {"a": 1, "b": [2.0, "ü"]})
        with store.write() as tx:
            again = open_vault().digest(tx, "s_a", {"b": [2, "ü"], "a": 1})
            other = open_vault().digest(tx, "s_b", {"a": 1, "b": [2.0, "ü"]})
            different = open_vault().digest(tx, "s_a", {"a": 1, "b": ["ü", 2.0]})
        assert first == again
        assert len({first, other, different}) == 3

    def test_a_digest_can_be_taken_while_reading(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            written = vault.digest(tx, "s_a", "x")
        with store.read() as tx:
            assert vault.digest(tx, "s_a", "x") == written
            with pytest.raises(Refused) as caught:
                vault.digest(tx, "s_b", "x")
        assert caught.value.code == "RW-VAULT-001"

    def test_numbers_that_are_no_json_have_no_digest(self, store: Store, vault: Vault) -> None:
        for value in (float("nan"), float("inf"), 2**60):
            with store.write() as tx, pytest.raises(InputProblem) as caught:
                vault.digest(tx, "s_a", value)
            assert caught.value.code == "RW-VAULT-006"

    # ── pseudonyms ──

    def test_a_pseudonym_is_stable_and_tells_nothing(self, vault: Vault) -> None:
        name = vault.pseudonym("anna@example.org")
        assert name == vault.pseudonym("anna@example.org")
        assert name != vault.pseudonym("anne@example.org")
        assert name.startswith("s_")
        assert "anna" not in name
        assert name.removeprefix("s_").isalnum()

    # ── erasure ──

    def test_what_was_erased_never_opens_again(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            mine = [vault.seal(tx, "s_a", number) for number in range(3)]
            other = vault.seal(tx, "s_b", "kept")
            before = vault.digest(tx, "s_a", "x")
        with store.write() as tx:
            assert vault.erase(tx, "s_a", at=AT) == 3
        with store.write() as tx:
            assert vault.erase(tx, "s_a", at=AT) == 0
            assert vault.erase(tx, "s_never", at=AT) == 0
        with store.read() as tx:
            for sealed in mine:
                with pytest.raises(Refused) as caught:
                    vault.open(tx, sealed.id)
                assert caught.value.code == "RW-VAULT-001"
            assert vault.open(tx, other.id) == "kept"
        with store.write() as tx:
            assert vault.digest(tx, "s_a", "x") != before

    def test_who_was_erased_stays_on_record(self, store: Store, vault: Vault) -> None:
        later = AT + timedelta(days=1)
        with store.write() as tx:
            vault.seal(tx, "s_a", "old")
            vault.seal(tx, "s_b", "kept")
            assert vault.erased(tx, ["s_a", "s_b"]) == {}
            vault.erase(tx, "s_a", at=AT)
            vault.erase(tx, "s_never", at=AT)
        with store.write() as tx:
            assert vault.erased(tx, ["s_a", "s_b", "s_never", "s_a"]) == {"s_a": AT, "s_never": AT}
            vault.seal(tx, "s_a", "new")
            vault.erase(tx, "s_a", at=later)
        with store.read() as tx:
            assert vault.erased(tx, ["s_a"]) == {"s_a": later}
            assert vault.erased(tx, []) == {}

    def test_an_erased_subject_may_come_back_under_a_new_key(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            old = vault.seal(tx, "s_a", "old")
        with store.write() as tx:
            vault.erase(tx, "s_a", at=AT)
            new = vault.seal(tx, "s_a", "new")
            assert vault.open(tx, new.id) == "new"
        with store.write() as tx:
            with pytest.raises(Refused):
                vault.open(tx, old.id)
            assert vault.open(tx, new.id) == "new"
            assert vault.erase(tx, "s_a", at=AT) == 1

    def test_a_process_that_still_holds_the_key_cannot_use_it_after_erasure(
        self, store: Store, open_vault: Callable[[], Vault]
    ) -> None:
        mine, theirs = open_vault(), open_vault()
        with store.write() as tx:
            old = mine.seal(tx, "s_a", "old")
            before = mine.digest(tx, "s_a", "x")
        with store.write() as tx:
            assert theirs.erase(tx, "s_a", at=AT) == 1
        with store.read() as tx:
            with pytest.raises(Refused):
                mine.open(tx, old.id)
            with pytest.raises(Refused):
                mine.digest(tx, "s_a", "x")
        with store.write() as tx:
            new = mine.seal(tx, "s_a", "new")
            assert mine.digest(tx, "s_a", "x") != before
        with store.read() as tx:
            assert theirs.open(tx, new.id) == "new"
            assert theirs.digest(tx, "s_a", "x") == mine.digest(tx, "s_a", "x")

    def test_a_rolled_back_erasure_erased_nothing(self, store: Store, vault: Vault) -> None:
        with store.write() as tx:
            sealed = vault.seal(tx, "s_a", "kept")
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: vault.erase(tx, "s_a", at=AT))
        with store.write() as tx:
            assert vault.open(tx, sealed.id) == "kept"
            assert vault.erase(tx, "s_a", at=AT) == 1

    def test_a_key_that_was_rolled_back_is_never_used(
        self, store: Store, open_vault: Callable[[], Vault]
    ) -> None:
        mine, theirs = open_vault(), open_vault()
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: mine.seal(tx, "s_a", "lost"))
        with store.write() as tx:
            first = theirs.seal(tx, "s_a", "theirs")
            second = mine.seal(tx, "s_a", "mine")
        with store.read() as tx:
            assert mine.open(tx, first.id) == "theirs"
            assert theirs.open(tx, second.id) == "mine"
