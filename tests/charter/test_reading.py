"""From text to a charter: every problem at its line and column, all of them at once."""

import pytest
from tests.charter.texts import EXAMPLE, changed, example, place_of, problems, refusal

from roadworthy.charter import MAX_BYTES, read


def test_the_example_is_read_without_problems() -> None:
    charter = example()
    assert charter.use_case == "support"
    assert charter.data["crm"].entity is not None
    assert charter.data["crm"].entity.key == ["email"]
    assert list(charter.write_tools) == ["helpdesk.reply", "helpdesk.withdraw", "refunds.issue"]


def test_bytes_and_text_and_a_byte_order_mark_make_no_difference() -> None:
    assert read(EXAMPLE.encode(), file="x") == example()
    assert read("\ufeff" + EXAMPLE, file="x") == example()
    assert read(EXAMPLE.replace("\n", "\r\n"), file="x") == example()


# (what is changed, into what, where the problem stands, what is said of it)
MISTAKES = {
    "a misspelt field": ("autonomy: automatic", "autnomy: automatic", "autnomy", "unknown field `autnomy`"),
    "a misspelt field deep inside": (
        "    slice_floor: 0.70",
        "    slice_flor: 0.70",
        "slice_flor",
        "unknown field `tasks.intent.slice_flor`",
    ),
    "a share beyond one": ("    alpha: 0.05", "    alpha: 1.5", "alpha", "`certificates.intent.alpha`: "),
    "a number that is a word": ("target: 0.72", "target: high", "target", "found `high`"),
    "a number that is none": ("target: 0.72", "target: .nan", "target", "finite number"),
    "a number without end": ("hours_per_week: 60", "hours_per_week: .inf", "hours_per_week", "finite number"),
    "a choice that is none": ("tier: limited", "tier: medium", "tier", "found `medium`"),
    "a list that is a text": ("control: [to, ticket]", "control: to", "control: to", "list"),
    "a mapping that is a text": ("budget:\n  per_case: 0.0100 EUR\n  per_month: 120.00 EUR", "budget: much",
                                 "budget: much", "`budget`"),
    "money without currency": ("38.00 EUR", "38.00", "cost_per_hour", "`value.cost_per_hour`"),
    "money finer than its coins": ("38.00 EUR", "38.001 EUR", "cost_per_hour", "more than 2 decimals"),
    "usage in another currency": ("0.0100 EUR", "0.0100 USD", "per_case: 0", "usage is counted in EUR"),
    "a duration without unit": ("max_age: 7d", "max_age: 7", "max_age", "`data.helpdesk.max_age`"),
    "a name with a space": ("use_case: support", "use_case: my support", "use_case", "pattern"),
    "an empty owner": ("technical: jonas", 'technical: ""', "technical", "at least 1 character"),
    "a purpose that is none": ("purpose: customer-service\nregion", "purpose: any\nregion", "purpose: any",
                               "`purpose`: name one"),
    "a table that is a query": ("table: customer", "table: customer; drop table customer", "table: customer",
                                "pattern"),
    "a column that is a query": ("key: [email]", "key: ['1; drop table customer']", "'1; drop", "pattern"),
    "a kpi from a source that is not there": ("source: helpdesk\n    sql", "source: helpdeks\n    sql",
                                              "source: helpdeks", "no data source `helpdeks`"),
    "freshness from a source that is not there": ("{source: helpdesk,", "{source: desk,", "source: desk",
                                                  "`data.helpdesk.refreshed.source`: no data source `desk`"),
    "a tool on a source that is not there": ("source: refunds\n    sink", "source: refnds\n    sink",
                                             "source: refnds", "`tools.refunds.issue.source`"),
    "a task on a field that is not there": ("    text: text", "    text: words", "text: words",
                                            "no input field `words`"),
    "a certificate for a task that is not there": ("task: intent", "task: topic", "task: topic",
                                                   "no task `topic`"),
    "an undo that is not there": ("undo: helpdesk.withdraw", "undo: helpdesk.recall", "undo:",
                                  "no tool `helpdesk.recall`"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named_at_its_place(mistake: str) -> None:
    before, after, at, said = MISTAKES[mistake]
    text = changed((before, after))
    (problem,) = problems(text)
    assert said in problem.message
    assert (problem.place, problem.line, problem.column) == ("charter.yaml", *place_of(text, at))


def test_all_mistakes_are_told_at_once_and_in_the_order_of_the_file() -> None:
    chosen = ["a misspelt field", "a share beyond one", "a duration without unit", "an undo that is not there",
              "a kpi from a source that is not there", "a number that is a word"]  # fmt: skip
    text = changed(*((MISTAKES[name][0], MISTAKES[name][1]) for name in chosen))
    refused = refusal(text)
    assert refused.code == "RW-CHARTER-002"
    found = [(problem.line, problem.column) for problem in refused.problems]
    assert found == sorted(place_of(text, MISTAKES[name][2]) for name in chosen)
    assert all(MISTAKES[name][3] in refused.message for name in chosen)


def test_a_missing_field_is_named_at_the_part_that_lacks_it() -> None:
    text = changed(("  risk: ines\n", ""), ("objective: >\n", "objektive: >\n"))
    found = {problem.message: (problem.line, problem.column) for problem in problems(text)}
    assert found["`owners.risk` is missing"] == place_of(text, "owners:")
    assert found["`objective` is missing"] == place_of(text, "use_case:")


def test_a_misspelt_field_is_met_with_the_nearest_known_one() -> None:
    hints = {
        problem.message: problem.hint
        for problem in problems(changed(("escalate_to", "escalate"), ("conduct:", "xyz:")))
    }
    assert hints["unknown field `review.escalate`"] == "did you mean `escalate_to`?"
    assert "known here: use_case" in hints["unknown field `xyz`"]


def test_a_field_unknown_inside_a_list_is_met_with_the_fields_of_its_entries() -> None:
    text = changed(("{id: no-promises, says:", "{id: no-promises, sayz:"))
    hints = {problem.message: problem.hint for problem in problems(text)}
    assert hints["unknown field `conduct.0.sayz`"] == "did you mean `says`?"


def test_a_doubled_key_is_a_problem_and_not_a_choice() -> None:
    text = changed(("  floor: 0.80\n", "  floor: 0.80\n    floor: 0.10\n"))
    (problem,) = problems(text)
    assert problem.message == "`floor` stands twice"
    assert (problem.line, problem.column) == place_of(text, "floor: 0.10")


def test_two_fields_that_name_the_data_subject_are_one_too_many() -> None:
    text = changed(("required: false, max_length: 8, slice: true", "required: false, subject: true"))
    (problem,) = problems(text)
    assert (
        problem.message
        == "`input.language.subject`: `sender` names the data subject, at most one field does"
    )


def test_a_loose_end_that_only_shows_once_values_are_read_is_told_all_the_same() -> None:
    text = changed(("required: false, max_length: 8, slice: true", 'required: false, subject: "yes"'))
    (problem,) = problems(text)
    assert "names the data subject" in problem.message


def test_personal_data_need_a_purpose_and_a_retention() -> None:
    text = changed(("    retention: 365d\n    entity:", "    entity:"))
    (problem,) = problems(text)
    assert problem.message == "`data.crm`: personal data need a `purpose` and a `retention`"
    assert (problem.line, problem.column) == place_of(text, "crm:\n    url")


def test_an_unquoted_no_is_not_taken_for_a_language() -> None:
    (problem,) = problems(changed(("    abstain: [out_of_scope]", "    languages: [no]")))
    assert "`tasks.intent.languages.0`" in problem.message


# What is not a charter at all: (text, what is said).
UNREADABLE = {
    "nothing": ("", "expected a mapping"),
    "a list": ("- a\n- b\n", "expected a mapping"),
    "a word": ("hello", "expected a mapping"),
    "an open quote": ('use_case: "support\n', "not YAML"),
    "a tab": ("use_case:\n\tx: 1\n", "not YAML"),
    "two documents": ("a: 1\n---\nb: 2\n", "not YAML"),
    "a NUL": ("use_case: a\x00b\n", "not YAML"),
    "half a surrogate": ("use_case: \ud800\n", "not YAML"),
    "bytes that are not UTF-8": (b"use_case: support\ntitle: \xff\xfe\n", "byte 25 is not UTF-8"),
    "an alias of itself": ("a: &a [*a]\n", "found an alias"),
    "an undeclared alias": ("a: *b\n", "found an alias"),
    "a merge": ("a: &a {x: 1}\nb: {<<: *a}\n", "found an alias"),
    "nested flow": ("a: " + "[" * 100_000, "nested deeper than 30"),
    "nested keys": ("? " * 50_000, "nested deeper than 30"),
    "nested blocks": ("".join(f"{' ' * depth}a:\n" for depth in range(400)), "nested deeper than 30"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_charter_is_refused_with_a_place(kind: str) -> None:
    text, said = UNREADABLE[kind]
    refused = refusal(text)
    assert refused.code == "RW-CHARTER-001"
    (problem,) = refused.problems
    assert said in problem.message
    assert problem.line >= 1
    assert problem.column >= 1


def test_a_bomb_of_aliases_is_refused_at_its_first_one() -> None:
    laughs = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 30)]
    (problem,) = problems("\n".join(laughs))
    assert (problem.line, problem.column) == (2, 10)


def test_a_file_too_large_is_not_even_parsed() -> None:
    (problem,) = problems("a: '" + "x" * MAX_BYTES)
    assert problem.message == f"found {MAX_BYTES + 4} bytes, a charter has at most {MAX_BYTES}"


def test_a_tag_cannot_build_an_object() -> None:
    text = changed(("title: Answer customer messages", "title: !!python/object/apply:os.getcwd []"))
    messages = [problem.message for problem in problems(text)]
    assert any("title" in message for message in messages)
    tagged = problems(changed(("title: Answer customer messages", "title: !!python/name:os.getcwd x")))
    assert any("cannot read this value" in problem.message for problem in tagged)


def test_a_key_that_is_no_word_is_a_problem() -> None:
    text = changed(("slo:\n", "? [a, b]\n: c\nslo:\n"))
    (problem,) = problems(text)
    assert problem.message == "a key is a word, found a list or a mapping"
    assert (problem.line, problem.column) == place_of(text, "[a, b]")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("!!int sixty", "`sixty` is no int"),
        ("!!bool sixty", "`sixty` is no bool"),
        ("!!float ''", "`` is no float"),
        ("!!timestamp sixty", "`sixty` is no timestamp"),
        ("2026-02-99", "`2026-02-99` is no timestamp"),
    ],
)
def test_a_value_that_yaml_itself_cannot_read_is_a_problem_of_its_place(value: str, said: str) -> None:
    text = changed(("hours_per_week: 60", f"hours_per_week: {value}"))
    assert f"cannot read this value: {said}" in [problem.message for problem in problems(text)]
    assert {problem.line for problem in problems(text)} == {place_of(text, "hours_per_week")[0]}


def test_what_is_repeated_from_the_file_cannot_move_the_reader_s_terminal() -> None:
    text = changed(
        ("autonomy: automatic", 'autonomy: "\\e[2J\\nautomatic"'),
        ("phase: engineering", f"phase: {'x' * 900}"),
    )
    for problem in problems(text):
        assert problem.message.isprintable()
        assert len(problem.message) <= 300


@pytest.mark.parametrize(
    "number", ["0x" + "f" * 9_000, "9" * 9_000, ":".join(["59"] * 20_000)], ids=["hex", "decimal", "sixty"]
)
def test_a_number_of_many_digits_is_refused_at_its_place(number: str) -> None:
    text = changed(("cases_per_month: 9000", f"cases_per_month: {number}"))
    found = problems(text)
    assert {problem.line for problem in found} == {place_of(text, "cases_per_month")[0]}


def test_a_flood_of_problems_is_cut_and_quick() -> None:
    found = problems(EXAMPLE + "".join(f"objectiv{number}: x\n" for number in range(9_000)))
    assert len(found) == 200
    assert found[0].hint == "did you mean `objective`?"
