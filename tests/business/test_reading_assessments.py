"""Assessment files: what they say, and everything that is wrong with them at once."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.business.material import RETURNS, returns

from roadworthy.business import (
    QUESTIONS,
    UNKNOWN,
    Range,
    blank,
    from_json,
    parse_lists,
    parse_policy,
    read_assessment,
    shipped_lists,
)
from roadworthy.business.lists import TIERS
from roadworthy.errors import InputProblem


def problems(text: str, **options: object) -> list[str]:
    with pytest.raises(InputProblem) as raised:
        read_assessment(text, file="a.yaml", **options)  # type: ignore[arg-type]
    assert raised.value.code in {"RW-BUSINESS-001", "RW-BUSINESS-002"}
    return [str(problem) for problem in raised.value.problems]


def changed(old: str, new: str) -> str:
    assert old in RETURNS, old
    return RETURNS.replace(old, new)


def test_there_are_eighteen_questions_and_each_says_why_and_what_unknown_costs() -> None:
    assert len(QUESTIONS) == 18
    assert len({question.id for question in QUESTIONS}) == 18
    for question in QUESTIONS:
        assert question.ask.endswith("?")
        assert question.why
        assert question.unknown
        assert all(field.example and field.ask for field in question.fields)


def test_a_blank_file_names_every_field_and_reads_as_nothing_answered() -> None:
    text = blank()
    found = read_assessment(text, file="blank.yaml")
    assert found.answered == ()
    assert found.answers == {}
    assert len(found.open) == sum(len(question.fields) for question in QUESTIONS)
    for question in QUESTIONS:
        assert f"\n  {question.id}:" in text
        assert question.ask in text
        assert all(f"\n    {field.id}:" in text for field in question.fields)
    assert all(tick.id in text for tick in shipped_lists().ticks)


def test_every_example_of_the_blank_file_is_an_answer_that_reads() -> None:
    text = blank()
    for question in QUESTIONS:
        for field in question.fields:
            marker = f"    {field.id}:  # "
            told = (
                f"    {field.id}: {field.example}\n"
                if "\n" not in field.example and not field.example.startswith("-")
                else f"    {field.id}: [{field.example.removeprefix('- ')}]\n"
            )
            start = text.index(marker, text.index(f"\n  {question.id}:"))
            text = text[:start] + told + text[text.index("\n", start) + 1 :]
        for name in ("owner", "source"):
            start = text.index(f"    {name}:  #", text.index(f"\n  {question.id}:"))
            text = text[:start] + f"    {name}: mara\n" + text[text.index("\n", start) + 1 :]
    found = read_assessment(text, file="filled.yaml")
    assert len(found.answered) == 18
    assert found.open == ()


def test_answers_are_read_with_owner_source_and_range() -> None:
    idea = returns()
    assert idea.currency == "EUR"
    assert idea.range("volume", "cases_per_month") == Range(2000, 3100, 4500)
    assert idea.told("volume") == "mara, report"
    assert idea.yes("owner", "may_change_process") is True
    assert idea.ticks("people", "prohibited") == frozenset()
    assert len(idea.answered) == 18


def test_written_and_read_again_it_is_the_same() -> None:
    assert from_json(returns().as_json()) == returns()


def test_a_question_may_be_unknown_and_then_its_fields_are() -> None:
    idea = read_assessment(
        changed(
            "  fallback: {owner: mara, source: desk, plan: as today, exit_cost: 3000 EUR}",
            "  fallback: unknown",
        ),
        file="a",
    )
    assert idea.held("fallback", "plan") is UNKNOWN
    assert "fallback" not in idea.answered


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  volume:", "  volme:", "unknown question `volme`; did you mean `volume`?"),
        ("wanted: automatic", "wantd: automatic", "unknown field `wantd`; did you mean `wanted`?"),
        ("p10: 2000, p50: 3100", "p10: 4000, p50: 3100", "a range runs upward"),
        ("{p10: 2000, p50: 3100, p90: 4500}", "0", "a usual month without a case"),
        ("{p10: 2000, p50: 3100, p90: 4500}", ".nan", "expected a number"),
        ("{p10: 2000, p50: 3100, p90: 4500}", "{p10: 1, p50: 3100, p90: 450000}", "p90 is more than 1000 times p10"),
        ("38.00 EUR", "-38.00 EUR", "no less than 0"),
        ("38.00 EUR", "38", "an amount with its currency"),
        ("400 EUR, worst_case", "400 USD, worst_case", "found USD, the other amounts are in EUR"),
        ("error_share: {p10: 0.01, p50: 0.03, p90: 0.06}", "error_share: 3", "a share from 0 to 1"),
        ("target: 0.8", "target: 0.5", "no better than the baseline"),
        ("effect: write", "effect: read", "no tool is named that writes"),
        ("wanted: automatic, tools: [{name: helpdesk.route, effect: write", "wanted: suggest, tools: [{name: helpdesk.route, effect: irreversible", "cannot be undone"),
        ("minutes_left: 0.5", "minutes_left: 9", "would take longer than today"),
        ("worst: 400 EUR", "worst: 1 EUR", "less than a usual one"),
        ("prohibited: none", "prohibited: [emotions-at-wrk]", "did you mean `emotions-at-work`?"),
        ("keep: 365d", "keep: a year", "a span such as 24h"),
        ("by: 2027-06-30", "by: soon", "a day such as 2027-06-30"),
        ("{owner: mara, source: report, cases", "{source: report, cases", "`volume.owner` is missing"),
        ("{owner: mara, source: report, cases", "{owner: mara, source: unknown, cases", "`volume.source` is missing"),
        ("assessment: 1", "assessment: 2", "the version of the form"),
        ("idea: returns", "idea: Returns!", "expected a name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(old: str, new: str, told: str) -> None:
    found = problems(changed(old, new))
    assert len(found) == 1, found
    assert told in found[0]
    line = next(
        number
        for number, text in enumerate(changed(old, new).splitlines(), 1)
        if new.splitlines()[0] in text
    )
    assert found[0].startswith(f"a.yaml:{line}:")


def test_reviewers_without_hours_contradict_a_wish_for_approval() -> None:
    text = changed("wanted: automatic", "wanted: approve").replace(
        "hours_per_week: 60", "hours_per_week: 0"
    )
    assert "the reviewers have no hours" in problems(text)[0]


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        changed("38.00 EUR", "-38.00 EUR")
        .replace("  volume:", "  volme:")
        .replace("target: 0.8", "target: 0.1")
        .replace("keep: 365d", "keep: x")
    )
    found = problems(text)
    assert len(found) == 4
    lines = [int(one.split(":")[1]) for one in found]
    assert lines == sorted(lines)


def test_an_owner_without_an_account_is_named() -> None:
    accounts = ["maria", "jonas", "lena", "ines"]
    found = problems(RETURNS, accounts=accounts)
    assert all("`mara` has no account" in one and "did you mean `maria`?" in one for one in found)


def test_what_is_no_yaml_mapping_is_refused() -> None:
    assert "expected a mapping" in problems("- a list")[0]
    assert "alias" in problems("a: &x 1\nb: *x")[0]
    assert problems("a: [")[0].startswith("a.yaml:")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    with suppress(InputProblem):
        read_assessment(text, file="a")


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(RETURNS) - 1), st.integers(0, 30), st.text(max_size=6))
def test_no_change_of_a_good_file_makes_the_reader_fall(at: int, less: int, more: str) -> None:
    lines = [1]
    try:
        read_assessment(RETURNS[:at] + more + RETURNS[at + less :], file="a")
    except InputProblem as problem:
        lines = [one.line for one in problem.problems]
    assert min(lines) > 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(q.id, f.id) for q in QUESTIONS for f in q.fields]), _JSON)
def test_any_value_in_any_field_is_an_answer_or_a_problem(place: tuple[str, str], value: object) -> None:
    question, field = place
    sent = {
        "assessment": 1,
        "idea": "x",
        "title": "X",
        "answers": {question: {"owner": "o", "source": "s", field: value}},
    }
    with suppress(InputProblem):
        found = from_json(sent)
        assert from_json(found.as_json()) == found


def test_the_lists_name_clause_source_and_day() -> None:
    lists = shipped_lists()
    assert lists.notice == "not legal advice"
    assert lists.retrieved.year == 2026
    assert {tick.tier for tick in lists.ticks} == set(TIERS)
    assert {tick.clause[:4] for tick in lists.named("prohibited").values()} == {"Art."}
    assert len(lists.named("prohibited")) == 9
    assert lists.named("areas")["credit"].applies_from.isoformat() == "2027-12-02"


def test_a_faulty_list_tells_all_that_is_wrong() -> None:
    with pytest.raises(InputProblem) as raised:
        parse_lists("version: 1\nlists: {x: {tier: odd, entries: {a: {clause: b}}}}", place="lists.yaml")
    assert raised.value.code == "RW-BUSINESS-011"
    assert len(raised.value.problems) >= 5


def test_a_policy_that_forgets_a_reason_is_refused() -> None:
    from importlib import resources

    text = (resources.files("roadworthy.business") / "policy.yaml").read_text()
    assert parse_policy(text, place="p").version
    for old, new, told in (
        ("  fallback.missing: 12\n", "", "fallback.missing"),
        ("fund_probability: 0.80", "fund_probability: 0.30", "stand_probability"),
        ("draws: 10000", "drows: 10000", "draws"),
        ("volume: 0.6", "volme: 0.6", "volume"),
    ):
        with pytest.raises(InputProblem) as raised:
            parse_policy(text.replace(old, new), place="p")
        assert raised.value.code == "RW-BUSINESS-010"
        assert told in raised.value.message
