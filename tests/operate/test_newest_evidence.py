"""The newest measurements say to the gate what all of them say."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

from tests.operate.office import START, Office
from tests.server.desk import reply

from roadworthy.evidence import Evidence, Measurement
from roadworthy.operate.verdicts import weigh
from roadworthy.quantities import digest_of
from roadworthy.stage import Stage

KINDS = (
    "quality.accuracy",
    "data.duplicates",
    "cost.per_case",
    "operation.stop_seconds",
    "trust.spot_checks",
)


def test_a_verdict_on_the_newest_is_that_on_all(tmp_path: Path) -> None:
    office = Office(tmp_path)
    release = office.release(reply, stage=Stage.DRAFT)
    draw = random.Random(5)
    with office.store.write() as tx:
        for _ in range(300):
            measured = Measurement(
                id=office.deployment.new_id(), use_case="desk", kind=draw.choice(KINDS),
                subject=draw.choice(("", "intent", "books")), value=draw.random(), unit="share", n=draw.randrange(99),
                method="counted", inputs=digest_of("x"), at=START + timedelta(hours=draw.randrange(-300, 40)),
                valid_for=timedelta(hours=draw.randrange(1, 200)),
                release=draw.choice(("", str(release.digest), digest_of("another"))),
            )  # fmt: skip
            office.store.evidence.add(tx, measured)
    with office.store.read() as tx:
        weighed = weigh(office.deployment, tx, release)
        every = office.store.evidence.measurements(tx, "desk")
    whole = Evidence.gather(every, now=office.clock.now(), release=release.digest)
    read = {one.kind for one in weighed.evidence.newest.values()} - set(KINDS)
    assert {key: one for key, one in weighed.evidence.newest.items() if key[0] not in read} == whole.newest
    assert weighed.evidence.expired == whole.expired
    office.store.close()
