from __future__ import annotations

import pytest
from tests.measure.knowledge.shelf import TODAY, base, document, shop

from roadworthy.errors import InputProblem
from roadworthy.evaluation import Suite, Test
from roadworthy.knowledge import Access, Reader
from roadworthy.knowledge.question import Question
from roadworthy.measure.knowledge.evaluating import (
    Evaluated,
    Searching,
    ablation,
    compare_versions,
    evaluate,
)
from roadworthy.measure.knowledge.quality import facts_of, recall_fact
from roadworthy.measure.knowledge.questions import (
    by_topic,
    from_suite,
    shelve,
    sliced,
    unknown_documents,
)
from roadworthy.measure.labelled import Labelled
from roadworthy.policy import Marking

ASKED = {
    "returns.md": ["May I send goods back within thirty days?", "Does the shop refund returned goods?"],
    "shipping.md": ["How long does delivery take?", "Are parcels shipped by rail?"],
    "invoices.md": ["I need a copy of an invoice", "Is the invoice sent by mail?"],
    "passwords.md": ["My password is forgotten", "Is the link valid for a day?"],
    "warranty.md": ["How long is the warranty on machines?", "Are worn blades covered?"],
}


def questions(prefix: str = "q") -> list[Question]:
    return [
        Question(f"{prefix}-{name}-{number}", text, {name: 1.0}, "suite", f"{prefix}-{name}-{number}")
        for name, texts in ASKED.items()
        for number, text in enumerate(texts)
    ]


def evaluated(asked: list[Question] | None = None, k: int = 1, means: str = "both") -> Evaluated:
    search = Searching(base(shop()), today=TODAY, means=means)  # type: ignore[arg-type]
    return evaluate(search, asked or questions(), source="handbook", k=k, version=means)


def test_every_figure_comes_with_its_interval_and_its_number_of_questions() -> None:
    found = evaluated(k=2)
    assert found.hit is not None
    assert found.ndcg is not None
    assert found.mrr is not None
    assert (found.hit.tests, found.hit.method) == (10, "wilson")
    assert found.hit.value == sum(one.hit or 0 for one in found.outcomes) / 10
    assert found.ndcg.interval.low <= found.ndcg.value <= found.ndcg.interval.high
    assert found.mrr.value <= 1


def test_a_failed_question_says_what_was_found_instead() -> None:
    asked = [*questions(), Question("odd", "parcels by rail", {"warranty.md": 1.0}, "suite", "odd")]
    (failed,) = [one for one in evaluated(asked).failed if one.question.id == "odd"]
    assert failed.seen[0].document == "shipping.md"


def test_questions_that_nothing_answers_are_no_part_of_recall() -> None:
    lost = Question("lost", "Who opened the tunnel?", {}, "suite", "lost")
    with_it, without = evaluated([*questions(), lost]), evaluated()
    assert with_it.hit == without.hit
    assert with_it.ndcg == without.ndcg
    assert len(with_it.outcomes) == len(without.outcomes) + 1


def test_questions_of_one_cluster_widen_the_interval() -> None:
    apart = evaluated([*questions(), Question("odd", "rail", {"warranty.md": 1.0}, "suite", "odd")])
    together = [Question(one.id, one.text, one.relevance, "suite", one.id[:6]) for one in questions()]
    tied = evaluated([*together, Question("odd", "rail", {"warranty.md": 1.0}, "suite", "odd")])
    assert apart.hit is not None
    assert tied.hit is not None
    assert tied.hit.value == apart.hit.value
    assert tied.hit.clusters < apart.hit.clusters


def test_the_worst_slice_comes_first() -> None:
    shelf = shelve(base(shop()))
    asked = [*questions(), Question("odd", "parcels by rail", {"warranty.md": 1.0}, "suite", "odd")]
    found = evaluated(sliced(asked, shelf))
    assert (found.slices[0].key, found.slices[0].value) == ("topic", "warranty")
    assert {one.key for one in found.slices} == {"topic", "language"}
    assert found.slices[0].lower <= found.slices[0].hit.value


def test_two_versions_are_compared_question_by_question() -> None:
    words, both = evaluated(means="words"), evaluated()
    same = compare_versions(both.values(), both.values())
    assert (same.difference, same.n) == (0.0, 10)
    found = compare_versions(words.values(), both.values(), metric="mrr")
    assert found.verdict in ("better", "not worse", "worse", "cannot tell yet")
    if found.verdict == "cannot tell yet":
        assert found.cases_needed is None or found.cases_needed > 0


def test_other_questions_are_not_compared() -> None:
    changed = [
        Question(one.id, one.text + " please", one.relevance, "suite", one.cluster) for one in questions()
    ]
    with pytest.raises(InputProblem, match="asks something else"):
        compare_versions(evaluated().values(), evaluated(changed).values())
    with pytest.raises(InputProblem, match="no question was put to both"):
        compare_versions(evaluated().values(), evaluated(questions("other")).values())
    with pytest.raises(InputProblem, match="first 1 passages"):
        compare_versions(evaluated().values(), evaluated(k=2).values(), metric="hit")


def test_words_meaning_and_both_are_told_apart() -> None:
    shelf = base(shop())
    found = ablation(
        lambda means: Searching(shelf, today=TODAY, means=means), questions(), source="handbook", k=1
    )
    assert list(found) == ["words", "meaning", "both"]
    assert {one.version for one in found.values()} == {"words", "meaning", "both"}


def test_what_the_release_may_not_read_it_does_not_find() -> None:
    secret = Access(Marking("trusted", 0, "any", frozenset({"any"}), frozenset()), frozenset({"board"}))
    documents = [*shop(), document("board.md", "The board decided to sell the harbour.", access=secret)]
    asked = [Question("b", "Did the board sell the harbour?", {"board.md": 1.0}, "suite", "b")]
    closed = evaluate(Searching(base(documents), today=TODAY), asked, source="handbook", k=4)
    opened = base(documents, reader=Reader(clearance=1, groups=frozenset({"board"})))
    assert closed.hit is not None
    assert closed.hit.value == 0
    assert not shelve(base(documents))["board.md"].readable
    assert evaluate(Searching(opened, today=TODAY), asked, source="handbook", k=4).hit.value == 1  # type: ignore[union-attr]


def test_a_suite_file_gives_questions_and_says_everything_that_is_wrong() -> None:
    suite = Suite.of(
        "asked",
        [
            Test("1", {"question": "How long?"}, {"warranty.md": 2, "returns.md": 0}),
            Test("2", {"text": "How much?"}, ["returns.md"], cluster="c", slices={"language": "en"}),
            Test("3", {"question": "Who?"}, []),
            Test("4", {}, reference="case-1"),
        ],
        [],
    )
    one, two, three = from_suite(suite)
    assert one.relevance == {"warranty.md": 2.0}
    assert (two.cluster, two.relevance, two.slices) == ("c", {"returns.md": 1.0}, {"language": "en"})
    assert not three.answerable
    broken = Suite.of("x", [Test("1", {"question": " "}, []), Test("2", {"question": "x"}, "a label")], [])
    with pytest.raises(InputProblem) as caught:
        from_suite(broken)
    assert caught.value.code == "RW-KNOWLEDGE-050"
    assert len(caught.value.problems) == 2


def test_labelled_cases_ask_for_every_document_about_their_topic() -> None:
    shelf = shelve(base(shop()))
    rows = [
        Labelled("K-1", {"text": "my parcel"}, "shipping", family="f"),
        Labelled("K-2", {"text": "a robbery"}, "police"),
        Labelled("K-3", {"text": "planted"}, "shipping", planted=True),
    ]
    (one,) = by_topic(rows, shelf, text_field="text")
    assert (one.id, one.relevance, one.cluster) == ("K-1", {"shipping.md": 1.0}, "f")


def test_documents_that_nobody_has_are_named() -> None:
    asked = [Question("1", "x", {"gone.md": 1.0, "returns.md": 1.0}, "suite", "1")]
    assert unknown_documents(asked, shelve(base(shop()))) == {"gone.md": ["1"]}


def test_without_a_question_nothing_is_evaluated_and_the_gate_gets_an_empty_fact() -> None:
    with pytest.raises(InputProblem, match="no question"):
        evaluate(Searching(base(shop()), today=TODAY), [], source="handbook", k=4)
    fact = recall_fact(None, source="handbook", k=4)
    assert (fact.kind, fact.n, fact.value) == ("knowledge.recall", 0, 0.0)


def test_the_facts_carry_figure_interval_number_and_method() -> None:
    facts = {one.kind: one for one in facts_of(evaluated(), missing=["gone.md"])}
    assert set(facts) == {"knowledge.recall", "knowledge.ndcg", "knowledge.unanswerable"}
    recall = facts["knowledge.recall"]
    assert (recall.n, recall.unit, recall.subject) == (10, "share", "handbook")
    assert recall.interval is not None
    assert "recall at 1" in recall.method
    assert "wilson interval" in recall.method
    assert recall.detail["not_in_the_source"] == ["gone.md"]
    assert facts["knowledge.unanswerable"].detail["held_out"] is True
