"""A muted alert fires and is shown; nobody is told of it until the mute ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.operate.office import OLGA, SHOP, Office

from roadworthy.alerting import Alert, Finding
from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.operate.watching.muting import mute_alert, unmute_alert
from roadworthy.ports.watching import Notice


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


class Phone:
    """Remembers what it was told."""

    name = "phone"
    refresh_s = 0.0

    def __init__(self) -> None:
        self.told: list[str] = []

    def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
        self.told.append(notice.state.value)


class House:
    """An installation in which something burns as long as it is said to."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.phone = Phone()
        self.burns = True
        found = Finding("drift.alarm", "desk", "x", "not what was certified", office.clock.now())
        self._alarms = Alarms([self.phone], (lambda _deployment, _now: [found] if self.burns else [],))

    def look(self, **time: float) -> None:
        self.office.later(**time)
        self._alarms(self.office.deployment)

    def mute(self, alert: Alert, **time: float) -> None:
        until = self.office.clock.now() + timedelta(**time)
        mute_alert(self.office.deployment, OLGA, alert.id, until=until, why="known")

    @property
    def firing(self) -> Alert:
        with self.office.store.read() as tx:
            return next(one for one in self.office.store.alerts.firing(tx) if one.rule == "drift.alarm")


def test_what_ends_and_begins_again_while_muted_is_not_told(office: Office) -> None:
    house = House(office)
    house.look()
    assert house.phone.told == ["firing"]
    house.mute(house.firing, hours=8)
    house.burns = False
    house.look(minutes=5)
    assert house.phone.told == ["firing", "resolved"], "who was told that it began is told that it ended"
    house.burns = True
    house.look(minutes=5)
    assert house.firing.state == "firing", "it fires all the same"
    house.burns = False
    house.look(minutes=5)
    house.look(hours=9)
    assert house.phone.told == ["firing", "resolved"]


def test_what_still_fires_at_the_end_is_told_then(office: Office) -> None:
    house = House(office)
    house.look()
    house.mute(house.firing, hours=2)
    house.burns = False
    house.look(minutes=5)
    house.burns = True
    house.look(minutes=5)
    house.look(hours=1)
    assert house.phone.told.count("firing") == 1
    house.look(hours=1)
    assert house.phone.told.count("firing") == 2


def test_ending_a_mute_tells_at_once(office: Office) -> None:
    house = House(office)
    house.look()
    house.mute(house.firing, days=7)
    house.burns = False
    house.look(minutes=5)
    house.burns = True
    house.look(minutes=5)
    assert unmute_alert(office.deployment, OLGA, house.firing.id)
    assert not unmute_alert(office.deployment, OLGA, house.firing.id)
    house.look(seconds=1)
    assert house.phone.told.count("firing") == 2


def test_a_mute_has_an_end_a_reason_and_somebody_who_may(office: Office) -> None:
    house = House(office)
    house.look()
    now = office.clock.now()
    for until in (now, now + timedelta(days=8), now.replace(tzinfo=None) + timedelta(hours=1)):
        with pytest.raises(InputProblem):
            mute_alert(office.deployment, OLGA, house.firing.id, until=until, why="known")
    soon = now + timedelta(hours=1)
    with pytest.raises(InputProblem):
        mute_alert(office.deployment, OLGA, house.firing.id, until=soon, why=" ")
    with pytest.raises(NotFound):
        mute_alert(office.deployment, OLGA, "none", until=now + timedelta(hours=1), why="known")
    with pytest.raises(Refused):
        mute_alert(office.deployment, SHOP, house.firing.id, until=now + timedelta(hours=1), why="known")
    house.mute(house.firing, hours=1)
    assert "alert.muted" in list(office.events())
