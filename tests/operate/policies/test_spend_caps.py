"""A cap holds whoever races: the counter is reserved in the transaction of the decision."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.operate.flows import pay
from tests.operate.office import Office

from roadworthy.casework.effect import EffectState
from roadworthy.operate.work import handlers

CAP = 5_000


@settings(max_examples=4, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(amounts=st.lists(st.integers(300, 1_000), min_size=6, max_size=10))
def test_two_workers_never_spend_more_than_a_day_s_cap_together(amounts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        try:
            office.release(pay)
            for number, amount in enumerate(amounts):
                office.submit(f"pay-{number}-{amount}")
            work_at_once(office)
            effects = [office.effects(f"pay-{number}-{amount}")[0] for number, amount in enumerate(amounts)]
            left = [one.amount for one in effects if one.state is not EffectState.REFUSED]
            assert sum(left) <= CAP
            with office.store.write() as tx:
                day = office.clock.now().date()
                assert office.store.effects.reserve_spend(tx, "desk", "bank.pay", day, 0) == sum(left)
            if sum(amounts) > CAP:
                assert (
                    min(one.amount for one in effects if one.state is EffectState.REFUSED) + sum(left)
                    > CAP - 1_000
                )
        finally:
            office.store.close()


def work_at_once(office: Office) -> None:
    """Every first segment, by two threads that begin together."""
    segment = handlers(replace(office.deployment))["segment"]
    with office.store.read() as tx:
        cases = office.store.cases.list(tx, "desk", limit=200).rows
    begin = threading.Barrier(2)

    def work(mine: list[str]) -> None:
        begin.wait(timeout=30)
        for reference in mine:
            segment(reference)

    references = [f"{case.id}/{case.run}/{case.segment}" for case in cases]
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, references[side::2]) for side in (0, 1)]:
            done.result(timeout=120)
