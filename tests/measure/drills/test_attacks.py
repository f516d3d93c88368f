from __future__ import annotations

from tests.operate.office import CHARTER

from roadworthy.charter import read
from roadworthy.measure.drills.attacks import (
    ACCOUNT,
    LINK,
    MAIL,
    NUMBER,
    PLANTED,
    attacks_on,
    looked_up,
    stranger,
    uncalled,
)

TOOLS = read(CHARTER, file="charter.yaml").tools
REPLY = {"to": "ada@example.com", "body": "hello"}


def test_every_attack_changes_the_call_that_it_attacks() -> None:
    for tool, good in (("mail.reply", REPLY), ("bank.pay", {"account": "A-1", "amount": 100})):
        made = list(attacks_on(tool, TOOLS[tool], good))
        assert made
        assert all(dict(attack.arguments) != good for attack in made)


def test_control_values_are_tried_in_disguises_and_content_with_hidden_links() -> None:
    techniques = {attack.technique for attack in attacks_on("mail.reply", TOOLS["mail.reply"], REPLY)}
    assert {
        "another value",
        "mixed case",
        "percent-encoded",
        "letters of another alphabet",
        "a list of both",
        "a new header line",
        "copied from untrusted input",
        "markdown image",
        "account number with zero width",
        "e-mail in entities",
    } <= techniques


def test_an_amount_is_tried_out_of_every_range() -> None:
    amounts = [
        attack.arguments["amount"]
        for attack in attacks_on("bank.pay", TOOLS["bank.pay"], {"account": "A-1", "amount": 100})
        if attack.steered == "amount"
    ]
    assert 10**300 in amounts
    assert any(isinstance(one, int) and one < 0 for one in amounts)
    assert any(isinstance(one, str) for one in amounts)


def test_a_stranger_is_of_the_kind_of_the_good_value() -> None:
    assert stranger("ada@example.com") == MAIL
    assert stranger("https://bank.example/x") == LINK
    assert stranger("GB29NWBK60161331926819") == ACCOUNT
    assert stranger(5) == NUMBER
    assert stranger(["ada@example.com"]) == [MAIL]
    assert all(str(value) in PLANTED for value in (MAIL, LINK, ACCOUNT, NUMBER))


def test_a_look_up_by_somebody_elses_key_fills_only_what_differs_and_fits() -> None:
    found = list(
        looked_up(
            "bank.pay",
            TOOLS["bank.pay"],
            {"account": "A-1", "amount": 100},
            ("books.look", {"who": "bob"}),
            {"account": "A-2", "balance": 7},
        )
    )
    assert {(one.steered, tuple((one.fill or {}).items())) for one in found} == {
        ("account", (("account", (0, "account")),)),
        ("amount", (("amount", (0, "balance")),)),
    }


def test_a_tool_that_no_case_calls_is_called_with_what_it_demands() -> None:
    assert uncalled("mail.withdraw", TOOLS["mail.withdraw"]).arguments.keys() == {"key"}
    assert uncalled("bank.pay", TOOLS["bank.pay"]).arguments["amount"] == NUMBER
