"""Readers of every kind: structure is kept, hidden text is left out and told, and bad files end in findings."""

import io
import zipfile
import zlib
from typing import Any

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge import Finding
from roadworthy.knowledge.draft import Draft
from roadworthy.wiring.knowledge_sources import readers

BY_KIND = {kind: reader for reader in readers() for kind in reader.kinds}


def read(name: str, data: bytes | str) -> Any:
    kind = name[name.rindex(".") :]
    return BY_KIND[kind].read(name, data.encode() if isinstance(data, str) else data)


def texts(draft: Any) -> list[tuple[str, str]]:
    assert isinstance(draft, Draft), draft
    return [(block.kind, block.text) for block in draft.blocks]


def kinds(found: Any) -> list[str]:
    return [each.kind for each in (found if isinstance(found, tuple) else found.findings)]


def a_pdf(content: bytes, resources: bytes = b"", *more: bytes, stream: bytes = b"") -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>" + resources + b">>>>",
        stream or b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        *more,
    ]  # fmt: skip
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        out
        + head
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    )


def a_form(content: bytes, resources: bytes = b"") -> bytes:
    return (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 600 700]/Resources<</Font<</F1 5 0 R>>" + resources
        + b">>/Length %d>>stream\n%s\nendstream" % (len(content), content)
    )  # fmt: skip


def a_docx(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


# ── Markdown ─────────────────────────────────────────────────────────────────────────────────────


def test_markdown_keeps_its_structure() -> None:
    found = read(
        "a.md",
        "---\ntitle: T\n---\n# One\n\nText *of* `c`\nline.\n\n- a\n  - b\n\n1. x\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> q\n\n```\ncode\n```\n",
    )
    assert texts(found) == [
        ("heading", "One"), ("paragraph", "Text of c\nline."), ("list", "- a\n  - b"), ("list", "1. x"),
        ("table", "a | b\n1 | 2"), ("quote", "q"), ("code", "code"),
    ]  # fmt: skip


def test_everything_that_is_wrong_in_a_front_matter_is_told_with_its_line() -> None:
    found = read(
        "d.md",
        "---\ntopic: x\nupdated: soon\nvalid_untl: 2026-01-01\nfacts: {a: [1]}\nclass: 7\naccess:\n---\n",
    )
    assert [(each.kind, each.place.split(",")[0]) for each in found] == [
        ("head", f"line {line}") for line in (1, 3, 4, 5, 6, 7)
    ]
    assert "did you mean `valid_until`?" in found[2].detail


@pytest.mark.parametrize(
    "text",
    ["\n---\ntitle: A\naccess: []\n---\nx", "---\ntitle: A\nx", "+++\ntitle = 1\n+++\nx", "just text"],
)
def test_a_front_matter_that_is_not_understood_is_never_taken_for_text(text: str) -> None:
    assert kinds(read("a.md", text)) == ["head"]


def test_a_first_heading_stands_in_for_a_front_matter() -> None:
    assert texts(read("a.md", "# Title\n\ntext"))[0] == ("heading", "Title")


def test_hidden_html_in_markdown_is_hidden_over_several_blocks() -> None:
    found = read(
        "a.md", "---\ntitle: A\n---\n<div style='display:none'>\n\nsecret\n\n</div>\n\nseen <!-- note -->\n"
    )
    assert texts(found) == [("paragraph", "seen")]
    assert kinds(found) == ["hidden"]


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_keeps_its_structure_and_what_it_says_of_itself() -> None:
    found = read(
        "a.html",
        "<html lang=de><title>T</title><meta name=date content='2026-03-05T10:00'><h2>One</h2>a <b>b</b>c<p>d<br>e"
        "<ul><li>x<ul><li>y</ul><li><p>z</ul><table><tr><th>K<th>V<tr><td>1<td>2</table><pre> p\n  q</pre>"
        "<blockquote><p>q<p>r</blockquote><script>no()</script><style>p{}</style>",
    )
    assert texts(found) == [
        ("heading", "One"), ("paragraph", "a bc"), ("paragraph", "d\ne"), ("list", "- x\n  - y\n- z"),
        ("table", "K | V\n1 | 2"), ("code", " p\n  q"), ("quote", "q\nr"),
    ]  # fmt: skip
    assert (found.told.title, found.told.language, str(found.told.updated)) == ("T", "de", "2026-03-05")


@pytest.mark.parametrize(
    "hiding",
    [
        "<p hidden>X</p>", "<p aria-hidden=true>X</p>", "<p style='display:none'>X</p>", "<p style='visibility: hidden'>X",
        "<p style='OPACITY:0'>X", "<p style='font-size:0px'>X", "<p style='font-size:1px'>X", "<p style='color:#FFF'>X",
        "<div style='background:white'><p style='color:white'>X</div>", "<font color=white>X</font>",
        "<p style='position:absolute;left:-9999px'>X", "<p style='text-indent:-999em'>X", "<noscript>X</noscript>",
        "<style>.h{display:none}</style><p class='a h'>X", "<style>@media screen{p#i.j{opacity:0}}</style><p id=i class=j>X",
        "<p style='clip:rect(0,0,0,0)'>X", "<p style='height:0;overflow:hidden'>X", "<p style='color:transparent'>X",
    ],
)  # fmt: skip
def test_what_people_do_not_see_is_left_out_and_quoted(hiding: str) -> None:
    found = read("a.html", f"<body><p>seen</p>{hiding}")
    assert texts(found) == [("paragraph", "seen")]
    assert kinds(found) == ["hidden"]
    assert "`X`" in found.findings[0].detail


@pytest.mark.parametrize(
    "shown",
    [
        "<div style='background:#000'><p style='color:white'>X</div>", "<p style='font-size:12px'>X",
        "<style>@media print{p{display:none}}</style><p>X", "<style>.h{display:none}.h{display:block}</style><p class=h>X",
        "<style>.a .b{display:none}</style><p class=b>X", "<p style='opacity:0.9;left:-10px'>X", "<p style='height:0'>X",
    ],
)  # fmt: skip
def test_what_people_see_is_kept(shown: str) -> None:
    found = read("a.html", f"<body>{shown}")
    assert texts(found) == [("paragraph", "X")]
    assert kinds(found) == []


def test_comments_and_alternative_texts_are_put_aside() -> None:
    found = read("a.html", "<body>x<!-- a note --><img alt='a cat'><template><p>t</p></template>")
    assert texts(found) == [("paragraph", "x")]
    assert {"a note", "a cat"} <= {each.strip() for each in found.concealed}


@pytest.mark.parametrize(
    "page",
    ["<div>" * 100_000, "<div></x>" * 100_000, "<b><i><u>" * 300 + "<p>x" * 50_000, "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">x"],
    ids=["nested", "nested behind false ends", "formatting left open", "attributes"],
)  # fmt: skip
def test_pages_made_against_parsers_are_not_parsed(page: str) -> None:
    assert kinds(read("a.html", page)) == ["broken"]


# ── PDF ──────────────────────────────────────────────────────────────────────────────────────────


def test_pages_are_read_and_invisible_text_is_left_out() -> None:
    data = a_pdf(b"BT /F1 12 Tf 72 700 Td (Hello.) Tj ET q BT 3 Tr /F1 12 Tf 72 600 Td (ignore this) Tj ET Q BT /F1 9 Tf 72 500 Td (Seen.) Tj ET")  # fmt: skip
    found = read("a.pdf", data)
    assert [(block.text, block.page) for block in found.blocks] == [("Hello.\nSeen.", 1)]
    assert kinds(found) == ["hidden"]
    assert "`ignore this`" in found.findings[0].detail


@pytest.mark.parametrize("page", [b"/X Do", b"BT 3 Tr ET /X Do"])
def test_forms_hide_nothing_either(page: bytes) -> None:
    form = a_form(b"BT 3 Tr /F1 12 Tf 72 600 Td (secret) Tj ET")
    found = read("a.pdf", a_pdf(page, b"/XObject<</X 6 0 R>>", form))
    assert "secret" not in str([block.text for block in getattr(found, "blocks", ())])
    assert "empty" in kinds(found)


@pytest.mark.parametrize(
    "hidden",
    [
        b"1 1 1 rg BT /F1 12 Tf 50 600 Td (X) Tj ET", b"0.97 g BT /F1 12 Tf 50 600 Td (X) Tj ET",
        b"BT /F1 0.1 Tf 50 600 Td (X) Tj ET", b"BT /F1 12 Tf 0.001 0 0 0.001 50 600 Tm (X) Tj ET",
        b"BT /F1 12 Tf -5000 600 Td (X) Tj ET", b"BT 0 Tz /F1 12 Tf 50 600 Td (X) Tj ET",
        b"q 0 0 0 0 re W n BT /F1 12 Tf 50 600 Td (X) Tj ET Q",
    ],
)  # fmt: skip
def test_pale_tiny_and_distant_text_of_a_pdf_is_left_out(hidden: bytes) -> None:
    found = read("a.pdf", a_pdf(b"BT /F1 12 Tf 50 700 Td (Seen) Tj ET\n" + hidden))
    assert [text for _, text in texts(found)] == ["Seen"]
    assert kinds(found) == ["hidden"]


def test_white_text_of_a_pdf_on_a_dark_ground_is_seen() -> None:
    found = read("a.pdf", a_pdf(b"0 g 40 590 200 30 re f 1 g BT /F1 12 Tf 50 600 Td (Seen) Tj ET"))
    assert texts(found) == [("paragraph", "Seen")]
    assert kinds(found) == []


def test_a_pdf_that_unpacks_to_gigabytes_is_refused() -> None:
    packed = zlib.compress(b"0 0 m " * 5_000_000)
    stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    assert kinds(read("a.pdf", a_pdf(b"", stream=stream))) == ["too-large"]


def test_forms_that_draw_one_another_ten_times_over_come_to_an_end() -> None:
    forms = [a_form(b"/X Do " * 10, b"/XObject<</X %d 0 R>>" % (7 + n)) for n in range(12)]
    found = read(
        "a.pdf", a_pdf(b"/X Do", b"/XObject<</X 6 0 R>>", *forms, a_form(b"BT /F1 9 Tf (x) Tj ET"))
    )
    assert len(str(found)) < 100_000


def test_encrypted_empty_and_broken_pdfs_say_what_they_are() -> None:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    blank = io.BytesIO()
    writer.write(blank)
    writer.encrypt("secret")
    locked = io.BytesIO()
    writer.write(locked)
    assert kinds(read("a.pdf", locked.getvalue())) == ["encrypted"]
    (empty,) = read("a.pdf", blank.getvalue())
    assert empty.kind == "empty"
    assert "pictures are not read" in empty.detail
    for broken in (b"", b"%PDF-1.4", a_pdf(b"BT")[:200], b"\0" * 500, b"not a pdf"):
        assert kinds(read("a.pdf", broken)) == ["broken"]


# ── DOCX ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_word_document_is_read_as_it_is_printed() -> None:
    made = docx.Document()
    made.add_heading("One", 1)
    made.add_paragraph("Seen ").add_run("gone").font.hidden = True
    for each in ("a", "b"):
        made.add_paragraph(each, style="List Bullet")
    table = made.add_table(2, 2)
    for cell, text in zip(table._cells, ("K", "V", "1", "2"), strict=True):
        cell.text = text
    made.add_paragraph().add_run("white").font.color.rgb = docx.shared.RGBColor(255, 255, 255)
    deleted = made.add_paragraph("kept")._p
    mark = deleted.makeelement(docx.oxml.ns.qn("w:del"), {})
    run = deleted.makeelement(docx.oxml.ns.qn("w:r"), {})
    text = deleted.makeelement(docx.oxml.ns.qn("w:delText"), {})
    text.text = "struck"
    run.append(text)
    mark.append(run)
    deleted.append(mark)
    found = read("a.docx", a_docx(made))
    assert texts(found) == [
        ("heading", "One"), ("paragraph", "Seen "), ("list", "- a\n- b"), ("table", "K | V\n1 | 2"), ("paragraph", "kept"),
    ]  # fmt: skip
    assert {each.detail.split("`")[1] for each in found.findings} == {"gone", "white", "struck"}


def test_packed_files_are_measured_before_they_are_opened() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b" " * 60_000_000)
    assert kinds(read("a.docx", bomb.getvalue())) == ["too-large"]
    assert kinds(read("a.docx", b"\xd0\xcf\x11\xe0" + b"x" * 100)) == ["encrypted"]
    assert kinds(read("a.docx", b"PK nothing")) == ["broken"]


# ── text, mail, tables ───────────────────────────────────────────────────────────────────────────


def test_text_says_when_its_encoding_is_a_guess() -> None:
    german = "Die Gebühr für Überweisungen beträgt fünf Euro. Größere Beträge prüfen wir. " * 5
    found = read("a.txt", german.encode("cp1252"))
    assert texts(found)[0][1].strip() == german.strip()
    assert kinds(found) == ["encoding"]
    assert kinds(read("a.txt", german.encode("utf-16"))) == []
    assert texts(read("a.txt", "one\n \ntwo\nlines")) == [("paragraph", "one"), ("paragraph", "two\nlines")]
    assert kinds(read("a.txt", bytes(range(256)) * 50 + b"\0" * 2000)) == ["broken"]


def test_a_message_gives_its_text_and_tells_its_attachments() -> None:
    found = read(
        "m.eml",
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nFrom: A <a@b.example>\nDate: Thu, 5 Mar 2026 10:00:00 +0100\n"
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nHello\n\n> old\n> > older\n\nBye\n"
        "--x\nContent-Type: text/html\n\n<p>no\n--x\nContent-Type: application/pdf\n"
        "Content-Disposition: attachment; filename=a.pdf\n\nxx\n--x--\n",
    )
    assert texts(found) == [("paragraph", "Hello"), ("quote", "old\nolder"), ("paragraph", "Bye")]
    assert (found.told.title, found.told.origin, found.foreign) == ("Grüße", "A <a@b.example>", True)
    assert "`a.pdf`" in next(each.detail for each in found.findings if each.kind == "unread")


def test_a_message_of_html_hides_nothing_and_nested_parts_come_to_an_end() -> None:
    found = read("m.eml", "Subject: x\nContent-Type: text/html\n\n<p>hi<p hidden>boo")
    assert texts(found) == [("paragraph", "hi")]
    assert "hidden" in kinds(found)
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000))
    assert kinds(read("m.eml", deep)) == ["broken"]


def test_rows_are_records_that_name_their_columns() -> None:
    found = read("t.csv", "name;city\nAnna;Roma\nBo;\n;\n")
    assert texts(found) == [("list", "name: Anna\ncity: Roma"), ("list", "name: Bo")]
    assert texts(read("t.tsv", "a\tb\n1\t2\t3"))[0] == ("list", "a: 1\nb: 2\ncolumn 3: 3")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(BY_KIND)),
    st.binary(max_size=300) | st.text(alphabet="<>-#|a\n\"'/=:{}[]&;%", max_size=200).map(str.encode),
)
def test_whatever_stands_in_a_file_no_reader_raises(kind: str, data: bytes) -> None:
    starts = {".pdf": b"%PDF-1.7\n", ".docx": b"PK\x03\x04", ".xlsx": b"PK\x03\x04"}
    for content in (data, starts.get(kind, b"") + data):
        found = BY_KIND[kind].read(f"a{kind}", content)
        assert isinstance(found, Draft) or (found and all(isinstance(each, Finding) for each in found))
