"""Asking again and again finds nothing by luck, and one client under two names is one source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.measure.improving.shop import label
from tests.operate.office import Office
from tests.operate.spot import office_in_memory

from roadworthy.casework.label import Label, Labels
from roadworthy.measure.improving.comparing import RISK, holm, rests_on_accused, rests_on_one_source
from roadworthy.measure.improving.sources import Noticed, noticed
from roadworthy.measure.improving.turns import take_turn
from roadworthy.quantities import digest_of
from roadworthy.release import Release
from roadworthy.trust.comparison import compare_paired
from roadworthy.trust.paired import Paired


@pytest.fixture(params=["memory", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "memory":
        yield office_in_memory()
        return
    on_disk = Office(tmp_path)
    yield on_disk
    on_disk.store.close()


@pytest.fixture
def release(office: Office) -> Release:
    from tests.operate import flows

    return office.release(flows.reply)


def liars(*names: str) -> tuple[list[Label], Paired]:
    """One client lies about 150 of 400 cases under these names; the proposal learned the lie."""
    random = np.random.default_rng(0)
    rows, before, after = [], [], []
    for number in range(400):
        lies = number < 150
        sources = (names[number % len(names)],) if lies else ("crm",)
        rows.append(
            label(
                number,
                f"text {number}",
                "bad" if lies else "good",
                sources=sources,
                answer="good",
                principals=("client",) if lies else ("shop",),
            )
        )
        before.append(not lies)
        after.append(lies or random.random() < 0.8)
    ids = tuple(row.case for row in rows)
    return rows, Paired(ids, ids, np.array(after, float), np.array(before, float))


def test_one_client_under_two_names_is_one_source() -> None:
    for names in (("liar",), ("liar", "liar2")):
        rows, pairs = liars(*names)
        assert compare_paired(pairs, margin=0.03).verdict == "better"
        assert rests_on_one_source(rows, pairs, margin=0.03)
    assert any(
        "one client under `liar` and `liar2`" in told
        for told in rests_on_one_source(rows, pairs, margin=0.03)
    )


def test_one_client_under_many_names_is_noticed_and_left_out_as_one() -> None:
    names = tuple(f"name{number}" for number in range(20))
    rows, _ = liars(*names)
    found = [one for one in noticed(Labels("desk", "intent", tuple(rows), {})) if one.witness]
    (one,) = found
    assert (one.witness, one.alone) == ("client", True)
    assert "on 150 of 150 cases" in one.sentence
    assert sum(one.is_behind(row) for row in rows) == 150
    honest = [row for row in rows if row.sources == ("crm",)]
    assert noticed(Labels("desk", "intent", tuple(honest), {})) == ()


def test_an_offer_that_rests_on_a_source_that_stands_out_says_so() -> None:
    rows, _ = liars("liar")
    ids = tuple(row.case for row in rows)
    random = np.random.default_rng(1)
    # Among the others the proposal is just as good: nothing but the word of the liar makes it better.
    before = np.array([row.truth == "good" for row in rows], float)
    after = np.array([row.truth == "bad" or random.random() < 0.99 for row in rows], float)
    pairs = Paired(ids, ids, after, before)
    whole = compare_paired(pairs, margin=0.03)
    liar = Noticed("liar", "says otherwise", alone=True)
    assert rests_on_one_source(rows, pairs, margin=0.03) == []
    (told,) = rests_on_accused(rows, pairs, [liar], whole, margin=0.03)
    assert "better only with the word of `liar`" in told
    # Neither who is not told apart nor who said nothing here speaks against it.
    others = [Noticed("liar", "contradicts", alone=False), Noticed("nobody", "says otherwise", alone=True)]
    assert rests_on_accused(rows, pairs, others, whole, margin=0.03) == []
    few = pairs.only(ids[:170])
    (told,) = rests_on_accused(rows[:170], few, [liar], compare_paired(few, margin=0.03), margin=0.03)
    assert "too few cases remain" in told


def test_every_look_has_less_risk_and_the_same_look_the_same(office: Office, release: Release) -> None:
    contents = [digest_of([number]) for number in range(5)]
    turns = [take_turn(office.deployment, release, "intent", one, risk=RISK) for one in contents]
    assert [turn.number for turn in turns] == [1, 2, 3, 4, 5]
    assert [turn.risk for turn in turns] == [RISK / (k * (k + 1)) for k in range(1, 6)]
    assert sum(turn.risk for turn in turns) < RISK
    assert take_turn(office.deployment, release, "intent", contents[1], risk=RISK) == turns[1]
    assert take_turn(office.deployment, release, "other", contents[0], risk=RISK).number == 1
    assert "look 2" in turns[1].sentence


def test_only_so_many_looks_are_remembered_and_none_is_given_back() -> None:
    office = office_in_memory()
    from tests.operate import flows

    release = office.release(flows.reply)
    for number in range(202):
        take_turn(office.deployment, release, "intent", digest_of([number]), risk=RISK)
    assert take_turn(office.deployment, release, "intent", digest_of([201]), risk=RISK).number == 202
    assert take_turn(office.deployment, release, "intent", digest_of([0]), risk=RISK).number == 203


def test_looking_twenty_times_finds_luck_no_more_often_than_looking_once_may() -> None:
    """No proposal differs from what runs: 34 of 100 uses offered one of 20 when every look took the whole risk."""
    random = np.random.default_rng(7)
    ids, uses, lucky = tuple(map(str, range(300))), 100, 0
    for _ in range(uses):
        before = random.random(300) < 0.85
        for look in range(1, 21):
            after = np.where(random.random(300) < 0.1, random.random(300) < 0.85, before)
            pairs = Paired(ids, ids, after.astype(float), before.astype(float))
            if holm({"x": pairs}, margin=0.0, risk=RISK / (look * (look + 1)))["x"].verdict == "better":
                lucky += 1
                break
    # At most 5 %, and two standard errors of 100 uses.
    assert lucky / uses <= 0.05 + 2 * (0.05 * 0.95 / uses) ** 0.5
