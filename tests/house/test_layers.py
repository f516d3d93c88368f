"""The layers of the house are drawn in pyproject.toml; here is what the drawing itself must keep."""

from tests.house.tree import PACKAGE, PYPROJECT

CONTRACTS = {each["id"]: each for each in PYPROJECT["tool"]["importlinter"]["contracts"]}
LAYERS = [[name.strip() for name in layer.split("|")] for layer in CONTRACTS["layers"]["layers"]]


def test_every_module_below_the_ports_is_held_pure() -> None:
    below = LAYERS[LAYERS.index(["ports"]) + 1 :]
    nouns = {f"roadworthy.{name}" for layer in below for name in layer}
    assert nouns == set(CONTRACTS["pure"]["source_modules"])


def test_every_module_of_the_first_level_has_its_layer() -> None:
    drawn = {name for layer in LAYERS for name in layer}
    ignored = set(CONTRACTS["layers"]["exhaustive_ignores"]) | {"__init__", "py"}
    there = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - ignored == drawn - ignored


def test_nouns_may_not_reach_the_clock_chance_or_the_outside() -> None:
    forbidden = set(CONTRACTS["pure"]["forbidden_modules"])
    assert {
        "time",
        "random",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
        "asyncio",
        "sqlalchemy",
    } <= forbidden
