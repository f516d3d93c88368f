"""The readiness report: one file that says what to do, for anybody, anywhere, whatever stands in the data."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import json
import re
import time
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from roadworthy.data import Column, ColumnProfile, ColumnType, Finding, Guess, Profile
from roadworthy.data.readiness import Parts, Step, document
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest_of
from roadworthy.server.charts import legible
from roadworthy.server.reports import minutes, readiness_page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![pixel](https://evil.example/p.png)",
    "javascript:alert(1)",
    "</style></title></svg><script>alert(1)</script>",
    "{{ 7 * 7 }}{% for x in ().__class__ %}",
    "\u202egnp.exe\u202c\u2066\u200f",
    "`</code><b onclick=alert(1)>`",
    "\x00\x1b[31m\ud800",
    "' style='position:fixed",
    "]]><!--",
)
VOID = {"meta", "br", "link", "img", "input", "rect", "path"}


class Seen(HTMLParser):
    """What stands on a page: elements with their attributes, in order, and that all are closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.elements if tag in tags]


def profile(name: str = "crm", columns: int = 3, text: str = "city") -> Profile:
    made = []
    for number in range(columns):
        kind = (ColumnType.TEXT, ColumnType.NUMBER, ColumnType.DATE)[number % 3]
        made.append(
            ColumnProfile(
                Column(f"{text}{number or ''}", kind),
                rows=1_000,
                nulls=17,
                distinct=40,
                minimum="0",
                maximum="100",
                mean=12.5,
                quantiles=(1.0, 5.0, 9.0, 20.0, 80.0) if kind is ColumnType.NUMBER else (),
                histogram=tuple((str(edge * 5), 50 - edge) for edge in range(20)),
                frequent=tuple((f"{text} {value}", 90 - value) for value in range(10)),
                masks=(("Aa", 900), ("A", 83)),
                personal={text: 0.9} if number % 7 == 5 else {},
            )
        )
    findings = (Finding("RW-DATA-101", f"a ragged row: {text}", text, text, 3),)
    guess = Guess(text, text, text, text, True, text, False)
    return Profile(name, 1_000, 500, tuple(made), guess, digest_of("rows"), findings)


def check(name: str, verdict: str = "fail", text: str = "city") -> dict[str, Any]:
    return {
        "id": name, "table": text, "column": text, "kind": text, "dimension": text, "severity": text,
        "verdict": verdict, "value": text, "bound": text, "rows": 1_000, "failing_rows": 2, "reason": text,
        "sample": [17, text, {"row": 4, text: text}],
    }  # fmt: skip


def asked(name: str, subject: str, mark: str, text: str = "") -> dict[str, Any]:
    says = text or f"{name} of {subject}"
    return {"id": name, "asks": says, "subject": subject, "mark": mark, "reason": text, "next_step": text}


def report(text: str = "city", **other: Any) -> dict[str, Any]:
    """A document with everything in it, ``text`` wherever a text stands; as JSON gives it back."""
    parts = Parts(
        profile(text, 8, text), text, text, text, [text], {text: False},
        [check(text, text=text), check("b", "not_evaluated", text), check("c", "pass", text)],  # type: ignore[list-item]
        {"cells": 5, "by_rule": [[text, 5]], "sample": [{"row": 1, "column": text, "value": text, "repair": None, "reason": text, "confidence": 0.9}]},
        {"rows": 4, "share": 0.004, "clusters": 2, "unclear_pairs": 1},
        {"age_seconds": 200_000.0, "promised_seconds": 86_400.0, "newest": text},
    )  # fmt: skip
    whole: dict[str, Any] = dict(
        document(
            title=text,
            made_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
            use_case=text,
            verdict={"ready": False, "sentence": text},
            requirements=[asked(text, text, text, text)],  # type: ignore[list-item]
            steps=[Step(text, text, text, text, text, 3, 5, (text,), (text,), text)],
            sources=[parts],
        )
    )
    return json.loads(json.dumps(whole | other))  # type: ignore[no-any-return]


# Nothing executes -----------------------------------------------------------------------------


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_stands_in_the_data_stays_text(hostile: str) -> None:
    page = readiness_page(report(hostile))
    page.encode()
    seen = Seen(page)
    assert seen.open == []
    tags = {tag for tag, _ in seen.elements}
    assert tags == {tag for tag, _ in Seen(readiness_page(report())).elements} | {"code"} & tags
    assert not tags & {"script", "img", "iframe", "object", "embed", "base", "form", "input", "link", "b"}
    for tag, attrs in seen.elements:
        assert not [
            name for name in attrs if name.startswith("on") or name in {"style", "src", "srcset"}
        ], tag
        if attrs.get("href"):
            assert re.fullmatch(r"#(content|source-\d+)", attrs["href"] or "")
    shown = markup.unescape(page)
    assert all(part in shown for part in legible(hostile).split("`"))


def test_what_turns_the_direction_of_writing_is_shown_and_kept_apart() -> None:
    page = readiness_page(report("\u202egnp.exe"))
    assert "\u202e" not in page
    assert '<bdi class="name">⟨202E⟩gnp.exe</bdi>' in page


def test_the_page_asks_for_nothing_and_its_policy_forbids_the_rest() -> None:
    page = readiness_page(report())
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [one["content"] for one in Seen(page).all("meta") if one.get("http-equiv")]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


# What it says ---------------------------------------------------------------------------------


def planned(*bought: tuple[str, ...]) -> dict[str, Any]:
    steps = [
        Step(f"do {n}", "why", "look", "crm", minutes=40, buys=buys).as_json()
        for n, buys in enumerate(bought)
    ]
    requirements = [
        asked("data.checks", "crm", "fail"),
        asked("data.checks", "shop", "pass"),
        asked("data.fresh", "", "hold"),
    ]
    return report(steps=steps, requirements=requirements)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(Seen(page).text))


def test_the_plan_says_after_which_step_everything_holds() -> None:
    text = text_of(readiness_page(planned(("data.fresh",), ("data.checks:crm", "city_valid"), ())))
    assert (
        "Steps 1 to 2, about 1 h 20 min of work, and every requirement holds by what is known today."
        in text
    )
    assert "The steps after them improve the data further." in text
    assert "Then data.checks of crm; check city_valid passes" in text
    assert "2 h" in text


def test_the_plan_says_what_stays_open_after_all_of_it() -> None:
    text = text_of(readiness_page(planned(("data.fresh",))))
    assert "All steps together are about 40 min of work. 1 requirement stays open after them" in text
    nothing = text_of(readiness_page(report(steps=[])))
    assert "Nothing: no fact in this report asks for a repair." in nothing


def test_open_requirements_come_first_and_only_they_have_a_next_step() -> None:
    page = readiness_page(
        report(requirements=[asked("a", "", "pass", "held one"), asked("b", "", "hold", "open one")])
    )
    assert page.index("open one") < page.index("held one")
    assert page.count("Next:") == 1


def test_a_source_says_what_fails_who_owns_it_and_how_old_it_is() -> None:
    text = text_of(readiness_page(report("billing")))
    for said in ("owner billing", "2.3 days, 1 day promised", "2 of 1,000", "drawn from 500 of 1,000 rows", "4 rows (0.4 %) are another row's duplicate", "row 17", "fails a check", "not declared"):  # fmt: skip
        assert said in text, said


def test_distributions_are_drawn_by_what_the_columns_hold() -> None:
    page = readiness_page(report())
    assert "Frequent values of city, rows" in page
    assert "<title>Distribution of city1</title>" in page
    assert "Shapes of city5, rows" in page, "personal data are shown as shapes alone"
    assert markup.unescape(page).count("values masked") == 1


def test_a_document_without_anything_is_a_page_too() -> None:
    text = text_of(readiness_page(report(sources=[], steps=[], requirements=[])))
    assert "no requirement of the use case is about its data" in text
    bare = report()
    bare["sources"][0] |= {
        "columns": [],
        "checks": [],
        "duplicates": None,
        "freshness": None,
        "findings": [],
    }
    bare["sources"][0]["suspects"] = {"cells": 0, "by_rule": [], "sample": []}
    assert "No column." in text_of(readiness_page(bare))


def test_figures_that_are_none_do_not_stop_the_page() -> None:
    odd = report()
    odd["sources"][0]["columns"][1] |= {
        "rows": 0,
        "nulls": 0,
        "mean": float("inf"),
        "quantiles": [float("nan")] * 5,
    }
    odd["sources"][0]["duplicates"]["share"] = float("nan")
    odd["sources"][0]["freshness"]["age_seconds"] = float("inf")
    assert "nan" not in text_of(readiness_page(odd))


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(InputProblem, match="this field is missing"):
        readiness_page({"schema_version": 1})


@pytest.mark.parametrize(
    ("work", "said"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (127, "2 h 10 min"), (1_000, "2.5 working days")]
)  # fmt: skip
def test_planned_work_is_told_as_roughly_as_it_is_known(work: int, said: str) -> None:
    assert minutes(work) == said


# For everybody --------------------------------------------------------------------------------


def test_headings_are_in_order_landmarks_are_there_and_tables_have_heads() -> None:
    page = readiness_page(report())
    seen = Seen(page)
    levels = [int(tag[1]) for tag, _ in seen.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in seen.elements}
    assert all(one.get("scope") in {"col", "row"} for one in seen.all("th"))
    names = [one["id"] for _, one in seen.elements if one.get("id")]
    assert len(names) == len(set(names))
    for _, attrs in seen.elements:
        if attrs.get("aria-labelledby"):
            assert attrs["aria-labelledby"] in names
        if attrs.get("href"):
            assert (attrs["href"] or "")[1:] in names
    assert page.count("<details") == page.count("<summary")


def test_no_state_is_told_by_colour_alone() -> None:
    """Every mark holds a word beside its sign."""
    marks = re.findall(r'<span class="mark [^"]*">(.*?)</span>\s*([^<]*)</span>', readiness_page(report()))
    assert marks
    assert all(word.strip() for _, word in marks)


# Large ----------------------------------------------------------------------------------------


def test_twenty_sources_of_two_hundred_columns_stay_small_and_quick() -> None:
    sources = []
    for number in range(20):
        one = report(f"source number {number}")["sources"][0]
        one["columns"] = json.loads(json.dumps(one["columns"])) * 25
        one["checks"] = one["checks"] * 200
        sources.append(one)
    steps = [Step(f"do {n}", "why" * 20, "look", "crm", buys=("a", "b")).as_json() for n in range(4_000)]
    large = report(sources=sources, steps=steps)
    readiness_page(report())
    before = time.process_time()
    page = readiness_page(large)
    assert time.process_time() - before < 2
    assert len(page.encode()) < 5_000_000
    assert "3,800 more steps stand in the JSON twin of this page." in page
    assert page.count('class="column"') == 480
    assert page.count("176 further columns") == 20


def test_of_many_columns_those_that_need_attention_are_drawn() -> None:
    large = report()
    (source,) = large["sources"]
    plain = source["columns"][0] | {"declared": None}
    source["columns"] = [plain | {"name": f"plain{n}"} for n in range(600)] + [
        plain | {"name": "late", "personal": {"email": 0.9}},
        plain | {"name": "city"},
    ]
    page = readiness_page(large)
    for name in ("late", "city"):
        assert f'<h4><bdi class="name">{name}</bdi>' in page
    assert "122 further columns" in page
