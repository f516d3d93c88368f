"""Releases and stops on the command line: list, show, diff, who gets which, the way back, who obeys."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.doors.saying import USE_CASE, Say, plain_data


@pytest.fixture
def say(say: Say, tmp_path: Path) -> Say:
    """Two releases were started."""
    plain_data(tmp_path / "home")
    copy = tmp_path / "second"
    shutil.copytree(USE_CASE, copy)
    charter = copy / "charter.yaml"
    charter.write_text(charter.read_text() + "\nretention: 30d\n")
    for folder in (USE_CASE, copy):
        built = say("release", "start", str(folder))
        assert built.code == 0, built.err
    return say


def test_releases_are_listed_shown_and_told_apart(say: Say) -> None:
    listed = say("release", "list", "--json").json["releases"]
    assert [one["release"] for one in listed] == ["r2", "r1"]
    assert all(one["signed_by"].startswith("roadworthy.local/ledger+") for one in listed)
    shown = say("release", "show", "plain", "--json").json
    assert shown["release"] == "r2"
    assert "charter.yaml" in shown["files"]
    assert shown["plan"][0].startswith("step 1 of 1: ")
    assert "signed by roadworthy.local/ledger+" in say("release", "show", "plain", "r1").out
    found = say("release", "diff", "plain", "r1", "r2")
    assert found.out == "promise   the charter's `retention` was `365d`, is now `30d`\n"
    (one,) = say("release", "diff", "plain", "r1", "r2", "--json").json["differences"]
    assert (one["before"], one["after"]) == ("365d", "30d")
    assert "the same" in say("release", "diff", "plain", "r1", "r1").out


def test_it_says_who_gets_a_case(say: Say) -> None:
    assert say("release", "assigned", "plain", "T-1").out == "people: no release works on it\n"
    told = say("release", "assigned", "plain", "T-1", "--json").json
    assert (told["release"], told["taken"]) == (None, False)


def test_without_a_release_before_there_is_no_way_back(say: Say) -> None:
    refused = say("release", "rollback", "plain", "--reason", "slow")
    assert (refused.code, "RW-RELEASE-012" in refused.err) == (4, True)


def test_a_release_that_was_changed_behind_our_back_is_corrupt(say: Say, tmp_path: Path) -> None:
    (database,) = (tmp_path / "home").glob("*.sqlite")
    with sqlite3.connect(database) as connection:
        connection.execute("update release set author = 'mallory' where number = 2")
    connection.close()
    found = say("release", "show", "plain")
    assert (found.code, "RW-RELEASE-008" in found.err) == (1, True)
    assert say("release", "show", "plain", "r1").code == 0


def test_a_stop_says_who_obeys_and_is_listed(say: Say) -> None:
    wrong = say("stop", "plian", "--reason", "smoke")
    assert (wrong.code, "RW-STOP-005" in wrong.err) == (2, True)
    thrown = say("stop", "plain", "--reason", "smoke", "--json")
    assert thrown.code == 0
    assert thrown.json["scope"] == "use_case:plain"
    assert (thrown.json["obeyed_after_ms"], thrown.json["missing"]) == ({}, [])
    (listed,) = say("stops", "--json").json["stops"]
    assert listed["id"] == thrown.json["id"]
    assert "nobody yet" in say("stops").out
    resumed = say("resume", thrown.json["id"], "--reason", "over")
    assert resumed.code == 4, "nobody lifts their own stop"
