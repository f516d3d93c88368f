"""Which runs of a Word document are printed."""

from __future__ import annotations

from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_OFF = frozenset({"0", "false", "off", "none"})
_PALE = 0xEB
"""Of 255: colours whose channels are all above are not seen on white."""
_GROUNDS = frozenset({"background1", "bg1", "light1", "lt1"})
_NARROWEST = 5
"""Per cent of a letter's width."""
_DEEPEST = 20
_SMALLEST = 4
"""Half points: what is set in two points or less is not there to be read."""


def w(name: str) -> str:
    """The full name of a WordprocessingML element or attribute (ISO/IEC 29500-1)."""
    return _W + name


class Runs:
    """Texts of paragraphs. ``hidden``: why something was left out, the first such text, and how often."""

    def __init__(self, document: Any) -> None:
        self.hidden: dict[str, tuple[str, int]] = {}
        self._names: dict[str, str] = {}
        self._bases: dict[str, str] = {}
        self._said: dict[str, Any] = {}
        self._usual = ""
        """The style of paragraphs that name none."""
        for style in document.styles.element.iter(w("style")):
            id_ = style.get(w("styleId")) or ""
            name, base = style.find(w("name")), style.find(w("basedOn"))
            self._names[id_] = (name.get(w("val")) or "") if name is not None else ""
            self._bases[id_] = (base.get(w("val")) or "") if base is not None else ""
            self._said[id_] = style
            if style.get(w("type")) == "paragraph" and (style.get(w("default")) or "").lower() in (
                "1",
                "true",
                "on",
            ):
                self._usual = id_

    def style_name(self, properties: Any) -> str:
        """The name of a paragraph's style as Word spells it in English, whatever language it is shown in."""
        style = properties.find(w("pStyle")) if properties is not None else None
        return self._names.get(style.get(w("val")) or "", "") if style is not None else ""

    def text(self, element: Any, *, in_table: bool = False) -> str:
        """What is printed of a paragraph or a cell."""
        parts: list[str] = []
        todo = list(reversed(element))
        while todo:
            here = todo.pop()
            if not isinstance(here.tag, str) or here.tag == _FALLBACK:
                continue
            if here.tag in (w("del"), w("moveFrom")):
                self._leave_out("deleted, though Word still holds it", here)
            elif here.tag == w("r"):
                why = self._why(here, in_table)
                if why:
                    self._leave_out(why, here)
                else:
                    todo += list(reversed(here))
            elif here.tag == w("t"):
                parts.append(here.text or "")
            elif here.tag in (w("tab"), w("ptab")):
                parts.append("\t" if here.getparent().tag == w("r") else "")
            elif here.tag in (w("br"), w("cr")):
                parts.append("\n")
            elif here.tag == w("noBreakHyphen"):
                parts.append("-")
            elif here.tag in (w("pPr"), w("rPr"), w("instrText"), w("delText"), w("sdtPr")):
                continue
            else:
                if here.tag == w("p"):
                    parts.append("\n")
                todo += list(reversed(here))
        return "".join(parts)

    def _why(self, run: Any, in_table: bool) -> str:
        styles = self._styles(run)
        if _is_on(self._stated(run, styles, "vanish")):
            return "the text is hidden"
        if 0 <= _number(self._stated(run, styles, "sz")) <= _SMALLEST:
            return "too small to be read"
        if 0 <= _number(self._stated(run, styles, "w")) <= _NARROWEST:
            return "too narrow to be read"
        # Table styles paint dark grounds that stand nowhere in the text.
        if _pale(self._stated(run, styles, "color")) and not in_table and not self._painted(run, styles):
            return "in white on white"
        return ""

    def _styles(self, run: Any) -> list[Any]:
        """The styles that a run inherits from, the nearest first: its own, then that of its paragraph."""
        paragraph = next(run.iterancestors(w("p")), None)
        found = []
        for properties, mark, usual in (
            (run.find(w("rPr")), "rStyle", ""),
            (paragraph.find(w("pPr")) if paragraph is not None else None, "pStyle", self._usual),
        ):
            named = properties.find(w(mark)) if properties is not None else None
            id_, steps = (named.get(w("val")) or "") if named is not None else usual, 0
            while id_ in self._said and steps < _DEEPEST:
                found.append(self._said[id_])
                id_, steps = self._bases.get(id_, ""), steps + 1
        return found

    def _stated(self, run: Any, styles: list[Any], name: str) -> Any:
        """What is said about a run, by itself or by the nearest style that says anything."""
        for element in (run, *styles):
            properties = element.find(w("rPr"))
            found = properties.find(w(name)) if properties is not None else None
            if found is not None:
                return found
        return None

    def _painted(self, run: Any, styles: list[Any]) -> bool:
        """There is a ground of its own behind a run, or it stands in a shape, which may be painted."""
        for element in (run, *run.iterancestors(), *styles):
            if element.tag.endswith(("}txbxContent", "}txbx")):
                return True
            for name in ("rPr", "pPr"):
                properties = element.find(w(name))
                if properties is not None and (
                    _dark(properties.find(w("shd"))) or _dark(properties.find(w("highlight")))
                ):
                    return True
        return False

    def leave_out_row(self, row: Any) -> bool:
        """Whether a row of a table is hidden or deleted; then what stands in it is told."""
        properties = row.find(w("trPr"))
        if properties is None:
            return False
        if _is_on(properties.find(w("hidden"))):
            self._leave_out("the row is hidden", row)
            return True
        if properties.find(w("del")) is not None:
            self._leave_out("deleted, though Word still holds it", row)
            return True
        return False

    def _leave_out(self, why: str, element: Any) -> None:
        text = " ".join("".join(part.text or "" for part in element.iter(w("t"), w("delText"))).split())
        if text:
            first, times = self.hidden.get(why, (text[:400], 0))
            self.hidden[why] = (first, times + 1)


def _is_on(mark: Any) -> bool:
    return mark is not None and (mark.get(w("val")) or "1").lower() not in _OFF


def _number(mark: Any) -> int:
    said = (mark.get(w("val")) or "").rstrip("%") if mark is not None else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else -1


def _pale(colour: Any) -> bool:
    if colour is None:
        return False
    if (colour.get(w("themeColor")) or "") in _GROUNDS and colour.get(w("themeShade")) is None:
        return True
    return _is_pale(colour.get(w("val")) or "")


def _is_pale(said: str) -> bool:
    try:
        return len(said) == 6 and min(bytes.fromhex(said)) >= _PALE
    except ValueError:
        return False


def _dark(ground: Any) -> bool:
    """A shading or highlight that is neither none nor white."""
    if ground is None:
        return False
    if (ground.get(w("themeFill")) or "") not in ("", *_GROUNDS):
        return True
    if ground.tag == w("highlight"):
        return (ground.get(w("val")) or "none").lower() not in ("none", "white")
    fill = ground.get(w("fill")) or "auto"
    solid = (ground.get(w("val")) or "clear").lower() not in ("clear", "nil")
    return solid or not (fill.lower() == "auto" or _is_pale(fill))
