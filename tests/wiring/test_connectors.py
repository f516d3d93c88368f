"""What the operator says of ways in and out, and what the kinds are joined with."""

import socket
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from tests.adapters.mail.letters import a_mail
from tests.operate.conftest import office
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office

from roadworthy.charter import Argument, Charter, Tool
from roadworthy.charter.incoming import Imap, IncomingFiles
from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.testing.memory import MemoryStore
from roadworthy.wiring.incoming import incoming_duties, mail_door, open_folder, open_imap
from roadworthy.wiring.operators import operators
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.reaching import addresses_of
from roadworthy.wiring.tools import Toolmaker

__all__ = ["office"]


def told(home: Path, text: str) -> Workspace:
    (home / "connectors.yaml").write_text(text)
    return Workspace(home, "")


def test_roots_and_the_mail_door_are_read(tmp_path: Path) -> None:
    assert operators(Workspace(tmp_path, "")).mail is None
    found = operators(told(tmp_path, 'roots: {out: /srv/x}\nmail: {listen: "[::1]:25", protocol: smtp}'))
    assert found.root("out", otherwise=tmp_path, place="p") == Path("/srv/x")
    assert found.root("", otherwise=tmp_path, place="p") == tmp_path
    assert found.mail is not None
    assert (found.mail.host, found.mail.port, found.mail.lmtp) == ("::1", 25, False)
    with pytest.raises(InputProblem, match="no folder `in`") as missing:
        found.root("in", otherwise=tmp_path, place="p")
    assert missing.value.code == "RW-FILE-020"


@pytest.mark.parametrize(
    "text",
    [
        "x: 1", "- a", "roots: [a]", "roots: {A: /x}", "roots: {a: relative}", "mail: {}", "mail: here", "{", "a: " + "x" * 200_000,
        'mail: {listen: "127.0.0.1:99999"}', 'mail: {listen: "127.0.0.1:25", protocol: pop}',
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputProblem) as found:
        operators(told(tmp_path, text))
    assert found.value.code == "RW-FILE-021"


def test_addresses_inside_a_network_are_named_by_number_and_port() -> None:
    assert addresses_of("127.0.0.1", 25, hosts=["127.0.0.1:25"]) == ["127.0.0.1"]
    for hosts in (["localhost"], ["127.0.0.1:26"], ["127.0.0.1"]):
        with pytest.raises(Refused) as refused:
            addresses_of("127.0.0.1", 25, hosts=hosts)
        assert refused.value.code == "RW-TOOL-006"
    assert addresses_of("10.0.0.1", 25, hosts=None) == ["10.0.0.1"]
    for hosts in (None, ["169.254.169.254:80"]):
        with pytest.raises(Refused):
            addresses_of("169.254.169.254", 80, hosts=hosts)
    with pytest.raises(Unavailable):
        addresses_of("no-such-name.invalid", 25, hosts=None)


def made(place: Workspace, **declared: Any) -> Any:
    tools = {"desk.it": Tool(**declared)}
    charter = Charter.model_construct(use_case="desk", tools=tools, data={})
    maker = Toolmaker(place, MemoryStore())
    data = place.home / "data" / "desk"
    return maker.connectors("sha256:1", charter, "", place.home, data)["desk.it"]


def test_a_file_is_laid_below_the_data_folder_or_where_the_operator_says(tmp_path: Path) -> None:
    place = told(tmp_path, f"roots: {{out: {tmp_path / 'elsewhere'}}}")
    common: dict[str, Any] = {
        "use": "file.drop", "sink": "write", "idempotency": "native", "arguments": {"id": Argument()},
    }  # fmt: skip
    made(place, **common, options={"folder": "x"}).send("k", {"id": "a"})
    made(place, **common, options={"folder": "x", "root": "out"}).send("k", {"id": "a"})
    assert len(list((tmp_path / "data/desk/x").glob("*.json"))) == 1
    assert len(list((tmp_path / "elsewhere/x").glob("*.json"))) == 1
    with pytest.raises(InputProblem):
        made(place, **common, options={"folder": "x", "root": "nowhere"})


class Post:
    """Takes every mail."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append(envelope.content)
        return "250 taken"


def test_a_mail_leaves_for_a_server_that_hosts_names_and_no_other(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    post = Post()
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    options = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "desk@example.org"}
    common: dict[str, Any] = {
        "use": "mail.send",
        "sink": "message",
        "control": ["to", "cc"],
        "options": options,
    }
    sent = {"to": "ada@example.com", "subject": "s", "body": "b"}
    try:
        place = Workspace(tmp_path, "")
        made(place, **common, hosts=[f"127.0.0.1:{port}"]).send("k", sent)
        with pytest.raises(Refused):
            made(place, **common, hosts=["127.0.0.1"]).send("k", sent)
        with pytest.raises(InputProblem, match="hosts"):
            made(place, **common, hosts=["mail.example.com"])
    finally:
        server.stop()
    assert len(post.taken) == 1


def test_a_webhook_names_its_host_and_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "whsec_" + "A" * 40)
    common: dict[str, Any] = {
        "use": "webhook.send", "sink": "message", "control": ["id"], "arguments": {"id": Argument()},
        "credential": "env:HOOK", "options": {"url": "https://shop.example.com/hook", "type": "a.b"},
    }  # fmt: skip
    place = Workspace(tmp_path, "")
    assert made(place, **common, hosts=["shop.example.com"]).idempotency == "none"
    with pytest.raises(InputProblem, match="hosts"):
        made(place, **common, hosts=[])


def test_a_password_does_not_travel_in_the_clear(tmp_path: Path) -> None:
    imap = Imap(host="mail.example.com", tls="none", credential="env:X")
    with pytest.raises(InputProblem, match="unencrypted"):
        open_imap(imap, place=Workspace(tmp_path, ""))


def test_the_door_and_the_duties_take_what_charters_name(office: Office, tmp_path: Path) -> None:
    import smtplib

    office.release(reply, charter=CHARTER + """
intake:
  mail: {help: {address: help@desk.example, fields: {text: body}, max_bytes: 1000}}
  files: {orders: {folder: in, fields: {text: text}}}
""")  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = told(tmp_path, f'mail: {{listen: "127.0.0.1:{port}"}}')
    with mail_door(office.deployment, place) as listening:
        assert listening == f"lmtp://127.0.0.1:{port}"
        with smtplib.LMTP("127.0.0.1", port) as client:
            client.sendmail("ada@example.com", ["help@desk.example"], a_mail("refund 0.9"))
            with pytest.raises(smtplib.SMTPDataError):
                client.sendmail("ada@example.com", ["help@desk.example"], a_mail("x" * 2_000))
    plan = IncomingFiles(folder="in", fields={"text": "text"})
    assert (
        list(open_folder(office.charters[next(iter(office.charters))], plan, place=place).files(most=1))
        == []
    )
    for duty in incoming_duties(place):
        duty.do(office.deployment)
    assert office.case("m1@example.com")
    with mail_door(office.deployment, Workspace(tmp_path / "other", "")) as nothing:
        assert nothing == ""
