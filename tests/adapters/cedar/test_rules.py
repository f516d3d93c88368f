"""Policy files load whole or not at all, and every problem has its place."""

import pytest

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.errors import InputProblem

GOOD = '@id("{id}") @reason("because")\n{effect} (principal, action, resource{scope}) {rest};\n'


def policy(id: str = "p", effect: str = "permit", scope: str = "", rest: str = "") -> str:
    return GOOD.format(id=id, effect=effect, scope=scope, rest=rest)


def problems(**files: str) -> list[str]:
    with pytest.raises(InputProblem) as caught:
        CedarPolicies({f"{name}.cedar": text for name, text in files.items()})
    assert caught.value.code == "RW-POLICY-001"
    return [str(problem) for problem in caught.value.problems]


def test_the_rules_of_the_house_load_alone() -> None:
    assert CedarPolicies({}).lint() == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (policy(rest="when { context.amount_minr > 3 }"), "attribute `amount_minr`"),
        (policy(rest="when { resource.clearence > 3 }"), "attribute `clearence`"),
        (policy(rest='when { context.amount_minor > "3" }'), "expected Long but saw String"),
        (policy(rest='when { resource.sink == Sink::"mony" }'), "`\"mony\"` is not declared"),
        (policy(rest='when { context.stage == Stage::"haltet" }'), "`\"haltet\"` is not declared"),
        (policy(scope=' == Tol::"a.b"'), "unrecognized entity type `Tol`"),
        (policy(rest="when { context.amount_minor > }"), "not a policy: unexpected token"),
        (policy(rest="when { false }"), "the policy can never apply"),
        (
            policy(effect="forbid", rest="when { context.amount_minor > 3 && !(resource is Tool) }"),
            "the policy can never apply",
        ),
        (policy(rest='unless { resource.sink == Sink::"none" || true }'), "the policy can never apply"),
        (policy(scope=" == ?resource"), "a template decides nothing"),
        (policy(scope=' == Tool::"helpdеsk.reply"'), "letters that only look like others"),
        (policy(id="Refunds"), "expected an `@id`"),
        (policy(id="base.refunds"), "is a name of the house"),
        (policy(id="base.stopped"), "is already the id of the policy at roadworthy:base.cedar"),
        (policy(id="engine.no-permit"), "is a name of the house"),
        ('@reason("x") permit (principal, action, resource);', "expected an `@id`"),
        ('@id("x") permit (principal, action, resource);', "expected a `@reason`"),
        ('@id("x") @obligaton("approval") ' + policy()[9:], "unknown annotation `@obligaton`"),
        ("permit", "not a policy"),
        (policy() + "@id(\"open", "not a policy"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_mean_what_it_says_is_refused(text: str, says: str) -> None:
    found = problems(own=text)
    assert any(says in each for each in found), found


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        ('@obligation("approval")', "expected a `@role`"),
        ('@obligation("phone") @role("reviewer")', "the only obligation is `approval`"),
        ('@obligation("approval") @role("reviewer") @quorum("0")', "a `@quorum` is a number"),
        ('@obligation("approval") @role("reviewer") @quorum("two")', "a `@quorum` is a number"),
        ('@obligation("approval") @role("reviewer") @ttl("PT4H")', "a `@ttl` is a duration"),
        ('@role("reviewer")', "`@role` belongs to an `@obligation`"),
    ],
)
def test_an_obligation_that_nobody_could_meet_is_refused(annotations: str, says: str) -> None:
    text = f"{annotations} " + policy(effect="forbid", rest='unless { context.approvals.contains("p") }')
    assert any(says in each for each in problems(own=text))


def test_an_obligation_that_looks_for_no_approval_of_its_own_is_refused() -> None:
    text = '@obligation("approval") @role("reviewer") ' + policy(
        effect="forbid", rest='unless { context.approvals.contains("other") }'
    )
    (found,) = problems(own=text)
    assert 'end it with unless { context.approvals.contains("p") }' in found


def test_a_permit_asks_for_nothing() -> None:
    text = '@obligation("approval") @role("reviewer") ' + policy()
    assert any("belongs to a forbid" in each for each in problems(own=text))


def test_all_problems_of_all_files_come_at_once_with_file_and_line() -> None:
    first = "// a comment; with a semicolon\n\n" + policy(rest="when { context.nothing }")
    second = policy(id="a") + policy(id="b", rest="when { false }") + "  permit (principal action);"
    found = problems(first=first, second=second)
    assert [each.split(" ")[0] for each in found] == [
        "first.cedar:4:53:",
        "second.cedar:3:1:",
        "second.cedar:5:21:",
    ]


def test_an_id_used_in_two_files_is_refused_with_both_places() -> None:
    (found,) = problems(first=policy(id="a"), second="\n" + policy(id="a"))
    assert found.startswith("second.cedar:2:1: `a` is already the id of the policy at first.cedar:1")


def test_semicolons_in_texts_and_comments_do_not_end_a_policy() -> None:
    text = '@id("a") @reason("first; \\"then\\"; // done")\npermit (principal, action, resource) // x;\n;'
    assert CedarPolicies({"own.cedar": text}).lint()[0].line == 1


def test_the_digest_follows_every_text_and_its_name() -> None:
    one = CedarPolicies({"a.cedar": policy()}).digest
    assert one == CedarPolicies({"a.cedar": policy()}).digest
    others = [{"b.cedar": policy()}, {"a.cedar": policy() + " "}, {"a.cedar": policy(), "b.cedar": ""}, {}]
    assert one not in {CedarPolicies(files).digest for files in others}
