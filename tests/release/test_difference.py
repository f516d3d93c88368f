"""What tells two releases apart, in words."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operate.office import CHARTER

from roadworthy.release import Archive, Difference, differences
from roadworthy.release.difference import MOST_LINES

POLICY = '@id("desk.all")\npermit (principal, action, resource);\n'


def archive(charter: str = CHARTER, **files: str) -> Archive:
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    return Archive({"charter.yaml": charter.encode(), **{n: t.encode() for n, t in named.items()}})


def told(before: Archive, after: Archive) -> list[str]:
    return [one.sentence for one in differences(before, after)]


def test_the_same_release_has_no_differences() -> None:
    assert differences(archive(), archive()) == ()


def test_a_prompt_is_compared_line_by_line() -> None:
    before = archive(prompts__intent_dot_txt="Answer\nin one word\nor two\nthanks\n")
    after = archive(prompts__intent_dot_txt="Answer\nin one label\nor two\nthanks\nbye\n")
    assert told(before, after) == [
        "prompt `prompts/intent.txt`: line 2 was `in one word`, is now `in one label`",
        "prompt `prompts/intent.txt`: line 5 is new: `bye`",
    ]


def test_a_trained_model_that_changed_is_named_by_its_task() -> None:
    models = [json.dumps({"intent": f"sha256:{digit * 64}"}) for digit in "ab"]
    before, after = (archive(models_dot_json=text) for text in models)
    assert told(before, after) == [
        "the model of task `intent` was trained as aaaaaaaaaaaa, is now bbbbbbbbbbbb"
    ]


def test_thresholds_tools_and_promises_read_as_before_and_after() -> None:
    after = (
        CHARTER.replace("floor: 0.5", "floor: 0.6")
        .replace("intent: {task: intent, alpha: 0.05}", "intent: {task: intent, alpha: 0.02}")
        .replace("undo: mail.withdraw", "undo: mail.withdraw, timeout: 5s")
        .replace("per_case: 1.00 EUR", "per_case: 2.00 EUR")
        .replace("  fax.send: {use: sql.insert, source: books, sink: message, control: [to], error: intent, idempotency: none}\n", "")
    )  # fmt: skip
    found = differences(archive(), archive(after))
    sentences = {(one.kind, one.sentence) for one in found}
    assert sentences == {
        ("threshold", "task `intent`: `floor` was `0.5`, is now `0.6`"),
        ("threshold", "certificate `intent`: `alpha` was `0.05`, is now `0.02`"),
        ("tool", "tool `mail.reply`: `timeout` was `30s`, is now `5s`"),
        ("tool", "tool `fax.send` is gone"),
        ("promise", "the charter's `budget.per_case` was `1.00 EUR`, is now `2.00 EUR`"),
    }
    assert [one.kind for one in found] == ["threshold", "threshold", "tool", "tool", "promise"]


def test_policies_are_compared_by_line_and_code_by_name() -> None:
    before = archive(policies__desk_dot_cedar=POLICY, workflow_dot_py="a = 1\n")
    after = archive(policies__desk_dot_cedar=POLICY.replace("permit", "forbid"), workflow_dot_py="a = 22\n")
    assert told(before, after) == [
        (
            "policy `policies/desk.cedar`: line 2 was `permit (principal, action, resource);`, "
            "is now `forbid (principal, action, resource);`"
        ),
        "file `workflow.py` changed: 6 bytes before, 7 now",
    ]


def test_a_contract_is_one_where_the_charter_names_it() -> None:
    charter = CHARTER.replace(
        "owner: olga, steward: olga}", "owner: olga, steward: olga, contract: contracts/b.yaml}"
    )
    before = archive(charter, contracts__b_dot_yaml="a: 1\n")
    after = archive(charter, contracts__b_dot_yaml="a: 2\n")
    (one,) = differences(before, after)
    assert (one.kind, one.before, one.after) == ("contract", "a: 1", "a: 2")


def test_a_charter_written_otherwise_promises_the_same() -> None:
    assert told(archive(), archive(CHARTER + "\n# a word\n")) == [
        "the charters are written differently and promise the same"
    ]


def test_a_charter_that_cannot_be_read_is_compared_as_a_file() -> None:
    (one,) = differences(archive(), archive("nonsense: ["))
    assert one.kind == "file"
    assert "charter.yaml" in one.sentence


def test_texts_that_differ_all_over_are_counted_and_not_paired() -> None:
    lines = [f"{number}" for number in range(MOST_LINES + 5)]
    before = archive(prompts__p_dot_txt="\n".join(lines))
    after = archive(prompts__p_dot_txt="\n".join(f"x{line}" for line in lines))
    (one,) = differences(before, after)
    assert one.sentence.endswith(
        f"changed from line 1 on: {MOST_LINES + 5} lines before, {MOST_LINES + 5} now"
    )


def test_bytes_that_are_no_text_are_named() -> None:
    before, after = Archive({"prompts/p.txt": b"\xff\x00"}), Archive({"prompts/p.txt": b"\xfe"})
    assert differences(before, after)[0].sentence == "prompt `prompts/p.txt` changed: 2 bytes before, 1 now"


TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "ü\x00"]), max_size=12).map("\n".join)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_something_is_told_exactly_where_something_differs(one: str, other: str) -> None:
    before, after = Archive({"prompts/p": one.encode()}), Archive({"prompts/p": other.encode()})
    found = differences(before, after)
    assert bool(found) == (one != other)
    assert all(isinstance(each, Difference) and each.sentence for each in found)
