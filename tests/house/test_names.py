"""Names come from the business or the method, never from the pattern."""

import re

from tests.house.tree import classes, shown, sources

FORBIDDEN = {"manager", "helper", "helpers", "util", "utils", "impl", "base", "abstract", "misc", "common"}


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_no_class_or_module_is_named_after_a_pattern() -> None:
    found = [shown(path) for path in sources() if words(path.stem) & FORBIDDEN]
    found += [
        f"{shown(path)}:{node.name}"
        for path in sources()
        for node in classes(path)
        if words(node.name) & FORBIDDEN
    ]
    assert found == []


def test_the_rule_reads_words_and_not_letters() -> None:
    assert words("HTTPBaseClient") == {"http", "base", "client"}
    assert words("db_utils") == {"db", "utils"}
    assert words("Database") == {"database"}
