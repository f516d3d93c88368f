"""What each kind of grader says, and that a fault of a grader is never a grade."""

import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.evaluation import (
    KINDS,
    Called,
    Cited,
    Grade,
    Grader,
    Proposed,
    Test,
    Transcript,
    grade,
    options_of,
)
from roadworthy.evaluation.graders import guarded, needs_instrument
from roadworthy.quantities import Cost


def graded(kind, output=None, expected=None, *, passes_at=1.0, transcript=None, **options):
    grader = Grader("g", kind, options, passes_at)
    return grade(grader, Test("t", {}, expected), transcript or Transcript(output=output))


def value(*arguments, **options):
    return graded(*arguments, **options).value


class TestExact:
    def test_the_same_text_passes_and_another_one_says_what_was_expected(self):
        assert graded("exact", "Bern", "Bern").passed is True
        said = graded("exact", "Basel", "Bern")
        assert (said.value, said.passed) == (0.0, False)
        assert said.reason == "expected `Bern`, found `Basel`"

    def test_case_and_white_space_count_unless_they_are_to_be_ignored(self):
        assert value("exact", " bern\n", "Bern") == 0
        assert "case or white space" in graded("exact", " bern\n", "Bern").reason
        assert value("exact", " bern\n", "Bern", ignore_case=True, ignore_space=True) == 1

    def test_composed_and_decomposed_letters_are_the_same_text(self):
        assert value("exact", "Zu\u0308rich", "Zürich") == 1

    @pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0f73\u0f71"])
    @pytest.mark.parametrize("kind", ["exact", "contains"])
    def test_a_heap_of_combining_marks_is_ungraded_in_a_moment(self, kind, marks):
        begun = time.process_time()
        found = graded(kind, {"reply": "a" + marks * 200_000}, "b", field="reply")
        assert found.value is None
        assert "more than 30 combining characters" in found.reason
        assert time.process_time() - begun < 2

    def test_as_many_marks_as_a_language_writes_are_compared(self):
        assert value("exact", "a" + "\u0327\u0301" * 15, "a" + "\u0327" * 15 + "\u0301" * 15) == 1

    def test_several_answers_can_be_right(self):
        assert value("exact", "Roma", {"any_of": ["Rome", "Roma"]}) == 1
        assert value("exact", "Milan", {"any_of": ["Rome", "Roma"]}) == 0
        assert value("exact", "Milan", {"any_of": []}) is None

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [(1, 1.0, 1), (True, 1, 0), (None, False, 0), ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, 1),
         ([1, 2], [2, 1], 0), ({"a": 1}, {"a": 1, "b": None}, 0), ("5", 5, 0)],
    )  # fmt: skip
    def test_json_values_are_compared_as_json(self, one, other, same):
        assert value("exact", one, {"x": other}, expected_field="x") == same

    def test_another_type_is_named(self):
        assert graded("exact", "5", 5).reason == "expected the number `5`, found the text `5`"

    def test_a_part_of_the_answer_is_found_by_path_or_pointer(self):
        output = {"reply": {"lines": ["a", {"x/y": "b"}]}}
        assert value("exact", output, "a", field="reply.lines.0") == 1
        assert value("exact", output, "b", field="/reply/lines/1/x~1y") == 1
        said = graded("exact", output, "b", field="reply.nothing")
        assert (said.value, said.reason) == (0.0, "the answer has no `reply.nothing`")

    def test_without_an_expectation_there_is_no_grade(self):
        said = graded("exact", "Bern")
        assert (said.value, said.passed) == (None, None)
        assert value("exact", "Bern", {"a": 1}, expected_field="b") is None

    def test_an_answer_nested_without_end_is_ungraded(self):
        deep = leaf = []
        for _ in range(5000):
            leaf.append([])
            leaf = leaf[0]
        assert graded("exact", deep, [1]).value is None


class TestTexts:
    def test_contains_looks_for_what_is_expected_or_for_its_own_texts(self):
        assert value("contains", "The fee is refunded", "refunded") == 1
        assert value("contains", "The fee is refunded", ["fee", "refunded"]) == 1
        assert value("contains", "The fee", {"any_of": ["fee", "price"]}) == 1
        said = graded("contains", "The fee", all_of=["refunded"], none_of=["fee"])
        assert said.reason == "the answer lacks `refunded`; has `fee`"
        assert value("contains", "THE FEE", "fee") == 0
        assert value("contains", "THE FEE", "fee", ignore_case=True) == 1

    def test_contains_with_nothing_to_look_for_is_ungraded(self):
        assert value("contains", "x", []) is None
        assert value("contains", "x", [3]) is None

    def test_patterns_are_found_or_must_not_be(self):
        assert value("regex", "case R-123 closed", matches=[r"R-\d+"]) == 1
        assert value("regex", "case R-123 closed", matches=[r"R-\d+"], whole=True) == 0
        assert "matches `R-\\d+` with `R-123`" in graded("regex", "R-123", not_matches=[r"R-\d+"]).reason
        assert value("regex", "r-123", matches=["R"], ignore_case=True) == 1

    def test_a_pattern_that_would_take_for_ever_takes_no_time(self):
        assert value("regex", "a" * 50_000 + "!", matches=["^(a+)+$"]) == 0

    def test_length_counts_characters_or_words(self):
        assert value("length", "  ", at_least=1) == 0
        assert value("length", "two words", at_most=2, unit="words") == 1
        assert graded("length", "abcd", at_most=3).reason == "has 4 characters, expected at most 3"

    def test_an_answer_too_long_to_read_is_ungraded_and_not_half_read(self):
        assert value("contains", "x" * 1_000_001, "y") is None


class TestDecisions:
    def test_a_label_is_compared_and_abstaining_is_not_right(self):
        assert value("label", transcript=Transcript(label="refund"), expected="refund") == 1
        said = graded("label", transcript=Transcript(), expected="refund")
        assert (said.value, said.detail["abstained"]) == (0.0, True)
        assert value("label", transcript=Transcript(label="a"), expected=3) is None

    def test_cost_and_time_are_held_against_their_limits(self):
        transcript = Transcript(cost=Cost.parse("0.02 EUR"), seconds=1.5)
        assert value("cost", transcript=transcript, at_most="0.02 EUR") == 1
        assert value("cost", transcript=transcript, at_most="0.01 EUR") == 0
        assert value("cost", transcript=transcript, at_most="0.02 USD") is None
        assert value("latency", transcript=transcript, at_most_s=2) == 1
        assert graded("latency", transcript=transcript, at_most_s=1).reason == "took 1.5 s, allowed are 1 s"


class TestTools:
    calls = (
        Called("find", {"id": 1, "deep": {"a": 1, "b": 2}}),
        Called("price", {}),
        Called("find", {"id": 2}),
    )

    def check(self, expected, **options):
        return graded("tool_calls", transcript=Transcript(calls=self.calls), expected=expected, **options)

    def test_the_order_is_the_one_that_was_asked_for(self):
        same = ["find", "price", "find"]
        assert self.check(same).value == 1
        assert self.check(["price", "find", "find"]).value == pytest.approx(2 / 3)
        assert self.check(["price", "find", "find"], order="any").value == 1
        assert self.check(["find", "find"], order="subsequence").value == 1
        assert self.check(["find", "find"]).value == pytest.approx(2 / 3)
        assert self.check(["price", "price"], order="includes").value == 0.5
        assert "`price` beyond what was expected" in self.check(["find", "find"]).reason

    def test_arguments_are_a_part_all_or_nothing(self):
        part = [{"tool": "find", "arguments": {"deep": {"a": 1}}}]
        assert self.check(part, order="includes").value == 1
        assert self.check(part, order="includes", arguments="equal").value == 0
        wrong = [{"tool": "find", "arguments": {"id": 9}}]
        assert self.check(wrong, order="includes").value == 0
        assert self.check(wrong, order="includes", arguments="ignore").value == 1

    def test_one_call_counts_for_one_expectation_and_the_best_assignment_is_found(self):
        wanted = [{"tool": "find"}, {"tool": "find", "arguments": {"id": 1}}, "price"]
        assert self.check(wanted, order="any").value == 1

    def test_a_forbidden_call_is_zero_and_enough_of_a_rule_alone(self):
        assert self.check(["find", "price", "find"], forbidden=["price"]).value == 0
        assert self.check(None, forbidden=["delete"]).value == 1

    def test_expecting_no_call_is_kept_by_calling_none(self):
        assert value("tool_calls", transcript=Transcript(), expected=[]) == 1
        assert self.check([]).value == 0

    def test_what_cannot_be_read_is_ungraded(self):
        assert self.check("find").value is None
        assert self.check([{"tool": "find", "args": {}}]).value is None


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([{}, {"x": 1}, {"x": 2}])), max_size=4),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([{}, {"x": 1}, {"x": 2}])), max_size=4),
)
def test_no_assignment_matches_more_calls_than_the_one_that_is_found(wanted, called):
    def fits(one, other):
        return one[0] == other[0] and one[1].items() <= other[1].items()

    padded = [*range(len(called)), *[None] * len(wanted)]
    best = max(
        sum(
            place is not None and fits(one, called[place])
            for one, place in zip(wanted, order, strict=False)
        )
        for order in set(permutations(padded, len(wanted)))
    )
    said = graded(
        "tool_calls",
        transcript=Transcript(calls=tuple(Called(*one) for one in called)),
        expected=[{"tool": tool, "arguments": arguments} for tool, arguments in wanted],
        order="includes",
    )
    assert said.value == (best / len(wanted) if wanted else 1)


class TestEffects:
    effects = (
        Proposed("mail.reply", {"to": "a", "body": "x"}, "execute"),
        Proposed("crm.refund", {"amount": "5.00 EUR"}, "review"),
    )

    def check(self, expected, effects=None, **options):
        transcript = Transcript(effects=self.effects if effects is None else effects)
        return graded("effects", transcript=transcript, expected=expected, **options)

    def test_tool_arguments_and_disposition_have_to_fit(self):
        wanted = [
            {"tool": "crm.refund", "disposition": ["review", "refuse"]},
            {"tool": "mail.reply", "disposition": "execute", "arguments": {"to": "a"}},
        ]
        assert self.check(wanted).value == 1
        wanted[0]["disposition"] = "refuse"
        said = self.check(wanted)
        assert said.value == 0.5
        assert "crm.refund → refuse is missing" in said.reason

    def test_an_effect_nobody_expected_is_wrong_unless_others_are_allowed(self):
        assert self.check([]).value == 0
        assert self.check(["mail.reply"]).value == 0.5
        assert self.check(["mail.reply"], others="allowed").value == 1
        assert self.check([], effects=()).value == 1

    def test_a_forbidden_effect_is_zero_whatever_else_fits(self):
        both = {"effects": ["mail.reply", "crm.refund"], "forbidden": ["crm.refund"]}
        assert self.check(both).value == 0
        assert self.check(None, forbidden=[{"tool": "crm.refund", "disposition": "execute"}]).value == 1
        assert self.check(None, forbidden=["crm.refund"]).value == 0

    def test_where_nobody_disposed_a_disposition_cannot_be_graded(self):
        effects = (Proposed("mail.reply", {}),)
        assert self.check([{"tool": "mail.reply", "disposition": "execute"}], effects).value is None
        assert self.check(["mail.reply"], effects).value == 1


class TestRetrieval:
    found = Transcript(passages=tuple(Cited(name, "") for name in ["a", "x", "a", "b", "y", "c"]))

    @pytest.mark.parametrize(
        ("metric", "k", "expected"),
        [("recall", 3, 2 / 3), ("recall", 5, 1.0), ("precision", 5, 3 / 5), ("mrr", 5, 1.0), ("recall", 1, 1 / 3)],
    )  # fmt: skip
    def test_documents_count_once_at_their_best_place(self, metric, k, expected):
        said = graded("retrieval", transcript=self.found, expected=["a", "b", "c"], metric=metric, k=k)
        assert said.value == pytest.approx(expected)

    def test_the_gain_is_the_published_one(self):
        # The worked example of the encyclopedia article on discounted cumulative gain: 6.861 of 8.740.
        relevance = {"d1": 3, "d2": 2, "d3": 3, "d5": 1, "d6": 2, "d7": 3, "d8": 2}
        ranked = Transcript(passages=tuple(Cited(f"d{place}", "") for place in range(1, 7)))
        said = graded("retrieval", transcript=ranked, expected=relevance, metric="ndcg", k=6)
        assert said.value == pytest.approx(0.785, abs=5e-4)

    def test_what_is_missing_is_named_and_no_document_at_all_is_ungraded(self):
        assert "missing `q`" in graded("retrieval", transcript=self.found, expected=["a", "q"]).reason
        assert value("retrieval", transcript=self.found, expected=[]) is None
        assert value("retrieval", transcript=self.found, expected={"a": 0}) is None

    def test_documents_can_stand_in_the_answer(self):
        assert value("retrieval", {"sources": ["a"]}, ["a", "b"], field="sources") == 0.5


SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "pattern": "^[a-z]+$"}, "n": {"minimum": 0}},
    "patternProperties": {"^x-": {"type": "integer"}},
    "required": ["label"],
}


class TestSchema:
    @pytest.fixture(autouse=True)
    def _library(self):
        pytest.importorskip("jsonschema", reason="the library `jsonschema` is not installed")

    def test_an_answer_has_the_shape_or_every_place_is_named(self):
        assert value("json_schema", {"label": "abc", "x-1": 1}, schema=SCHEMA) == 1
        said = graded("json_schema", {"label": "A", "n": -1, "x-1": "one"}, schema=SCHEMA)
        assert said.value == 0
        assert all(place in said.reason for place in ("`/label`", "`/n`", "`/x-1`"))

    def test_a_text_is_read_as_json_first(self):
        assert value("json_schema", '{"label": "abc"}', schema=SCHEMA) == 1
        assert "is no JSON" in graded("json_schema", "Sure! {}", schema=SCHEMA).reason

    def test_a_reference_that_leads_outside_is_never_followed(self):
        said = graded("json_schema", {}, schema={"$ref": "https://example.org/s.json"})
        assert said.value is None

    def test_what_is_no_schema_is_refused_before_anything_is_graded(self):
        for schema in ({"type": "thing"}, {"pattern": "("}):
            with pytest.raises(InputProblem) as caught:
                options_of(Grader("g", "json_schema", {"schema": schema}))
            assert caught.value.code == "RW-EVAL-011"

    def test_a_pattern_that_would_take_for_ever_takes_no_time(self):
        assert value("json_schema", '"' + "a" * 50_000 + '!"', schema={"pattern": "^(a+)+$"}) == 0


def test_a_target_that_failed_has_zero_with_its_code_from_every_grader():
    for kind in ("exact", "latency", "effects"):
        options = {"at_most_s": 5} if kind == "latency" else {}
        said = graded(kind, transcript=Transcript(error="RW-X-001: no answer"), expected="x", **options)
        assert (said.value, said.reason) == (0.0, "the target failed: RW-X-001: no answer")


def test_a_grader_that_raises_leaves_the_answer_ungraded_with_the_exception_s_type():
    def broken():
        raise KeyError("personal content")

    said = guarded(Grader("g", "exact"), Transcript(output="x"), broken)
    assert (said.value, said.passed, said.reason) == (None, None, "the grader failed: KeyError")


def test_unknown_kinds_and_options_are_refused():
    for grader, code in (
        (Grader("g", "magic"), "RW-EVAL-010"),
        (Grader("g", "judge", {"rubric": "good?"}), "RW-EVAL-010"),
        (Grader("g", "exact", {"colour": 1}), "RW-EVAL-011"),
    ):
        with pytest.raises(InputProblem) as caught:
            grade(grader, Test("t", {}, "x"), Transcript(output="x"))
        assert caught.value.code == code


def test_every_kind_describes_its_options():
    for kind in KINDS.values():
        schema = kind.options.model_json_schema()
        assert kind.says
        assert all(one.get("description") for one in schema["properties"].values()), kind.name
        assert needs_instrument(Grader("g", kind.name)) is (kind.rule is None)


def test_a_value_that_is_no_share_is_no_grade():
    for found in (float("nan"), -0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Grade.of(Grader("g", "exact"), found, "")
