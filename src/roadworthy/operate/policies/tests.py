"""Tests of policies as files: requests in the words of the charter, and what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem
from roadworthy.operate.policies.situations import PURE_WORDS, Situation, request_for
from roadworthy.placed import Page, Path, near
from roadworthy.policy import DEEDS, Duty, Origin, Outcome, PolicyTest
from roadworthy.policy.duty import VERBS
from roadworthy.principal import Kind, Role
from roadworthy.quantities import Money
from roadworthy.stage import Stage

FOLDER: Final = "policies/tests/"
MOST_PROBLEMS: Final = 200
_TEST = frozenset({"says", "expect", "because"})
_CALL = frozenset({"tool", "arguments"})
_DUTY = frozenset({"duty", "kind", "roles", "did", "quorum", "by"})


def read_tests(charter: Charter, files: Mapping[str, bytes]) -> tuple[PolicyTest, ...]:
    """The tests among the files of a use-case folder: ``policies/tests/*.yaml``, in the order of their names.

    Errors: ``InputProblem`` RW-POLICY-002 with every problem of every file, each at its line and column.
    """
    found: list[PolicyTest] = []
    problems = []
    for name in sorted(files):
        if name.startswith(FOLDER) and name.endswith((".yaml", ".yml")):
            page = Page(name)
            found += _read(page, files[name], charter)
            problems += page.in_order(MOST_PROBLEMS)
    if problems:
        raise InputProblem("RW-POLICY-002", problems)
    return tuple(found)


def read_request(charter: Charter, text: bytes, *, file: str) -> PolicyTest:
    """One request in the words of a test, of which nothing is expected.

    Errors: ``InputProblem`` RW-POLICY-002.
    """
    page = Page(file)
    data = page.read(
        text, expected="expected a mapping with `tool`, `arguments` and so on", called="a request"
    )
    test = (
        _one(page, {**data, "says": "asked", "expect": "deny"}, {}, (), charter)
        if data is not None
        else None
    )
    if page.problems or test is None:
        raise InputProblem("RW-POLICY-002", page.in_order(MOST_PROBLEMS))
    return test


def _read(page: Page, text: bytes, charter: Charter) -> list[PolicyTest]:
    data = page.read(text, expected="expected a mapping with `tests`", called="a file of tests")
    if data is None:
        return []
    for name in sorted(set(data) - {"given", "tests"}):
        page.say(f"unknown field `{name}`", (name,), hint=near(name, ("given", "tests")))
    given = data.get("given") or {}
    if not isinstance(given, dict):
        page.say("`given` is a mapping of words that hold for every test", ("given",))
        given = {}
    _unknown(page, given, PURE_WORDS, ("given",))
    tests = data.get("tests")
    if not isinstance(tests, list) or not tests:
        page.say("expected a list of `tests`", ("tests",))
        return []
    found = []
    for number, one in enumerate(tests):
        path: Path = ("tests", number)
        if not isinstance(one, dict):
            page.say("a test is a mapping with `says`, `tool` and `expect`", path)
        elif test := _one(page, one, given, path, charter):
            found.append(test)
    return found


def _one(
    page: Page, one: Mapping[str, Any], given: Mapping[str, Any], path: Path, charter: Charter
) -> PolicyTest | None:
    before = len(page.problems)
    about_people = "duty" in one
    words = _DUTY if about_people else _CALL | PURE_WORDS
    _unknown(page, one, _TEST | words, path)
    says = one.get("says")
    if not isinstance(says, str) or not says.strip():
        page.say("expected `says`, the sentence that the test holds the policies to", (*path, "says"))
    expect = one.get("expect")
    if expect not in set(Outcome):
        page.say(f"`expect` is allow, review or deny, found `{expect}`", (*path, "expect"))
    because = _names(page, one.get("because", []), (*path, "because"))
    asks = (
        _duty(page, one, path, charter) if about_people else _request(page, {**given, **one}, path, charter)
    )
    if len(page.problems) > before or asks is None:
        return None
    return PolicyTest(str(says), asks, Outcome(str(expect)), because, page.file, page.nearest(path)[0])


def _unknown(page: Page, found: Mapping[str, Any], known: frozenset[str], path: Path) -> None:
    for name in found:
        if name not in known:
            page.say(f"unknown field `{name}`", (*path, name), hint=near(str(name), known))


def _request(page: Page, words: Mapping[str, Any], path: Path, charter: Charter) -> Any:
    name = words.get("tool")
    if name not in charter.tools:
        page.say(f"the charter has no tool `{name}`", (*path, "tool"), hint=near(str(name), charter.tools))
        return None
    arguments = words.get("arguments") or {}
    if not isinstance(arguments, dict):
        page.say("`arguments` is a mapping", (*path, "arguments"))
        arguments = {}
    closed = {
        "stage": tuple(Stage),
        "autonomy": ("suggest", "approve", "automatic"),
        "origin": get_args(Origin),
    }
    for word, allowed in closed.items():
        if word in words and words[word] not in allowed:
            page.say(f"`{word}` is one of {', '.join(allowed)}, found `{words[word]}`", (*path, word))
    confidence = words.get("confidence", 1.0)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        page.say("`confidence` lies between 0 and 1", (*path, "confidence"))
        confidence = 0.0
    data_class = words.get("data_class")
    if "data_class" in words and (type(data_class) is not int or not 0 <= data_class <= 3):
        page.say("`data_class` is 0, 1, 2 or 3", (*path, "data_class"))
        data_class = None
    stopped = words.get("stopped", False)
    if not isinstance(stopped, bool):
        page.say("`stopped` is true or false", (*path, "stopped"))
    texts = {word: words.get(word, getattr(charter, word)) for word in ("purpose", "region")}
    for word, text in texts.items():
        if not isinstance(text, str) or not text:
            page.say(f"`{word}` is a word", (*path, word))
    purposes = _names(page, words.get("purposes", [charter.purpose]), (*path, "purposes"))
    untrusted = _names(page, words.get("untrusted", []), (*path, "untrusted"))
    approvals = _names(page, words.get("approvals", []), (*path, "approvals"))
    spent = _minor(page, words.get("spent_today", 0), (*path, "spent_today"))
    if page.problems:
        return None
    return request_for(
        charter,
        Situation(
            tool=str(name),
            arguments=arguments,
            stage=Stage(words.get("stage", Stage.PRODUCTION)),
            autonomy=str(words.get("autonomy", charter.autonomy)),
            purpose=texts["purpose"],
            spent_today=spent,
            confidence=float(confidence),
            data_class=data_class,
            region=texts["region"],
            purposes=purposes,
            origin=words.get("origin", "untrusted"),
            untrusted=untrusted,
            approvals=approvals,
            stopped=bool(stopped),
        ),
    )


def _duty(page: Page, words: Mapping[str, Any], path: Path, charter: Charter) -> Duty | None:
    verb, kind, quorum = words.get("duty"), words.get("kind", "person"), words.get("quorum", 1)
    if verb not in VERBS:
        page.say(f"`duty` is one of {', '.join(VERBS)}, found `{verb}`", (*path, "duty"))
    if kind not in set(Kind):
        page.say(f"`kind` is one of {', '.join(Kind)}, found `{kind}`", (*path, "kind"))
    if type(quorum) is not int or not 1 <= quorum <= 100:
        page.say("`quorum` is a number of people", (*path, "quorum"))
    did, roles = (_names(page, words.get(word, []), (*path, word)) for word in ("did", "roles"))
    for word, found, known in (("did", did, DEEDS), ("roles", roles, tuple(Role))):
        for name in sorted(found - set(known)):
            page.say(f"`{word}` knows {', '.join(known)}, found `{name}`", (*path, word))
    if page.problems:
        return None
    return Duty(
        verb=str(verb),
        use_case=charter.use_case,
        principal=str(words.get("by", "somebody")),
        kind=str(kind),
        roles=roles,
        did=did,
        quorum=int(quorum),
        risk=charter.risk.tier,
    )


def _names(page: Page, found: Any, path: Path) -> frozenset[str]:
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return frozenset(found)
    page.say("expected a list of names", path)
    return frozenset()


def _minor(page: Page, found: Any, path: Path) -> int:
    if type(found) is int and found >= 0:
        return found
    try:
        return Money.parse(str(found)).minor
    except ValueError:
        page.say("expected minor units, or an amount such as `49.90 EUR`", path)
        return 0
