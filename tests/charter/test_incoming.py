"""Where cases come from beside the API: what a charter may say of it."""

import pytest
from tests.operate.office import CHARTER

from roadworthy.charter import read
from roadworthy.errors import InputProblem


def charter(intake: str) -> object:
    return read(f"{CHARTER}\nintake:\n{intake}", file="charter.yaml").intake


def test_mail_webhooks_and_files_are_declared_by_name() -> None:
    plan = read(
        CHARTER
        + """
intake:
  mail: {help: {address: help@example.com, authserv: mx.example.com, fields: {text: body, sender: verified_from}}}
  webhooks:
    shop: {secrets: ["env:A", "env:B"], key: data.id, fields: {text: data.text}}
    crm: {secrets: ["env:A"], to: outcome, key: data.id, truth: data.label}
  files: {orders: {folder: in/orders, format: csv, fields: {text: the text}}}
""",
        file="charter.yaml",
    ).intake
    assert plan.mail["help"].fields == {"text": "body", "sender": "verified_from"}
    assert plan.webhooks["crm"].to == "outcome"
    assert plan.files["orders"].folder == "in/orders"


@pytest.mark.parametrize(
    ("intake", "told"),
    [
        (
            "  mail: {help: {address: help@example.com, fields: {sender: from}}}",
            "`sender` is trusted, and `from`",
        ),
        (
            "  mail: {help: {address: help@example.com, fields: {nothing: body}}}",
            "no input field `nothing`",
        ),
        ("  mail: {help: {address: no address, fields: {text: body}}}", "address"),
        (
            "  mail: {a: {address: h@example.com, fields: {text: body}}, b: {address: H@example.com, fields: {text: body}}}",
            "`a` takes the mails to this address",
        ),
        ("  webhooks: {a: {secrets: [], fields: {text: a}}}", "secrets"),
        ("  webhooks: {a: {secrets: [plain], fields: {text: a}}}", "secrets"),
        ("  webhooks: {a: {secrets: ['env:A']}}", "names `fields`"),
        ("  webhooks: {a: {secrets: ['env:A'], to: outcome, key: a}}", "names `key` and `truth`"),
        ("  webhooks: {a: {secrets: ['env:A'], fields: {text: 'a[0]'}}}", "fields"),
        ("  files: {a: {folder: ../out, fields: {text: a}}}", "folder"),
        ("  files: {a: {folder: /etc, fields: {text: a}}}", "folder"),
        ("  files: {a: {folder: in, fields: {text: 'a b'}}}", "expected a path"),
        ("  mail: {a: {address: h@example.com, rate: lots, fields: {text: body}}}", "rate"),
    ],
)
def test_what_cannot_be_meant_is_told(intake: str, told: str) -> None:
    with pytest.raises(InputProblem) as found:
        charter(intake)
    assert told in found.value.message
