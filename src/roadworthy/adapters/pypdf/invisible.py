"""Which operations of a page draw text that nobody sees."""

from __future__ import annotations

from typing import Any

from roadworthy.adapters.pypdf.painting import Painting
from roadworthy.operate.knowledge.packages import needed

_SHOWS = frozenset({b"Tj", b"TJ", b"'", b'"'})
_MOST_FORMS = 200


def parted(document: Any, page: Any) -> tuple[Any, Any]:
    """The page with what it shows and, where it has any, the same page with nothing but invisible text; else None.

    Forms that the page draws are changed in place; the document is only read.
    """
    generic = needed("pypdf.generic", what="PDF files")
    contents = page.get_contents()
    hidden: list[tuple[Any, bytes]] = []
    if contents is not None:
        shown, hidden = _split(contents.operations, Painting(page.get("/Resources"), _window(page)))
        if hidden:
            page[generic.NameObject("/Contents")] = _stream(generic, document, shown)
    hidden += _forms(generic, document, page)
    if not hidden:
        return page, None
    unseen = generic.DictionaryObject(page)
    unseen[generic.NameObject("/Contents")] = _stream(generic, document, hidden)
    pages = needed("pypdf", what="PDF files").PageObject(document)
    pages.update(unseen)
    return page, pages


def _window(page: Any) -> tuple[float, float, float, float]:
    box = page.cropbox
    left, right = sorted((float(box.left), float(box.right)))
    low, high = sorted((float(box.bottom), float(box.top)))
    return left, low, right, high


def _forms(generic: Any, document: Any, page: Any) -> list[tuple[Any, bytes]]:
    """Invisible operations of the forms below a page, taken out of them. No recursion: forms may draw themselves."""
    hidden: list[tuple[Any, bytes]] = []
    todo = [page.get("/Resources")]
    seen: set[int] = set()
    while todo and len(seen) < _MOST_FORMS:
        resources = _value(todo.pop())
        forms = _value(resources.get("/XObject")) if isinstance(resources, dict) else None
        for form in list(forms.values()) if isinstance(forms, dict) else []:
            form = _value(form)
            if (
                not isinstance(form, generic.StreamObject)
                or id(form) in seen
                or form.get("/Subtype") != "/Form"
            ):
                continue
            seen.add(id(form))
            todo.append(form.get("/Resources"))
            shown, unseen = _split(
                generic.ContentStream(form, document).operations, Painting(form.get("/Resources"), None)
            )
            if unseen:
                hidden += unseen
                form._data = _stream(generic, document, shown).get_data()
                form.pop("/Filter", None)
                form.pop("/DecodeParms", None)
                form.__dict__.pop("decoded_self", None)
    return hidden


def _split(
    operations: list[tuple[Any, bytes]], painting: Painting
) -> tuple[list[tuple[Any, bytes]], list[tuple[Any, bytes]]]:
    """What is seen, and what is not with everything that places it; the latter empty where nothing is hidden."""
    shown: list[tuple[Any, bytes]] = []
    unseen: list[tuple[Any, bytes]] = []
    found = False
    for operands, operator in operations:
        text = operator in _SHOWS
        if operator in (b"'", b'"') or not text:
            painting.take(operands if isinstance(operands, list) else [], operator)
        # A form is drawn in the mode that it is called in.
        if (text and painting.hides(operands)) or (operator == b"Do" and painting.draws_nothing):
            found = True
            unseen.append((operands, operator))
        else:
            shown.append((operands, operator))
            if operator != b"Do" and not text:
                unseen.append((operands, operator))
    return shown, unseen if found else []


def _stream(generic: Any, document: Any, operations: list[tuple[Any, bytes]]) -> Any:
    made = generic.ContentStream(None, document)
    made.operations = operations
    return made


def _value(given: Any) -> Any:
    return given.get_object() if hasattr(given, "get_object") else given
