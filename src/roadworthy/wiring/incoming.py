"""The ways in beside the API: the mail door, mailboxes and watched folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from roadworthy.charter import Charter
from roadworthy.charter.incoming import Imap, IncomingFiles
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.address import is_near
from roadworthy.wiring.operators import operators
from roadworthy.wiring.place import Workspace, credential
from roadworthy.wiring.reaching import addresses_of
from roadworthy.wiring.sending import login_of

if TYPE_CHECKING:
    from roadworthy.operate.deployment import Deployment
    from roadworthy.operate.incoming.mails import Mails
    from roadworthy.operate.work import Duty
    from roadworthy.ports.incoming import Mailbox, WatchedFolder


def incoming_duties(place: Workspace) -> tuple[Duty, ...]:
    """What a worker does so that mails and files become cases. Where no charter names any, it looks and leaves."""
    from roadworthy.operate.incoming import folders, mails
    from roadworthy.operate.work import Duty

    opened: list[Mails] = []

    def look_into_mailboxes(deployment: Deployment) -> None:
        if not opened:
            opened.append(taking_mails(deployment))
        mails.look_into_mailboxes(opened[0], partial(open_imap, place=place))

    def look_into_folders(deployment: Deployment) -> None:
        folders.look_into_folders(deployment, partial(open_folder, place=place))

    return (
        Duty("mailboxes", mails.EVERY_S, look_into_mailboxes),
        Duty("folders", folders.EVERY_S, look_into_folders),
    )


def taking_mails(deployment: Deployment) -> Mails:
    """What opens mails and takes them."""
    from roadworthy.adapters.mail import MailOpener, MailReader
    from roadworthy.operate.incoming.mails import Mails
    from roadworthy.operate.incoming.rates import Rates
    from roadworthy.wiring.knowledge_sources import readers

    known = readers()
    mail = next(reader for reader in known if isinstance(reader, MailReader))
    return Mails(deployment, MailOpener(mail, known), Rates())


@contextmanager
def mail_door(deployment: Deployment, place: Workspace) -> Iterator[str]:
    """The mail door, open within the block where the operator asks for one; gives where it listens, else nothing.

    Errors: ``InputProblem`` RW-FILE-021, RW-TOOL-016 without the extra ``tools``; ``Unavailable`` RW-MAIL-012.
    """
    told = operators(place).mail
    if told is None:
        yield ""
        return
    try:
        from roadworthy.adapters.aiosmtpd import MailDoor, Taken
    except ImportError:
        raise InputProblem(
            "RW-TOOL-016", Problem("the mail door needs `aiosmtpd`", hint="pip install roadworthy[tools]")
        ) from None
    from roadworthy.operate.incoming.mails import Fate

    mails = taking_mails(deployment)

    def take(envelope: str, recipient: str, raw: bytes) -> Taken:
        address = mails.at_the_door(recipient)
        if address is None:
            return Taken("never", "no such recipient here")
        fate = mails.take(address, raw, envelope=envelope)
        if fate is Fate.LATER:
            return Taken("later", "too many mails")
        return Taken("never", "it cannot be read here") if fate is Fate.UNFIT else Taken("")

    door = MailDoor(
        told.host,
        told.port,
        lmtp=told.lmtp,
        most_bytes=_LARGEST,
        takes=lambda recipient: mails.at_the_door(recipient) is not None,
        take=take,
    )
    door.start()
    try:
        yield f"{'lmtp' if told.lmtp else 'smtp'}://{told.host}:{door.port}"
    finally:
        door.stop()


_LARGEST = 50_000_000
"""Of any charter's ``max_bytes``."""


def open_imap(imap: Imap, *, place: Workspace) -> AbstractContextManager[Mailbox]:
    """A mailbox that a charter names. Errors: ``InputProblem`` RW-MAIL-011, RW-TOOL-007; ``Unavailable`` RW-MAIL-010."""
    from roadworthy.adapters.imap import Account, open_mailbox

    if imap.tls == "none" and not (imap.host == "localhost" or is_near(imap.host)):
        raise InputProblem("RW-MAIL-011", Problem("the password would travel unencrypted", place="tls"))
    read = partial(credential, imap.credential, home=place.home)
    reach = partial(addresses_of, hosts=None)
    return open_mailbox(
        Account(imap.host, imap.port, imap.tls, partial(login_of, read), reach), imap.folder
    )


def open_folder(charter: Charter, plan: IncomingFiles, *, place: Workspace) -> WatchedFolder:
    """A folder that a charter watches. Errors: ``InputProblem`` RW-FILE-020, RW-FILE-021."""
    from roadworthy.adapters.drops import FolderWatch

    root = operators(place).root(
        plan.root, otherwise=place.data / charter.use_case, place="intake.files.root"
    )
    return FolderWatch(
        root, plan.folder, form=plan.format, most_bytes=plan.max_bytes, most_rows=plan.max_rows
    )
