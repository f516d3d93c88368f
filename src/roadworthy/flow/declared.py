"""Markings as a charter declares them: of what comes in, of what tools answer, of what knowledge says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from roadworthy.charter import Charter, Field_
from roadworthy.policy import ANY, Marking, Origin, join_all

INTERNAL: Final = 1
PERSONAL: Final = 2
SPECIAL: Final = 3

_OF_SOURCES = {"none": INTERNAL, "personal": PERSONAL, "special": SPECIAL}


def of_input(charter: Charter, fields: Collection[str], *, subject: str) -> Marking:
    """Marking of a case's input: the join of the fields that came in.

    A field that says nothing of its class is personal where the input names a person, else internal.
    """
    named = any(field.subject for field in charter.input.values())
    return join_all(
        _marked(
            charter,
            origin="trusted" if field.trusted else "untrusted",
            data_class=_class_of(field, named=named),
            region=charter.region,
            purposes=(),
            subject=subject,
        )
        for name, field in charter.input.items()
        if name in fields
    )


def of_answer(charter: Charter, tool: str, *, subject: str, trusted: bool = False) -> Marking:
    """Marking of what a tool answers, by its own word, else by its data source's, else confidential.

    ``trusted``: every field of the answer is one that the charter trusts.
    """
    declared = charter.tools[tool]
    said = declared.marking
    source = charter.data[declared.source] if declared.source else None
    data_class = said.data_class
    if data_class is None:
        data_class = _OF_SOURCES[source.personal] if source else PERSONAL
    return _marked(
        charter,
        origin="trusted" if trusted else "untrusted",
        data_class=data_class,
        region=said.region or declared.region or charter.region,
        purposes=said.purposes or ([source.purpose] if source and source.purpose else ()),
        subject=subject,
    )


def of_knowledge(
    charter: Charter,
    *,
    trusted: bool,
    data_class: int,
    region: str,
    purposes: Collection[str],
    subjects: Collection[str],
) -> Marking:
    """Marking of a passage, from what its document demands of its readers.

    What an older record does not tell of region and purposes is the use case's: it was read with its rights.
    """
    found = _marked(
        charter,
        origin="trusted" if trusted else "untrusted",
        data_class=data_class,
        region=region or charter.region,
        purposes=purposes or ((ANY,) if data_class < PERSONAL else ()),
        subject="",
    )
    return Marking(found.origin, found.data_class, found.region, found.purposes, frozenset(subjects))


def why_not_asked(charter: Charter, model: str, marking: Marking) -> str:
    """Why a language model may not be told data of this marking, or empty.

    A model is a place that data go to, as a tool is: its clearance and its region are compared alike.
    """
    plan = charter.models.get(model)
    clearance, region = (plan.clearance, plan.region) if plan else (PERSONAL, "")
    if marking.data_class > clearance:
        return (
            f"the data are of class {marking.data_class}, and `{model}` may see class {clearance} at most"
        )
    region = region or charter.region
    if marking.region not in (ANY, region):
        return f"the data may be in `{marking.region}`, and `{model}` runs in `{region}`"
    return ""


def _class_of(field: Field_, *, named: bool) -> int:
    if field.data_class is not None:
        return field.data_class
    return PERSONAL if named or field.type == "email" else INTERNAL


def _marked(
    charter: Charter,
    *,
    origin: Origin,
    data_class: int,
    region: str,
    purposes: Iterable[str],
    subject: str,
) -> Marking:
    """Edge: data without a stated purpose serve the use case's; `any` grants no more than that to personal data."""
    named = frozenset(purposes) or frozenset({charter.purpose})
    if ANY in named:
        named = frozenset({ANY}) if data_class < PERSONAL else frozenset({charter.purpose})
    subjects = frozenset({subject} - {""}) if data_class >= PERSONAL else frozenset[str]()
    return Marking(origin, data_class, region, named, subjects)
