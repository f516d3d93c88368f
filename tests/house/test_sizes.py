"""Files and functions stay short. What was longer when the rule came is frozen in sizes.toml and may only shrink."""

from tests.house.tree import allowed, functions, shown, sources

FILE, FUNCTION = 420, 80
FROZEN = allowed("sizes.toml")


def file_lengths() -> dict[str, int]:
    return {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}


def function_lengths() -> dict[str, int]:
    return {
        f"{shown(path)}:{name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in sources()
        for name, node in functions(path)
    }


def test_no_file_is_longer_than_a_newcomer_reads_in_one_go() -> None:
    frozen = FROZEN["files"]
    assert {name: lines for name, lines in file_lengths().items() if lines > frozen.get(name, FILE)} == {}


def test_no_function_is_longer_than_a_screen_or_two() -> None:
    frozen = FROZEN["functions"]
    assert {
        name: lines for name, lines in function_lengths().items() if lines > frozen.get(name, FUNCTION)
    } == {}


def test_the_frozen_list_only_shrinks() -> None:
    """What became shorter gets its new length, or loses its line once it keeps the rule."""
    for frozen, now, limit in (
        (FROZEN["files"], file_lengths(), FILE),
        (FROZEN["functions"], function_lengths(), FUNCTION),
    ):
        assert frozen == {name: lines for name, lines in now.items() if lines > limit}
