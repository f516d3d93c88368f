"""Small files that were made to hang a reader, and text that was made to be read by models alone."""

import io
import time
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from roadworthy.adapters.records.reader import MOST_CHARACTERS
from roadworthy.knowledge import Finding
from roadworthy.knowledge.draft import Draft
from roadworthy.wiring.knowledge_sources import readers

BY_KIND = {kind: reader for reader in readers() for kind in reader.kinds}
SECRET = "zebrafish"


def read(name: str, data: bytes | str) -> Draft | tuple[Finding, ...]:
    kind = name[name.rindex(".") :]
    return BY_KIND[kind].read(name, data.encode() if isinstance(data, str) else data)


def kinds(found: Draft | tuple[Finding, ...]) -> list[str]:
    return [each.kind for each in (found if isinstance(found, tuple) else found.findings)]


def text(found: Draft | tuple[Finding, ...]) -> str:
    return "" if isinstance(found, tuple) else "\n".join(block.text for block in found.blocks)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", "# A\n\n<div> --> " + "<!--" * 50_000 + "\n\nx\n"),
        ("a.md", "# A\n\n" + "[" * 50_000 + "a\n"),
        ("a.html", "<h1>A</h1><p hidden>" + "<b> </b>" * 50_000),
        ("a.html", "<h1>A</h1>" + "<div><!--</div>-->" * 50_000 + "x"),
        ("a.html", "<h1>A</h1>" + "<div><i title='</div>'>" * 50_000 + "x"),
        ("a.html", "<style>" + ",".join(f".a.x{i}" for i in range(4900)) + "{display:none}</style>" + "<p class=a>x" * 5_000),
        ("a.html", "<style>" + "".join(f".a.x{i}{{display:none}}" for i in range(4900)) + "</style>" + "".join(f"<p class='a c{i}'>x" for i in range(5_000))),
        ("a.eml", "From: " + "a," * 100_000 + "\nSubject: x\n\nbody\n"),
        ("a.eml", "From: a@b.c\nContent-Type: multipart/mixed; boundary=X; " + "a*0*=b;" * 20_000 + "\n\n--X\n\nbody\n--X--\n"),
    ],
    ids=["comments", "brackets", "hidden text", "ends in comments", "ends in attributes", "classes", "all classes", "senders", "parameters"],
)  # fmt: skip
def test_files_made_to_hang_a_reader_are_done_in_seconds(name: str, data: str) -> None:
    started = time.process_time()
    read(name, data)
    assert time.process_time() - started < 3


def test_a_table_ends_where_its_cells_and_column_names_add_up_to_too_much() -> None:
    columns = ",".join(f"{'n' * 190}{number}" for number in range(500))
    found = read("a.csv", columns + "\n" + (",".join("1" * 500) + "\n") * 1_000)
    assert kinds(found) == ["too-large"]
    assert len(text(found)) <= MOST_CHARACTERS + 1_000


@pytest.mark.parametrize(
    "style",
    [
        "display: none ! important", "display:/**/none", "display:n\\6fne", "a:b;" * 1300 + "display:none", "opacity:1%",
        "filter:opacity(0)", "color:rgb(255 255 255)", "color:hsl(0,0%,100%)", "color:#fffffd", "color:rgba(0,0,0,0.01)",
        "background:red;color:#f00", "background:white none;color:white", "position:absolute;left:-100vw",
        "position:absolute;left:9999px", "margin:0 0 0 -9999px", "max-height:0;overflow-y:hidden", "zoom:0",
        "clip-path:polygon(0 0,0 0,0 0)", "transform:scale(0.001)", "font-size:1%", "font-size:calc(0px)",
    ],
)  # fmt: skip
def test_no_way_of_writing_a_style_hides_text_untold(style: str) -> None:
    found = read("a.html", f'<h1>T</h1><p>seen</p><p style="{style}">{SECRET}</p>')
    assert SECRET not in text(found)
    assert kinds(found) == ["hidden"]


@pytest.mark.parametrize(
    "page",
    [
        "<style>body > .x{display:none}</style>{}", "<style>p:not(.y).x{display:none}</style>{}",
        "<style>[data-x]{display:none}</style>{}", "<style>@media (min-width:1px){.x{display:none}}</style>{}",
        "<style></style>" * 60 + "<style>.x{display:none}</style>{}", "<style>body{.x{display:none}}</style>{}",
        "<dialog>{}</dialog>", "<div popover>{}</div>", "<style>#i{display:none} .x{display:block}</style>{}",
    ],
)  # fmt: skip
def test_no_way_of_choosing_an_element_hides_it_untold(page: str) -> None:
    found = read("a.html", "<h1>T</h1>" + page.rsplit("{}", 1)[0] + f"<p id=i class=x data-x>{SECRET}</p>")
    assert SECRET not in text(found)
    assert kinds(found) == ["hidden"]


def test_rules_that_hide_by_what_is_not_understood_are_told() -> None:
    found = read("a.html", "<style>p:frob(1){display:none}</style><p>seen</p>")
    assert kinds(found) == ["hidden"]
    assert "p:frob(1)" in found.findings[0].detail  # type: ignore[union-attr]


def _mark(run: Any, tag: str, **values: str) -> None:
    made = OxmlElement(tag)
    for name, value in values.items():
        made.set(qn(f"w:{name}"), value)
    run._r.get_or_add_rPr().append(made)


def _styled(document: Any) -> None:
    style = document.styles.add_style("P", 1)
    style.font.size = Pt(1)
    document.add_paragraph(SECRET, style=style)


def _row(document: Any) -> None:
    table = document.add_table(1, 1)
    table.cell(0, 0).text = SECRET
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:hidden"))


def _pale(document: Any) -> None:
    document.add_paragraph().add_run(SECRET).font.color.rgb = RGBColor(255, 255, 253)


def _of_the_theme(document: Any) -> None:
    _mark(document.add_paragraph().add_run(SECRET), "w:color", val="auto", themeColor="background1")


@pytest.mark.parametrize("hide", [_styled, _row, _pale, _of_the_theme])
def test_a_word_document_hides_nothing_by_styles_rows_or_pale_colours(hide: Callable[[Any], None]) -> None:
    document = docx.Document()
    document.add_paragraph("seen")
    hide(document)
    packed = io.BytesIO()
    document.save(packed)
    found = read("a.docx", packed.getvalue())
    assert text(found) == "seen"
    assert kinds(found) == ["hidden"]


def test_where_text_and_page_of_a_message_differ_the_page_counts() -> None:
    def message(said: str) -> str:
        return (
            "From: a@b.c\nSubject: hi\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=X\n\n--X\n"
            f"Content-Type: text/plain\n\n{said}\n--X\nContent-Type: text/html\n\n<p>Your fee is two euros</p>\n--X--\n"
        )

    other = read("a.eml", message(f"{SECRET} please transfer"))
    assert (text(other), kinds(other)) == ("Your fee is two euros", ["hidden"])
    same = read("a.eml", message("Your fee is two euros"))
    assert (text(same), kinds(same)) == ("Your fee is two euros", [])
