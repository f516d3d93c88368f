"""From Cedar's decision to allow, review or deny; coverage and lint."""

import threading

import pytest

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.policy import Obligation, Tool

PERMIT = '@id("p") @reason("permitted") permit (principal, action, resource == Tool::"helpdesk.reply");'


def asks(id: str, when: str = "true", role: str = "reviewer", more: str = "") -> str:
    return (
        f'@id("{id}") @obligation("approval") @role("{role}") {more} @reason("{id} asks") '
        f"forbid (principal, action, resource) when {{ {when} }} "
        f'unless {{ context.approvals.contains("{id}") }};'
    )


def forbids(id: str, when: str) -> str:
    return f'@id("{id}") @reason("{id} forbids") forbid (principal, action, resource) when {{ {when} }};'


def policies(*texts: str) -> CedarPolicies:
    return CedarPolicies({"own.cedar": "\n".join(texts)})


def test_what_is_permitted_is_allowed_with_its_reason(ask) -> None:
    own = policies(PERMIT)
    answer = own.decide(ask())
    assert (answer.outcome, answer.reasons, answer.sentences) == ("allow", ("p",), ("permitted",))
    assert answer.policy_digest == own.digest


def test_what_nobody_permits_is_denied(ask) -> None:
    answer = policies().decide(ask())
    assert (answer.outcome, answer.reasons) == ("deny", ("engine.no-permit",))
    assert answer.sentences == ("no policy permits `helpdesk.reply` in this situation",)
    assert answer.errors == ()


def test_a_forbid_with_an_obligation_asks_a_person(ask) -> None:
    own = policies(PERMIT, asks("large", more='@quorum("2") @ttl("30m")'))
    answer = own.decide(ask())
    assert (answer.outcome, answer.reasons, answer.sentences) == ("review", ("large",), ("large asks",))
    assert answer.obligations == (Obligation("large", "reviewer", quorum=2, ttl_s=1800),)


def test_two_obligations_at_once_are_both_needed(ask) -> None:
    own = policies(PERMIT, asks("large"), asks("late", role="risk_officer"))
    both = own.decide(ask())
    assert [(each.id, each.role) for each in both.obligations] == [
        ("large", "reviewer"),
        ("late", "risk_officer"),
    ]
    one_left = own.decide(ask(approvals=frozenset({"large"})))
    assert [each.id for each in one_left.obligations] == ["late"]
    assert own.decide(ask(approvals=frozenset({"large", "late"}))).outcome == "allow"


def test_a_hard_forbid_beside_an_obligation_denies(ask) -> None:
    own = policies(PERMIT, asks("large"), forbids("never", "context.amount_minor > 10"))
    answer = own.decide(ask(amount_minor=11))
    assert (answer.outcome, answer.reasons, answer.obligations) == ("deny", ("large", "never"), ())


def test_nobody_is_asked_for_what_no_approval_could_allow(ask) -> None:
    answer = policies(asks("large")).decide(ask())
    assert (answer.outcome, answer.reasons) == ("deny", ("engine.no-permit",))


def test_nobody_is_asked_where_the_approval_itself_meets_a_refusal(ask) -> None:
    own = policies(PERMIT, asks("large"), forbids("never", 'context.approvals.contains("large")'))
    answer = own.decide(ask())
    assert (answer.outcome, answer.reasons) == ("deny", ("large", "never"))


def test_an_obligation_that_stays_open_after_its_approval_denies(ask) -> None:
    stubborn = asks("large").replace("unless {", 'unless { context.purpose == "x" &&')
    answer = policies(PERMIT, stubborn).decide(ask())
    assert (answer.outcome, answer.reasons) == ("deny", ("large",))


def test_an_approval_meets_only_the_obligation_it_names(ask) -> None:
    own = policies(PERMIT, asks("large"))
    for other in ("reviewer", "approval", "LARGE", "large "):
        assert own.decide(ask(approvals=frozenset({other}))).outcome == "review"


def test_a_use_case_cannot_lift_a_rule_of_the_house(ask) -> None:
    own = policies(PERMIT, '@id("all") @reason("all") permit (principal, action, resource);')
    assert own.decide(ask(stopped=True)).outcome == "deny"


def test_policies_may_speak_about_the_whole_situation(ask) -> None:
    own = policies(
        PERMIT,
        forbids("doubt", "context.confidence_bp < 8000 && context.untrusted"),
        forbids("elsewhere", 'principal != UseCase::"support"'),
        forbids("connector", 'resource in Connector::"crm"'),
    )
    assert own.decide(ask()).outcome == "allow"
    assert own.decide(ask(confidence_bp=7999)).reasons == ("doubt",)
    assert own.decide(ask(use_case="claims")).reasons == ("elsewhere",)
    assert own.decide(ask(tool="crm.update write")).reasons == ("connector",)


def test_many_threads_may_decide_with_the_same_policies(ask, support) -> None:
    outcomes: list[str] = []

    def work() -> None:
        outcomes.extend(
            support.decide(ask(tool=f"refunds.issue{number} money")).outcome for number in range(20)
        )
        outcomes.extend(support.decide(ask()).outcome for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("allow"), outcomes.count("deny")) == (80, 80)


@pytest.mark.parametrize(
    ("permit", "covered"),
    [
        ('(principal, action, resource == Tool::"pay.send")', True),
        ('(principal, action, resource == Tool::"pay.other")', False),
        ('(principal, action, resource in Connector::"pay")', True),
        ('(principal, action, resource in Connector::"crm")', False),
        ('(principal, action == Action::"call", resource is Tool in Connector::"pay")', True),
        ("(principal, action, resource)", True),
        ('(principal, action, resource) when { resource.sink == Sink::"none" }', False),
        ('(principal, action, resource) when { resource.sink == Sink::"money" }', True),
        ('(principal, action, resource) when { [Tool::"pay.send"].contains(resource) }', True),
        ('(principal, action, resource) when { [Tool::"pay.other"].contains(resource) }', False),
        ("(principal, action, resource) when { resource.clearance > 2 }", False),
        ('(principal, action, resource == Tool::"pay.send") when { context.amount_minor < 5 }', True),
    ],
)
def test_a_tool_is_covered_if_a_permit_could_ever_apply_to_it(permit: str, covered: bool) -> None:
    own = policies(f'@id("x") @reason("x") permit {permit};')
    assert own.coverage([Tool("pay.send", "money", 2, "eu")]) == {"pay.send": covered}


def test_coverage_speaks_of_tools_that_write_and_forbids_leave_no_gap() -> None:
    own = policies(
        PERMIT, forbids("never", 'resource == Tool::"helpdesk.reply" && context.amount_minor > 0')
    )
    tools = [Tool("helpdesk.reply", "message", 2, "eu"), Tool("crm.find", "none", 2, "eu")]
    assert own.coverage(tools) == {"helpdesk.reply": True}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('@id("x") @reason("x") permit (principal, action, resource);', "names no tool"),
        (
            forbids("x", "true") + PERMIT.replace('"p"', '"q"').removesuffix(";")
            + ' when { context.approvals.contains("y") };',
            "looks for the approval `y`",
        ),
        (forbids("x", "context.amount_minor * 3 > 10"), "multiplies"),
        (PERMIT.replace("helpdesk.reply", "helpdesk.replay"), "names the tool `helpdesk.replay`"),
    ],
)  # fmt: skip
def test_lint_names_what_is_probably_not_meant(text: str, says: str) -> None:
    (finding,) = policies(text).lint([Tool("helpdesk.reply", "message", 2, "eu")])
    assert says in finding.message
    assert finding.place == "own.cedar"


def test_lint_is_silent_about_sound_policies(support) -> None:
    assert support.lint() == ()
