"""What a table is like, personal data included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from roadworthy.data import Profile
from roadworthy.data.personal import Classifier, ColumnClasses
from roadworthy.ports import Dataset, Instruments

LOOKED_AT = 2_000
"""Rows in which personal data are looked for: a class that stands in one row of a hundred is missed
in fewer than one of a million tables."""


def profiled(
    instruments: Instruments, dataset: Dataset, *, sample: int | None = None
) -> tuple[Profile, Mapping[str, ColumnClasses]]:
    """The profile of a table, with what its columns hold of personal data and why."""
    profile = instruments.workbench().profile(dataset, sample=sample)
    found = classified(dataset)
    columns = tuple(
        replace(one, personal=shares_of(found[one.column.name])) if one.column.name in found else one
        for one in profile.columns
    )
    return replace(profile, columns=columns), found


def shares_of(found: ColumnClasses) -> dict[str, float]:
    """The classes a column is believed to hold, each with the share of its values that shows it."""
    return {str(cls): found.shares.get(cls, 0.0) for cls in found.classes}


def classified(dataset: Dataset, *, rows: int = LOOKED_AT) -> dict[str, ColumnClasses]:
    """Per column, the classes of personal data in its first rows and in its name."""
    classifier = Classifier()
    return {
        name: classifier.column(name, [value for value in values if value])
        for name, values in dataset.texts(limit=rows).items()
    }
