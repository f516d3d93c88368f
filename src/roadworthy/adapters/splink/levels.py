"""A plan's comparisons as Splink's settings: conditions in SQL, and what is assumed until it is learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from roadworthy.adapters.splink.sql import Backend, Spelling, literal
from roadworthy.data.matching import Comparison, MatchPlan, Measure, Mode, Role

if TYPE_CHECKING:
    from roadworthy.adapters.splink.training import Model

LINKS = {Mode.DEDUPE: "dedupe_only", Mode.LINK: "link_only", Mode.LINK_AND_DEDUPE: "link_and_dedupe"}
_NEAR = 0.92


class Level(NamedTuple):
    """``frequency`` names the column whose rarity counts where this level is reached; empty: none."""

    label: str
    condition: str
    frequency: str = ""


def column_of(plan: MatchPlan, name: str) -> str:
    """The name a column has inside the engine: its place in the plan, whatever it is called."""
    return f"c{next(at for at, one in enumerate(plan.columns) if one.name == name)}"


def output_of(plan: MatchPlan, name: str) -> str:
    """The name a comparison has inside the engine."""
    return f"k{next(at for at, one in enumerate(plan.comparisons) if one.name == name)}"


def settings(plan: MatchPlan, model: Model | None, *, backend: Backend = "duckdb") -> dict[str, Any]:
    """A plan and what was learnt, as Splink is told it.

    Edge:    without a model the weights number the levels: 1 bit is something else, each closer level one bit
             more, 0 nothing to compare. Splink hands out weights, but no levels without all compared texts.
    """
    return {
        "link_type": LINKS[plan.mode],
        "unique_id_column_name": "uid",
        "source_dataset_column_name": "src",
        "probability_two_random_records_match": model.prior if model else 0.5,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_comparison(plan, one, model, Spelling(backend)) for one in plan.comparisons],
    }


def counts(plan: MatchPlan) -> dict[str, int]:
    """How many levels each comparison has, something else included."""
    say = Spelling("duckdb")
    return {one.name: len(levels(plan, one, say)[1]) + 1 for one in plan.comparisons}


def _comparison(
    plan: MatchPlan, comparison: Comparison, model: Model | None, say: Spelling
) -> dict[str, Any]:
    null, found = levels(plan, comparison, say)
    out: list[dict[str, Any]] = [
        {"sql_condition": null, "label_for_charts": "nothing to compare", "is_null_level": True}
    ]
    every = [*found, Level("something else", "ELSE")]
    shares = [(1.0, 0.5 ** (len(every) - at)) for at in range(len(every))]
    if model is not None:
        shares = list(zip(model.m[comparison.name], model.u[comparison.name], strict=True))
    for level, (m, u) in zip(every, shares, strict=True):
        one: dict[str, Any] = {
            "sql_condition": level.condition,
            "label_for_charts": level.label,
            "m_probability": m,
            "u_probability": u,
        }
        if model is not None and level.frequency and comparison.frequency:
            one |= {
                "tf_adjustment_column": level.frequency,
                "tf_adjustment_weight": 1.0,
                "disable_tf_exact_match_detection": True,
            }
        out.append(one)
    return {"output_column_name": output_of(plan, comparison.name), "comparison_levels": out}


def levels(plan: MatchPlan, comparison: Comparison, say: Spelling) -> tuple[str, Sequence[Level]]:
    """When there is nothing to compare, and the levels from equal down to the last before something else."""
    names = [column_of(plan, name) for name in comparison.columns]
    if comparison.measure is Measure.ADDRESS:
        return _address(plan, comparison, say)
    c = names[0]
    left, right = f"{c}_l", f"{c}_r"
    null = f"{left} is null or {right} is null"
    make: dict[Measure, Callable[[], list[Level]]] = {
        Measure.NAME: lambda: _name(names, comparison.levels, say),
        Measure.WORDS: lambda: _words(c, comparison.levels, say),
        Measure.CODE: lambda: _code(c, comparison.levels, say),
        Measure.EMAIL: lambda: [
            _equal(c),
            Level("same name before the @", f"{c}_b_l = {c}_b_r"),
            # Addresses are made of names: equal names with other numbers behind them are other people.
            Level("two letters differ", f"{c}_d_l = {c}_d_r and {say.within(left, right, 2)}"),
        ],
        Measure.PHONE: lambda: [
            _equal(c),
            Level("same last digits", f"{c}_b_l = {c}_b_r"),
            Level("one digit differs", say.within(left, right, 1)),
        ],
        Measure.DATE: lambda: _date(c, say),
        Measure.YEAR: lambda: [
            _equal(c),
            Level("one year apart", f"abs(cast({left} as int) - cast({right} as int)) <= 1"),
        ],
        Measure.NUMBER: lambda: _number(c, comparison.levels),
        Measure.EXACT: lambda: [_equal(c)],
    }
    return null, make[comparison.measure]()


def _equal(c: str) -> Level:
    return Level("equal", f"{c}_l = {c}_r", c)


def _name(names: Sequence[str], bounds: Sequence[float], say: Spelling) -> list[Level]:
    c = names[0]
    left, right = f"{c}_l", f"{c}_r"
    found = [_equal(c)]
    if len(names) > 1:
        o = names[1]
        found.append(Level("swapped", f"{left} = {o}_r and {o}_l = {right}"))
    found += [
        Level(f"letters alike {bound:g}", f"{say.letters(left, right)} >= {literal(bound)}")
        for bound in bounds
    ]
    initial = f"substr({left}, 1, 1) = substr({right}, 1, 1)"
    found.append(Level("an initial", f"(length({left}) = 1 or length({right}) = 1) and {initial}"))
    return found


def _words(c: str, bounds: Sequence[float], say: Spelling) -> list[Level]:
    alike = say.words(c)
    near = f"{say.letters(f'{c}_l', f'{c}_r')} >= {literal(_NEAR)}"
    found = [_equal(c)]
    # Equal but for a number (part 1 and part 2, two models of a phone) is another thing: numbers must agree.
    first = f"({near} or {alike} >= {literal(bounds[0])})" if bounds else near
    found.append(Level("nearly equal", f"{c}_d_l = {c}_d_r and {first}"))
    found += [Level(f"words alike {bound:g}", f"{alike} >= {literal(bound)}") for bound in bounds]
    return found


def _code(c: str, bounds: Sequence[float], say: Spelling) -> list[Level]:
    # Short codes are near one another by chance alone.
    long = f"length({c}_l) > 4 and length({c}_r) > 4"
    return [
        _equal(c),
        *(
            Level(f"{bound:g} characters differ", f"{long} and {say.within(f'{c}_l', f'{c}_r', bound)}")
            for bound in bounds
        ),
    ]


def _date(c: str, say: Spelling) -> list[Level]:
    left, right = f"{c}_l", f"{c}_r"
    swapped = (
        f"substr({left}, 1, 4) = substr({right}, 1, 4) and substr({left}, 5, 2) = substr({right}, 7, 2) "
        f"and substr({left}, 7, 2) = substr({right}, 5, 2)"
    )
    return [
        Level("equal", f"{left} = {right}", c),
        Level("day and month swapped", swapped),
        Level("one digit differs", say.within(left, right, 1)),
        Level("same day of another year", f"substr({left}, 5, 4) = substr({right}, 5, 4)"),
        Level("same year", f"substr({left}, 1, 4) = substr({right}, 1, 4)"),
    ]


def _number(c: str, bounds: Sequence[float]) -> list[Level]:
    left, right = f"cast({c}_l as double)", f"cast({c}_r as double)"
    apart = f"abs({left} - {right}) / nullif(greatest(abs({left}), abs({right})), 0)"
    return [
        _equal(c),
        *(Level(f"{bound:.0%} apart", f"{apart} <= {literal(bound)}") for bound in bounds),
    ]


def _address(plan: MatchPlan, comparison: Comparison, say: Spelling) -> tuple[str, Sequence[Level]]:
    by = {plan.column(name).role: column_of(plan, name) for name in comparison.columns}
    street, number = by.get(Role.STREET), by.get(Role.HOUSE_NUMBER)
    postcode, city, state = by.get(Role.POSTCODE), by.get(Role.CITY), by.get(Role.STATE)
    places = [
        *([f"{postcode}_l = {postcode}_r"] if postcode else []),
        *([f"{say.letters(f'{city}_l', f'{city}_r')} >= {literal(_NEAR)}"] if city else []),
    ]
    there = f"({' or '.join(places)})" if places else ""
    found: list[Level] = []
    if street:
        same_number = f"{number}_l = {number}_r" if number else f"{street}_d_l = {street}_d_r"
        near = (
            f"({say.letters(f'{street}_l', f'{street}_r')} >= {literal(_NEAR)} "
            f"or {say.words(street)} >= {literal(0.7)})"
        )
        whole = [
            f"{street}_l = {street}_r",
            *([same_number] if number else []),
            *([there] if there else []),
        ]
        found.append(Level("same address", " and ".join(whole), street))
        found.append(
            Level("nearly the same address", " and ".join([near, same_number, *([there] if there else [])]))
        )
        found.append(Level("nearly the same street", " and ".join([near, *([there] if there else [])])))
        if there:
            found.append(Level("same street and number elsewhere", f"{near} and {same_number}"))
        else:
            found.append(Level("words in common", f"{say.words(street)} >= {literal(0.4)}"))
    if postcode:
        found.append(Level("same postcode", f"{postcode}_l = {postcode}_r", postcode))
    if city:
        found.append(Level("same city", f"{say.letters(f'{city}_l', f'{city}_r')} >= {literal(_NEAR)}"))
    if state:
        found.append(Level("same state", f"{state}_l = {state}_r"))
    parts = [one for one in (street, postcode, city, state) if one]
    null = " and ".join(f"({one}_l is null or {one}_r is null)" for one in parts)
    return null, found
