"""Words and values that stand for nothing."""

from __future__ import annotations

# Nobody is called so and nothing is measured so: in a column of values they mean that there is none.
MISSING_STRONG = frozenset(
    (
        "n/a", "#n/a", "n.a.", "n.a", "n/d", "null", "(null)", "<null>", "[null]", "nan", "nat", "<na>", "\\n", "-",
        "--", "---", "?", "??", "???", "undefined", "missing", "#value!", "#ref!", "#div/0!", "#name?",
        "#null!", "#num!", "not available", "not provided", "no data", "no value", "(blank)", "(empty)", "–", "—", "...",
    )
)  # fmt: skip
# Words that are honest values of some columns (a continent, an answer, a marital status) and gaps of others.
MISSING_WEAK = frozenset(
    (
        "na", "none", "nil", "unknown", "unk", "not known", "not applicable", "unspecified", "tbd", "tba", "tbc",
        "void", "empty", "xxx", "xx", ".", "*", "unbekannt", "k.a.", "keine angabe", "inconnu", "desconocido",
    )
)  # fmt: skip
# The first and last days of common calendars and systems.
SENTINEL_DAYS = frozenset(
    (
        (1, 1, 1), (1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1901, 1, 1), (1970, 1, 1),
        (2099, 12, 31), (2999, 12, 31), (9999, 12, 31),
    )
)  # fmt: skip
