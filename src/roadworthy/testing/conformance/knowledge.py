"""Knowledge indexes: what comes is found, what goes is gone, and rights come before ranking."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.knowledge import KEEPER, Access, Finding, Reader, may_read
from roadworthy.policy import Marking
from roadworthy.policy.marking import ANY
from roadworthy.testing.conformance.documents import (
    ACCESSES,
    BEST,
    DIMENSIONS,
    EVERYBODY,
    PUBLIC,
    QUICK,
    READERS,
    TODAY,
    OpenIndex,
    a_document,
    about,
    ask,
    direction,
    embed_all,
    in_group,
    names,
)  # fmt: skip


class KnowledgeIndexConformance:
    """What ``KnowledgeIndex`` promises. A subclass gives the fixture ``open_index``."""

    def test_what_is_put_is_found_with_all_that_is_known_about_it(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        put = a_document(
            "fees.md", "A transfer costs nothing.", "Cash costs 2 euro.", topic="fee", owner="lena",
            origin="https://example.com/fees", updated=date(2026, 1, 2), valid_until=date(2026, 12, 31),
        )  # fmt: skip
        index.put([put, a_document("cards.md", "Cards arrive in 3 days.")])
        embed_all(index)
        (hit, *_) = index.search(ask("cash", 2))
        assert hit.chunk == put[2][1]
        assert (hit.title, hit.topic, hit.owner, hit.origin) == (
            "Title of fees.md",
            "fee",
            "lena",
            "https://example.com/fees",
        )
        assert (hit.updated, hit.valid_until, hit.stale) == (date(2026, 1, 2), date(2026, 12, 31), False)
        assert (hit.version, hit.marking) == (put[0].version, PUBLIC.marking)
        assert (hit.word_rank, hit.meaning_rank) == (1, 1)
        assert hit.word_score > 0
        assert abs(hit.similarity - 1) < 0.01
        assert hit.score > 0

    def test_words_alone_meaning_alone_and_both(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 40"), a_document("b", "pears 1"), a_document("c", "plums 2")])
        embed_all(index)
        assert names(index.search(ask("apples", 1, means="words"))) == [("a", 0)]
        assert names(index.search(ask("apples", 1, means="meaning"))) == [("b", 0), ("c", 0), ("a", 0)]
        assert {hit.chunk.document for hit in index.search(ask("apples", 1))} == {"a", "b", "c"}
        assert index.search(ask("apples", means="meaning")) == ()
        (alone,) = index.search(ask("apples"))
        assert alone.meaning_rank == 0
        assert math.isnan(alone.similarity)

    def test_headings_of_a_passage_are_searched_too(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        document, stamp, (chunk,) = a_document("a", "nothing to pay")
        index.put([(document, stamp, [replace(chunk, headings=("Transfers", "Abroad"))])])
        (hit,) = index.search(ask("transfer"))
        assert hit.chunk.headings == ("Transfers", "Abroad")

    def test_putting_twice_changes_nothing(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        puts = [a_document("a", "apples 1", "pears 2"), a_document("b", "plums 3")]
        index.put(puts)
        embed_all(index)
        before = index.search(ask("apples", 3))
        index.put(puts)
        assert index.waiting(BEST, limit=10) == [] or not index.waiting(BEST, limit=10)
        assert index.search(ask("apples", 3)) == before
        assert index.state().chunks == 3

    def test_a_document_of_the_same_name_is_replaced_and_vectors_of_what_stays_are_kept(
        self, open_index: OpenIndex
    ) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 1", "pears 2")])
        embed_all(index)
        index.put([a_document("a", "apples 1", "plums 3")])
        assert [one.text for one in index.waiting(BEST, limit=10)] == ["Part\nplums 3"]
        assert index.search(ask("pears")) == ()
        assert names(index.search(ask("plums"))) == [("a", 1)]
        assert names(index.search(ask("", 2, means="meaning"))) == [("a", 0)]
        assert dict(index.state().embedded) == {BEST: 1}

    def test_new_rights_bind_at_once(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 1")])
        embed_all(index)
        index.put([a_document("a", "apples 1", access=in_group("staff"))])
        assert index.search(ask("apples", 1)) == ()
        assert names(index.search(ask("apples", 1, reader=Reader(frozenset({"staff"}))))) == [("a", 0)]

    def test_what_is_removed_is_found_no_more(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 1", "apples 2"), a_document("b", "apples 3")])
        embed_all(index)
        forgotten = index.remove(["a", "unknown"])
        assert (forgotten.documents, forgotten.chunks) == (("a",), 2)
        assert names(index.search(ask("apples", 1))) == [("b", 0)]
        assert [name for name, _, _ in index.stamps()] == ["b"]
        assert dict(index.state().embedded) == {BEST: 1}
        assert index.remove(["a"]).documents == ()

    def test_stamps_are_kept_with_documents_and_changed_alone(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        puts = [a_document("b", "pears"), a_document("a", "apples")]
        index.put(puts)
        index.restamp({"a": "later", "unknown": "x"})
        assert list(index.stamps()) == [
            ("a", "later", puts[1][0].version),
            ("b", "stamp of b", puts[0][0].version),
        ]

    def test_a_stamp_changes_with_a_put_of_the_same_content(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        document, _, chunks = a_document("a", "apples")
        index.put([(document, "one", chunks)])
        index.put([(document, "two", chunks)])
        assert [stamp for _, stamp, _ in index.stamps()] == ["two"]

    def test_what_waits_comes_in_order_and_only_once_embedded_no_more(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("b", "plums 3"), a_document("a", "apples 1", "pears 2")])
        first = index.waiting(BEST, limit=2)
        assert [one.text for one in first] == ["Part\napples 1", "Part\npears 2"]
        index.keep_vectors(BEST, [first[0].chunk], direction(1).reshape(1, -1))
        assert [one.text for one in index.waiting(BEST, limit=9)] == ["Part\npears 2", "Part\nplums 3"]
        assert len(index.waiting(QUICK, limit=9)) == 3

    def test_vectors_of_chunks_that_left_are_not_kept(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 1")])
        (waiting,) = index.waiting(BEST, limit=1)
        index.remove(["a"])
        index.keep_vectors(BEST, [waiting.chunk], direction(1).reshape(1, -1))
        assert dict(index.state().embedded) == {}

    def test_a_blank_row_lies_close_to_nothing(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 1")])
        (waiting,) = index.waiting(BEST, limit=1)
        index.keep_vectors(BEST, [waiting.chunk], np.zeros((1, DIMENSIONS), np.float32))
        assert not index.waiting(BEST, limit=1)
        assert index.search(ask("", 1)) == ()

    def test_a_chunk_is_compared_by_the_best_model_that_has_it(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "x 1"), a_document("b", "x 30")])
        embed_all(index, QUICK)
        (waiting, _) = index.waiting(BEST, limit=2)
        index.keep_vectors(BEST, [waiting.chunk], direction(30).reshape(1, -1))
        hits = index.search(ask("", 30, models=(BEST, QUICK)))
        assert {hit.chunk.document: round(hit.similarity, 2) for hit in hits} == {"a": 1.0, "b": 1.0}
        assert [hit.meaning_rank for hit in hits] == [1, 2]

    def test_what_is_not_valid_stands_behind_and_says_so(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put(
            [
                a_document("old", "apples cost one euro 1", valid_until=date(2026, 2, 28)),
                a_document("now", "apples cost two euro 2", valid_until=TODAY),
                a_document("soon", "apples cost three euro 1", valid_from=date(2026, 3, 2)),
            ]
        )
        embed_all(index)
        hits = index.search(ask("apples", 1))
        assert hits[0].chunk.document == "now"
        assert {hit.chunk.document: hit.stale for hit in hits} == {"old": True, "now": False, "soon": True}

    def test_equal_ones_come_by_document_and_ordinal(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        for name in ("c", "a", "b"):
            index.put([a_document(name, "the same 7", "the same 7")])
        embed_all(index)
        everywhere = [(name, ordinal) for name in "abc" for ordinal in (0, 1)]
        for query in (ask("same"), ask("", 7), ask("same", 7)):
            assert names(index.search(query)) == everywhere
            few = replace(query, top_k=2, candidates=2)
            assert names(index.search(few)) == everywhere[:2]

    def test_no_question_and_no_room_find_nothing(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        assert index.search(ask("apples", 1)) == ()
        index.put([a_document("a", "apples")])
        assert (
            index.search(ask("")) == index.search(ask("  \t")) == index.search(ask("apples", top_k=0)) == ()
        )

    def test_a_question_is_text_and_no_syntax(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples near pears"), a_document("b", "plums")])
        for text in (
            '"', "'", 'apples"', "apples AND", "NOT apples", "apples NEAR(", "text:apples", "apples*", "^apples",
            "{a b}: apples", "apples - pears", "apples & !pears | (", "apples:*", "apples <-> ", "\\", "\0apples",
            "apples \ud800", "%apples%", "$1 apples", "ap\u200bples apples", "apples;--",
        ):  # fmt: skip
            found = names(index.search(ask(text)))
            assert found == ([("a", 0)] if "apples" in text else []), text

    def test_an_enormous_question_is_answered(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples")])
        assert names(index.search(ask("apples " + "word " * 200_000))) == [("a", 0)]
        assert names(index.search(ask("apples " + "x" * 1_000_000))) == [("a", 0)]

    def test_accents_and_cases_do_not_matter(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "Überweisung ins Ausland"), a_document("b", "CAFÉ crème")])
        assert names(index.search(ask("ÜBERWEISUNG"))) == [("a", 0)]
        assert names(index.search(ask("cafe"))) == [("b", 0)]

    def test_what_may_not_be_read_takes_no_place_of_another(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        secret = [
            a_document(f"secret-{n:03}", "apples apples 1", access=in_group("board")) for n in range(60)
        ]
        index.put([*secret, a_document("z-open", "apples and a long list of other fruit 9")])
        embed_all(index)
        for means in ("words", "meaning", "both"):
            hits = index.search(ask("apples", 1, means=means, top_k=5, candidates=5))
            assert names(hits) == [("z-open", 0)]
            assert max(hits[0].word_rank, hits[0].meaning_rank) == 1

    def test_what_may_not_be_read_changes_no_score_of_another(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put(
            [a_document("a", "apples 1"), a_document("b", "pears and apples 2"), a_document("c", "plums 3")]
        )
        embed_all(index)
        before = index.search(ask("apples pears", 1))
        index.put(
            [
                a_document(f"secret-{n}", "apples " * n + "and words 1", access=in_group("board"))
                for n in range(1, 9)
            ]
        )
        embed_all(index)
        assert [hit.score for hit in index.search(ask("apples pears", 1))] == [hit.score for hit in before]

    def test_a_hit_of_one_order_says_what_the_other_makes_of_it(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        index.put([a_document("a", "apples 40"), a_document("b", "pears 1"), a_document("c", "apples 2")])
        embed_all(index)
        hits = {hit.chunk.document: hit for hit in index.search(ask("apples", 1, candidates=1, top_k=1))}
        assert len(hits) == 1
        both = {hit.chunk.document: hit for hit in index.search(ask("apples", 1, candidates=3))}
        assert both["b"].word_score == 0
        assert both["a"].word_score > 0
        assert abs(both["a"].similarity) < abs(both["c"].similarity) < both["b"].similarity
        assert both["c"].score > both["a"].score

    def test_documents_come_by_name_in_pages_with_what_they_hold(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        finding = Finding("hidden", "b", "white on white", "page 2")
        puts = [
            a_document("c", "plums"),
            a_document("a", "apples", access=in_group("staff")),
            a_document("b", "pears", "more", facts={"fee": 1.5, "free": True}, findings=(finding,)),
        ]
        index.put(puts)
        assert index.documents(EVERYBODY, limit=1) == ([puts[2][0]], "b")
        assert index.documents(EVERYBODY, after="b", limit=1) == ([puts[0][0]], "")
        assert [one.name for one in index.documents(KEEPER)[0]] == ["a", "b", "c"]
        assert [one.version for one in index.documents(KEEPER)[0]] == [
            puts[place][0].version for place in (1, 2, 0)
        ]

    def test_findings_are_kept_by_who_told_them(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        hidden, broken = Finding("hidden", "a", "white"), Finding("broken", "b.pdf", "no end")
        unknown, twice = Finding("unknown-kind", "c.exe", "exe"), Finding("repeated-name", "d", "twice")
        index.put([a_document("a", "apples", findings=(hidden,))])
        index.note([unknown, twice], listed=True)
        index.note([broken], listed=False)
        assert set(index.findings()[0]) == {hidden, broken, unknown, twice}
        index.note([twice], listed=True)
        index.note([replace(broken, detail="no start")], listed=False)
        assert set(index.findings()[0]) == {hidden, twice, replace(broken, detail="no start")}
        index.put([a_document("b.pdf", "pears")])
        index.remove(["a"])
        assert list(index.findings()[0]) == [twice]
        assert index.state().findings == 1

    def test_findings_come_in_pages(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        told = [Finding("empty", f"{number}", "") for number in range(5)]
        index.note(told, listed=True)
        seen: list[Finding] = []
        after = 0
        while True:
            page, after = index.findings(after=after, limit=2)
            seen += page
            if not after:
                break
        assert seen == told

    def test_a_data_subject_is_erased_with_every_document_about_them(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        finding = Finding("instruction", "letter", "ignore all")
        both = Access(Marking("trusted", 2, ANY, frozenset({"support"}), frozenset({"ann", "bob"})))
        index.put(
            [
                a_document("letter", "apples 1", "apples 2", access=about("ann"), findings=(finding,)),
                a_document("shared", "apples 3", access=both),
                a_document("other", "apples 4", access=about("bob")),
            ]
        )
        embed_all(index)
        forgotten = index.erase("ann")
        assert (set(forgotten.documents), forgotten.chunks) == ({"letter", "shared"}, 3)
        assert {hit.chunk.document for hit in index.search(ask("apples", 1, reader=KEEPER))} == {"other"}
        assert [one.name for one in index.documents(KEEPER)[0]] == ["other"]
        assert list(index.findings()[0]) == []
        assert index.erase("ann").documents == ()

    def test_findings_about_a_data_subject_are_erased_though_no_document_is(
        self, open_index: OpenIndex
    ) -> None:
        index = open_index("1")
        ann, both = frozenset({"ann"}), frozenset({"ann", "bob"})
        kept = Finding("broken", "c", "no end", subjects=frozenset({"bob"}))
        index.note([Finding("head", "b", "hers", subjects=both), kept], listed=False)
        index.note([Finding("empty", "a", "hers", subjects=ann), Finding("empty", "d", "")], listed=True)
        assert index.erase("ann").documents == ()
        assert sorted(one.document for one in index.findings()[0]) == ["c", "d"]
        assert open_index("1").erase("cleo").documents == ()
        index.remove(["c"])
        assert [one.document for one in index.findings()[0]] == ["d"]

    def test_it_is_known_whom_documents_are_about(self, open_index: OpenIndex) -> None:
        index = open_index("1")
        day = date(2026, 1, 2)
        index.put(
            [
                a_document("b", "pears", access=about("bob")),
                a_document("open", "plums"),
                a_document("a", "apples", access=about("ann"), updated=day),
            ]
        )
        assert list(index.subjects()) == [("a", day, frozenset({"ann"})), ("b", None, frozenset({"bob"}))]
        index.erase("ann")
        assert [name for name, _, _ in index.subjects()] == ["b"]
        assert list(open_index("2").subjects()) == []

    def test_versions_of_a_source_do_not_see_one_another(self, open_index: OpenIndex) -> None:
        one, two = open_index("1"), open_index("2")
        one.put([a_document("a", "apples 1")])
        two.put([a_document("a", "pears 1")])
        embed_all(one)
        assert names(two.search(ask("apples"))) == []
        assert two.state().chunks == 1
        assert len(two.waiting(BEST, limit=5)) == 1
        two.remove(["a"])
        assert names(one.search(ask("apples", 1))) == [("a", 0)]

    def test_another_process_sees_every_change(self, open_index: OpenIndex) -> None:
        here, there = open_index("1"), open_index("1")
        here.put([a_document("a", "apples 1")])
        assert names(there.search(ask("apples", 1))) == [("a", 0)]
        embed_all(here)
        assert there.search(ask("apples", 1))[0].meaning_rank == 1
        here.put([a_document("a", "pears 2"), a_document("b", "plums 3")])
        assert there.search(ask("apples", means="words")) == ()
        embed_all(here)
        assert names(there.search(ask("", 3))) == [("b", 0), ("a", 0)]
        here.remove(["b"])
        assert names(there.search(ask("", 3))) == [("a", 0)]

    def test_nobody_finds_what_they_may_not_read(self, open_index: OpenIndex) -> None:
        numbers = iter(range(10_000))

        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(ACCESSES, min_size=1, max_size=12), st.lists(READERS, min_size=1, max_size=6))
        def never_leaks(accesses: list[Access], readers: list[Reader]) -> None:
            index = open_index(f"leak-{next(numbers)}")
            index.put(
                [
                    a_document(f"{place:02}", f"apples {place}", f"pears {place}", access=access)
                    for place, access in enumerate(accesses)
                ]
            )
            embed_all(index)
            for reader in readers:
                allowed = [f"{p:02}" for p, access in enumerate(accesses) if may_read(reader, access)]
                for top_k in (1, 3, 100):
                    for query in (
                        ask("apples", reader=reader, top_k=top_k),
                        ask("pears apples", 3, reader=reader, top_k=top_k, candidates=2),
                        ask("", 3, reader=reader, top_k=top_k),
                    ):
                        assert {hit.chunk.document for hit in index.search(query)} <= set(allowed)
                found = index.search(ask("apples", 3, reader=reader, top_k=100))
                assert {hit.chunk.document for hit in found} == set(allowed)
                assert [one.name for one in index.documents(reader)[0]] == allowed

        never_leaks()
