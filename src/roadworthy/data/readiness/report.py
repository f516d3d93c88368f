"""The readiness report: how its document is made, with what is personal masked, so that it may be mailed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from roadworthy.data.profile import ColumnProfile, Profile
from roadworthy.data.readiness.facts import Step
from roadworthy.data.readiness.schema import (
    SCHEMA_VERSION,
    CheckSection,
    ColumnSection,
    Document,
    DuplicatesSection,
    FindingSection,
    FreshnessSection,
    GuessSection,
    Requirement,
    SourceSection,
    StepSection,
    SuspectsSection,
    Verdict,
)

ROW = "row"
"""In a sample, the key under which a row's number stands: the one value there that is never personal."""

# Who may read it, and with which key: a name and password before the host, and the query of a signed address.
_SECRETS = re.compile(r"(?<=://)[^/\s]*@|(?<=[^/?#])[?].*")
_QUOTED = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is known about one source, before it is masked.

    ``declared`` says per column whether the contract declares its personal data; ``private`` names
    columns to mask although nothing personal was found in what was looked at.
    """

    profile: Profile
    location: str = ""
    owner: str = ""
    steward: str = ""
    system_of_record: Sequence[str] = ()
    declared: Mapping[str, bool] = field(default_factory=dict)
    checks: Sequence[CheckSection] = ()
    suspects: SuspectsSection | None = None
    duplicates: DuplicatesSection | None = None
    freshness: FreshnessSection | None = None
    private: Collection[str] = ()


def shape_only(value: str) -> str:
    """The shape of a value: letters as ``x``, digits as ``9``, the rest as it is."""
    return "".join("9" if one.isnumeric() else "x" if one.isalpha() else one for one in value[:80])


def document(
    *,
    title: str,
    made_at: datetime,
    use_case: str,
    verdict: Verdict,
    requirements: Sequence[Requirement],
    steps: Sequence[Step],
    sources: Sequence[Parts],
    mask: Callable[[str], str] = shape_only,
) -> Document:
    """The report as one JSON document, the twin of the page.

    Of columns in which personal data were found, and of those the caller calls private, every value is
    masked wherever it stands: extremes, frequent values, samples, suspects, and what reasons quote.
    Quantiles and mean are left out there. Names of columns, counts and shares stay.

    Edge: figures that are no finite number become None. A sample that is no mapping of columns is masked
    whole as soon as its column is personal, or its check is about several columns and one of them is.
    """
    made: Document = {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "made_at": made_at.isoformat(),
        "use_case": use_case,
        "verdict": verdict,
        "requirements": list(requirements),
        "steps": [cast(StepSection, one.as_json()) for one in steps],
        "sources": [_source(parts, mask) for parts in sources],
    }
    plain: Document = _plain(made)
    return plain


def profile_section(profile: Profile, *, mask: Callable[[str], str] = shape_only) -> dict[str, Any]:
    """A profile alone, in the words of the document and masked like it."""
    made = _source(Parts(profile), mask)
    wanted = ("name", "rows", "sampled", "snapshot", "guess", "findings", "columns")
    shown: dict[str, Any] = _plain({name: made[name] for name in wanted})  # type: ignore[literal-required]
    return shown


def _source(parts: Parts, mask: Callable[[str], str]) -> SourceSection:
    profile = parts.profile
    columns = {one.column.name for one in profile.columns}
    private = {one.column.name for one in profile.columns if one.personal} | set(parts.private)
    veil = _Veil(private, columns, mask)
    return SourceSection(
        name=profile.name,
        location=_place(parts.location),
        owner=parts.owner,
        steward=parts.steward,
        system_of_record=list(parts.system_of_record),
        rows=profile.rows,
        sampled=profile.sampled,
        snapshot=str(profile.snapshot),
        guess=cast(GuessSection, profile.guess.as_json()),
        findings=[cast(FindingSection, one.as_json()) for one in profile.findings],
        columns=[veil.column(one, parts.declared.get(one.column.name)) for one in profile.columns],
        checks=[veil.check(one) for one in parts.checks],
        suspects=veil.suspects(parts.suspects or {"cells": 0, "by_rule": [], "sample": []}),
        duplicates=parts.duplicates,
        freshness=parts.freshness,
    )


def _place(location: str) -> str:
    """Where it lies, without secrets. In a path a question mark is a letter like any other."""
    return _SECRETS.sub("", location) if "://" in location else location


class _Veil:
    """What hides the values of some columns of a source."""

    def __init__(
        self, private: Collection[str], columns: Collection[str], mask: Callable[[str], str]
    ) -> None:
        self._private = private
        self._columns = columns
        self._mask = mask

    def column(self, one: ColumnProfile, declared: bool | None) -> ColumnSection:
        hidden = one.column.name in self._private
        made = ColumnSection(
            name=one.column.name,
            type=str(one.column.type),
            rows=one.rows,
            nulls=one.nulls,
            distinct=one.distinct,
            distinct_exact=one.distinct_exact,
            minimum=one.minimum,
            maximum=one.maximum,
            mean=one.mean,
            quantiles=list(one.quantiles) if all(map(math.isfinite, one.quantiles)) else [],
            histogram=[[label, rows] for label, rows in one.histogram],
            frequent=[[value, rows] for value, rows in one.frequent],
            masks=[[shape, rows] for shape, rows in one.masks],
            personal=dict(one.personal),
            declared=declared,
        )
        if hidden:
            made["minimum"] = None if one.minimum is None else self._mask(one.minimum)
            made["maximum"] = None if one.maximum is None else self._mask(one.maximum)
            made["mean"], made["quantiles"] = None, []
            made["histogram"] = [[self._mask(label), rows] for label, rows in one.histogram]
            made["frequent"] = [[self._mask(value), rows] for value, rows in one.frequent]
            # A shape keeps letters that have no case as they are: whole names, in some scripts.
            made["masks"] = [[_caseless(shape), rows] for shape, rows in one.masks]
        return made

    def check(self, one: CheckSection) -> CheckSection:
        about = one["column"] in self._private if one["column"] else bool(self._private)
        made = one.copy()
        made["sample"] = [self._shown(row, about) for row in one["sample"]]
        made["reason"] = self._reason(one["reason"])
        if about and isinstance(one["value"], str):
            made["value"] = self._mask(one["value"])
        return made

    def suspects(self, found: SuspectsSection) -> SuspectsSection:
        made = found.copy()
        made["sample"] = []
        for cell in found["sample"]:
            shown = cell.copy()
            shown["reason"] = self._reason(cell["reason"])
            if cell["column"] in self._private:
                for value in sorted(
                    {cell["value"] or "", cell["repair"] or ""} - {""}, key=len, reverse=True
                ):
                    shown["reason"] = shown["reason"].replace(value, self._mask(value))
                shown["value"] = None if cell["value"] is None else self._mask(cell["value"])
                shown["repair"] = None if cell["repair"] is None else self._mask(cell["repair"])
            made["sample"].append(shown)
        return made

    def _reason(self, text: str) -> str:
        """What a sentence quotes may be a value of any column; names of columns stay."""
        if not self._private:
            return text
        return _QUOTED.sub(
            lambda found: found[0] if found[1] in self._columns else f"`{self._mask(found[1])}`", text
        )

    def _shown(self, value: object, about: bool) -> object:
        if isinstance(value, Mapping):
            return {
                str(name): held if name == ROW else self._shown(held, about or name in self._private)
                for name, held in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._shown(one, about) for one in value]
        return self._mask(str(value)) if about and value is not None else value


def _caseless(shape: str) -> str:
    return "".join("x" if one.isalpha() and one not in "Aa" else one for one in shape)


def _plain(value: Any) -> Any:
    """As JSON carries it: no tuples, no figure that is none, times as text."""
    if isinstance(value, dict):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
