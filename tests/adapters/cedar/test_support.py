"""The example's policies, as the bank would read them in a table."""

import pytest

TO = frozenset({"to"})
APPROVED = frozenset({"support.refund-large"})

TABLE = [
    ("crm.find_customer none", {}, "allow", ("support.read",)),
    ("refunds.find_fee none", {}, "allow", ("support.read",)),
    ("refunds.list_all none", {}, "deny", ("engine.no-permit",)),
    ("helpdesk.reply message", {}, "allow", ("support.reply",)),
    ("helpdesk.reply message", {"untrusted_control": TO}, "review", ("base.untrusted-control",)),
    ("helpdesk.reply message", {"autonomy": "suggest"}, "review", ("base.autonomy",)),
    ("helpdesk.reply message", {"stage": "shadow"}, "allow", ("support.reply",)),
    ("helpdesk.reply message", {"stage": "halted"}, "deny", ("base.stage",)),
    ("helpdesk.reply message", {"purpose": "advertising"}, "deny", ("base.purpose",)),
    ("helpdesk.withdraw delete", {}, "review", ("support.withdraw-approved",)),
    ("helpdesk.forward message", {}, "deny", ("engine.no-permit",)),
    ("refunds.issue money", {"amount_minor": 1}, "allow", ("support.refund",)),
    ("refunds.issue money", {"amount_minor": 1500}, "allow", ("support.refund",)),
    ("refunds.issue money", {"amount_minor": 1501}, "review", ("support.refund-large",)),
    ("refunds.issue money", {"amount_minor": 1501, "approvals": APPROVED}, "allow", ("support.refund",)),
    ("refunds.issue money", {"amount_minor": 10_000}, "review", ("support.refund-large",)),
    (
        "refunds.issue money",
        {"amount_minor": 10_001, "approvals": APPROVED},
        "deny",
        ("support.refund-limit",),
    ),
    ("refunds.issue money", {"amount_minor": 0}, "deny", ("base.amount",)),
    ("refunds.issue money", {"amount_minor": -1}, "deny", ("engine.out-of-range",)),
    (
        "refunds.issue money",
        {"amount_minor": 1000, "spent_today_minor": 49_000},
        "allow",
        ("support.refund",),
    ),
    (
        "refunds.issue money",
        {"amount_minor": 1001, "spent_today_minor": 49_000},
        "deny",
        ("support.refund-daily-limit",),
    ),
    (
        "refunds.issue money",
        {"amount_minor": 10, "untrusted_control": frozenset({"customer"})},
        "deny",
        ("base.untrusted-payment-or-identity",),
    ),
]


@pytest.mark.parametrize(("tool", "changes", "outcome", "reasons"), TABLE)
def test_the_support_desk_gets_what_its_policies_say(support, ask, tool, changes, outcome, reasons) -> None:
    answer = support.decide(ask(tool=tool, **changes))
    assert (answer.outcome, answer.reasons) == (outcome, reasons)


def test_approvals_of_refunds_expire_after_four_hours(support, ask) -> None:
    answer = support.decide(ask(tool="refunds.issue money", amount_minor=2000))
    assert [each.ttl_s for each in answer.obligations] == [14_400]
