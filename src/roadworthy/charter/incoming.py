"""The part of a charter that says how cases come in by themselves: by mail, by webhook, as files in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, model_validator

from roadworthy.charter.parts import Name, Part
from roadworthy.placed import Path

MailSource = Literal[
    "body", "subject", "from", "verified_from", "to", "date", "message_id", "in_reply_to", "attachments"
]
AUTHENTICATED: Final = frozenset({"verified_from", "to"})
"""What the receiving server knows of a mail, and not only its sender says."""

_PATH = r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,9}$"
_ADDRESS = r"^[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}$"
_FOLDER = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,9}$"
_RATE: Final = re.compile(r"([1-9]\d{0,6})/(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

JsonPath = Annotated[
    str,
    Field(
        pattern=_PATH,
        description="names of fields, entries of lists by number, with full stops between them",
        examples=["data.customer.email", "data.lines.0.text"],
    ),
]
SecretReference = Annotated[
    str,
    Field(
        pattern=r"^(env|file):.{1,500}$", description="where a secret stands", examples=["env:SHOP_HOOK"]
    ),
]
Rate = Annotated[str, Field(pattern=r"^[1-9]\d{0,6}/[smhd]$", examples=["60/h"])]


def rate_of(text: str) -> tuple[int, int]:
    """(how many, seconds) of a rate such as ``60/h``. Errors: ``ValueError``."""
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a rate such as `60/h`, found `{text}`")
    return int(found[1]), _SECONDS[found[2]]


class Imap(Part):
    """A mailbox that is looked into. Mails are moved only after what became of them is written down."""

    host: str = Field(min_length=1, max_length=253, description="its server")
    port: int = Field(default=993, gt=0, le=65_535, description="where it listens")
    tls: Literal["implicit", "starttls", "none"] = Field(
        default="implicit", description="`none` only on this machine or a private network"
    )
    credential: SecretReference = Field(description="holds `user:password`")
    folder: str = Field(default="INBOX", min_length=1, max_length=200, description="where mails arrive")
    done: str = Field(
        default="Done", min_length=1, max_length=200, description="where those go that became a case"
    )
    rejected: str = Field(
        default="Rejected", min_length=1, max_length=200, description="where all others go"
    )


class IncomingMail(Part):
    """Mails to one address, each of which becomes a case; the same mail twice is one case."""

    address: str = Field(
        pattern=_ADDRESS, description="whom they are written to", examples=["help@example.com"]
    )
    fields: dict[Name, MailSource] = Field(
        min_length=1,
        description="what fills each field of the input. `from` is what the mail says; `verified_from` is the same "
        "where the receiving server found it proven, and nothing otherwise",
    )
    authserv: str = Field(
        default="",
        max_length=253,
        description="the name under which the receiving server writes `Authentication-Results`; it has to strip "
        "those of others that claim its name (RFC 8601, section 5). Empty: no sender is ever proven",
    )
    imap: Imap | None = Field(
        default=None,
        description="the mailbox that is looked into; without one, mails come by the mail door",
    )
    automatic: bool = Field(
        default=False,
        description="mails written by programs become cases too; bounces and our own never do",
    )
    attachments: Literal["name", "text"] = Field(
        default="name",
        description="what the source `attachments` gives: their names, or what can be read of them",
    )
    max_bytes: int = Field(default=5_000_000, gt=0, le=50_000_000, description="of one mail")
    rate_per_sender: Rate = Field(
        default="60/h", description="how many mails of one sender a process takes"
    )
    rate: Rate = Field(default="2000/h", description="how many mails a process takes in all")


class IncomingWebhook(Part):
    """Messages of one system, signed as Standard Webhooks; the same id twice is one case."""

    secrets: list[SecretReference] = Field(
        min_length=1, max_length=4, description="any of them may have signed: an old one and a new one"
    )
    to: Literal["case", "outcome"] = Field(
        default="case", description="a new case, or what turned out to be right about one"
    )
    fields: dict[Name, JsonPath] = Field(default={}, description="what fills each field of the input")
    key: JsonPath | None = Field(
        default=None, description="the case's key; left out: the id of the message. An outcome needs one"
    )
    truth: JsonPath | None = Field(default=None, description="for an outcome: the right label")
    max_bytes: int = Field(default=256_000, gt=0, le=2_000_000, description="of one message")

    @model_validator(mode="after")
    def _says_all_of_it(self) -> IncomingWebhook:
        if self.to == "case" and (not self.fields or self.truth):
            raise ValueError("a webhook to a case names `fields`, and no `truth`")
        if self.to == "outcome" and (self.fields or not self.key or not self.truth):
            raise ValueError("a webhook to an outcome names `key` and `truth`, and no `fields`")
        return self


class IncomingFiles(Part):
    """Files that are laid into a folder: each file of JSON, or each row of a CSV file, becomes a case."""

    folder: str = Field(
        pattern=_FOLDER,
        description="below the use case's data folder, or below `root`",
        examples=["in/orders"],
    )
    root: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9_-]{0,40})?$",
        description="a folder that the operator names in `connectors.yaml`",
    )
    format: Literal["json", "csv"] = Field(default="json", description="what stands in a file")
    fields: dict[Name, str] = Field(
        min_length=1,
        description="what fills each field of the input: a path in JSON, a column's name in CSV",
    )
    key: str = Field(
        default="",
        max_length=200,
        description="the path or column of the case's key; left out: a digest of the file, and the row's number",
    )
    max_bytes: int = Field(default=5_000_000, gt=0, le=100_000_000, description="of one file")
    max_rows: int = Field(default=10_000, gt=0, le=1_000_000, description="of one CSV file")

    @model_validator(mode="after")
    def _paths_are_paths(self) -> IncomingFiles:
        if self.format == "json":
            for path in (*self.fields.values(), *([self.key] if self.key else [])):
                if not re.fullmatch(_PATH, path):
                    raise ValueError(f"expected a path such as `order.id`, found `{path[:60]}`")
        return self


class IntakePlan(Part):
    """Where cases come from beside the API. Each place has a name, under which rejects are told."""

    mail: dict[Name, IncomingMail] = Field(default={}, description="mailboxes and addresses")
    webhooks: dict[Name, IncomingWebhook] = Field(
        default={}, description="taken at `/in/USE_CASE/NAME` of the server"
    )
    files: dict[Name, IncomingFiles] = Field(default={}, description="watched folders")


def unfit_incoming(charter: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Fields that are filled and not declared, and trusted ones that a stranger would fill."""
    declared = _entries(charter.get("input"))
    plan = _entries(charter.get("intake"))
    for kind in ("mail", "webhooks", "files"):
        for name, place in _entries(plan.get(kind)).items():
            for field, source in _entries(_entries(place).get("fields")).items():
                path = ("intake", kind, name, "fields", field)
                if field not in declared:
                    yield path, f"no input field `{field}`"
                elif (
                    kind == "mail"
                    and _entries(declared[field]).get("trusted") is True
                    and source in set(get_args(MailSource)) - AUTHENTICATED
                ):
                    yield (
                        path,
                        f"`{field}` is trusted, and `{source}` is what a sender writes: `verified_from` is proven",
                    )
    addresses: dict[str, str] = {}
    for name, place in _entries(plan.get("mail")).items():
        address = str(_entries(place).get("address", "")).lower()
        first = addresses.setdefault(address, name)
        if first != name:
            yield ("intake", "mail", name, "address"), f"`{first}` takes the mails to this address"


def _entries(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {}
