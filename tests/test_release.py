from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt, InputProblem, Refused
from roadworthy.quantities import Digest, Share
from roadworthy.release import Archive, Release, Rollout, abort, assign, position, promote, short
from roadworthy.stage import ENDED, ROAD, Stage

NOW = datetime(2026, 5, 1, tzinfo=UTC)
QUARTER = Share(0.25)


def release(number: int, stage: Stage = Stage.DRAFT, share: float = 0.0) -> Release:
    digest = Digest(f"sha256:{number:064x}")
    return Release(digest, "support", number, "jonas", "", stage, Share(share), NOW, NOW)


def at(rollout: Rollout, number: int) -> Release:
    return rollout.named(f"r{number}")


def test_the_digest_covers_paths_and_bytes_and_not_their_order() -> None:
    one = Archive({"a.py": b"1", "b/c.txt": b"2"})
    assert one.digest == Archive({"b/c.txt": b"2", "a.py": b"1"}).digest
    assert one.digest != Archive({"a.py": b"1", "b/c.txt": b"3"}).digest
    assert one.digest != Archive({"a.py": b"1", "b/d.txt": b"2"}).digest


def test_an_altered_archive_says_what_is_broken() -> None:
    archive = Archive({"a.py": b"1"})
    archive.verify(archive.digest)
    with pytest.raises(Corrupt) as found:
        Archive({"a.py": b"2"}).verify(archive.digest)
    assert short(archive.digest) in found.value.message


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\\b", "."])
def test_no_path_leads_out_of_a_release(path) -> None:
    with pytest.raises(InputProblem) as found:
        Archive({path: b"", "fine.py": b""})
    assert len(found.value.problems) == 1


def test_a_release_passes_the_road_stage_by_stage() -> None:
    rollout = Rollout((release(1),))
    for stage in ROAD[1:]:
        rollout = promote(rollout, release(1).digest, stage, share=QUARTER, now=NOW).rollout
    assert at(rollout, 1).stage is Stage.PRODUCTION
    assert at(rollout, 1).share == Share(1.0)


def test_no_stage_is_skipped() -> None:
    with pytest.raises(Refused, match="pilot"):
        promote(Rollout((release(1),)), release(1).digest, Stage.CANARY, share=QUARTER, now=NOW)


def test_the_successor_retires_what_ran_before() -> None:
    rollout = Rollout((release(1, Stage.PRODUCTION, 1.0), release(2, Stage.CANARY, 0.25)))
    change = promote(rollout, release(2).digest, Stage.PRODUCTION, share=QUARTER, now=NOW)
    assert at(change.rollout, 1).stage is Stage.RETIRED
    assert [before for _, before in change.moved] == [Stage.PRODUCTION, Stage.CANARY]


def test_two_canaries_do_not_run_at_once() -> None:
    rollout = Rollout((release(1, Stage.CANARY, 0.25), release(2, Stage.SHADOW)))
    with pytest.raises(Refused, match="r1 is in canary"):
        promote(rollout, release(2).digest, Stage.CANARY, share=QUARTER, now=NOW)


def test_promoting_again_changes_nothing() -> None:
    rollout = Rollout((release(1, Stage.SHADOW),))
    assert promote(rollout, release(1).digest, Stage.SHADOW, share=QUARTER, now=NOW).moved == ()


COMMANDS = st.lists(
    st.tuples(st.sampled_from(["promote", "abort"]), st.integers(1, 3), st.sampled_from(list(Stage))),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(COMMANDS)
def test_abort_always_wins_and_no_stage_is_held_twice(commands) -> None:
    rollout = Rollout((release(1), release(2), release(3)))
    ended: set[int] = set()
    for step, (command, number, stage) in enumerate(commands):
        now = NOW + timedelta(minutes=step)
        if command == "abort":
            rollout = abort(rollout, release(number).digest, reason="tried", now=now).rollout
            ended.add(number)
        else:
            try:
                rollout = promote(rollout, release(number).digest, stage, share=QUARTER, now=now).rollout
            except (Refused, InputProblem):
                pass
            else:
                assert number not in ended, "nothing leads out of an ended stage"
        ended |= {known.number for known in rollout.releases if known.stage in ENDED}
        held = Counter(known.stage for known in rollout.releases)
        assert all(held[one] <= 1 for one in (Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION))
        assert all(at(rollout, number).stage in ENDED for number in ended)


def test_the_same_key_always_gets_the_same_release() -> None:
    rollout = Rollout((release(1, Stage.PRODUCTION, 1.0), release(2, Stage.CANARY, 0.25)))
    keys = [f"T-{number}" for number in range(2_000)]
    first = [assign(rollout, key) for key in keys]
    assert first == [assign(rollout, key) for key in keys]
    canary = sum(one.worker is not None and one.worker.number == 2 for one in first)
    assert 420 <= canary <= 580
    assert {one.probability for one in first} == {0.25, 0.75}


def test_a_wider_canary_keeps_the_cases_it_had() -> None:
    narrow = Rollout((release(2, Stage.CANARY, 0.1),))
    wide = Rollout((release(2, Stage.CANARY, 0.4),))
    for number in range(500):
        before, after = assign(narrow, f"T-{number}").worker, assign(wide, f"T-{number}").worker
        assert before is None or (after is not None and after.number == before.number)


def test_without_a_release_people_do_the_work_and_shadow_only_watches() -> None:
    assignment = assign(Rollout((release(1, Stage.SHADOW),)), "T-1")
    assert assignment.worker is None
    assert assignment.shadow is not None


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_position_lies_in_the_unit_interval(key, salt) -> None:
    key, salt = (text.encode("utf-8", "replace").decode() for text in (key, salt))
    assert 0 <= position(key, salt) < 1


def test_a_release_is_found_by_name_or_by_the_first_digits() -> None:
    archive = Archive({"a.py": b"1"})
    one = Release(archive.digest, "support", 4, "jonas", "", Stage.DRAFT, Share(0), NOW, NOW)
    rollout = Rollout((one,))
    assert rollout.named("r4") == rollout.named(short(archive.digest)[:8]) == rollout.named(archive.digest)
    with pytest.raises(InputProblem, match="r4"):
        rollout.named("r5")
