"""A mail becomes a case: by its Message-ID, so that the same mail is one case whichever way it comes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from roadworthy.charter import Charter
from roadworthy.charter.incoming import Imap, IncomingMail
from roadworthy.errors import Problem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.incoming.rates import Rates
from roadworthy.operate.incoming.standing import bring, doorkeeper, fitted, open_charters
from roadworthy.operate.intake import keep_reject
from roadworthy.ports.incoming import Letter, LetterOpener, Mailbox
from roadworthy.principal import Principal

EVERY_S: Final = 30.0
MOST: Final = 200
"""Mails of one mailbox in one round."""
_log = logging.getLogger("roadworthy.mail")


class Fate(StrEnum):
    """What became of a mail. ``later``: it was not taken, and is to be offered again. ``unfit``: only a note of it is
    kept, so whoever has it keeps it or gives it back."""

    TAKEN = "taken"
    REJECTED = "rejected"
    LATER = "later"
    UNFIT = "unfit"


class Address(NamedTuple):
    """Where mails are taken: the charter, and the place in it."""

    charter: Charter
    name: str
    plan: IncomingMail

    @property
    def keeper(self) -> Principal:
        """Who brings what comes here."""
        return doorkeeper("mail", self.name, self.charter.use_case)


@dataclass(frozen=True, slots=True)
class Mails:
    """Takes mails. Safe from any thread; doing it twice with one mail is doing it once."""

    deployment: Deployment
    opener: LetterOpener
    rates: Rates

    def addresses(self) -> Iterator[Address]:
        """Every address at which some use case takes mails."""
        for charter in open_charters(self.deployment):
            for name, plan in charter.intake.mail.items():
                yield Address(charter, name, plan)

    def at_the_door(self, recipient: str) -> Address | None:
        """Who takes mails for a recipient that a server hands in."""
        wanted = recipient.strip().strip("<>").lower()
        found = (one for one in self.addresses() if one.plan.imap is None)
        return next((one for one in found if one.plan.address.lower() == wanted), None)

    def take(self, address: Address, raw: bytes, *, envelope: str | None) -> Fate:
        """Take one mail; what is no case is kept among the rejects with the reason.

        Errors: those of the store. Then nothing was taken, and the mail is still where it came from.
        """
        plan = address.plan
        if len(raw) > plan.max_bytes:
            return self.reject_unread(address, len(raw))
        letter = self.opener(
            raw,
            authserv=plan.authserv,
            envelope=envelope,
            read_attachments=plan.attachments == "text" and "attachments" in plan.fields.values(),
        )
        if letter.unread:
            return self._note(address, letter.id, letter.unread)
        why = letter.refused or ("" if plan.automatic else letter.automatic)
        if not why:
            if not self._has_room(address, letter, envelope):
                return Fate.LATER
            receipt, _ = bring(self.deployment, address.keeper, letter.id, _data(address, letter))
            return Fate.TAKEN if receipt else Fate.REJECTED
        keep_reject(
            self.deployment, address.charter.use_case, letter.id, _data(address, letter), (Problem(why),)
        )
        return Fate.REJECTED

    def reject_unread(self, address: Address, size: int, *, key: str = "") -> Fate:
        """Keep a note of a mail that is too large to be opened."""
        words = f"the mail has {size} bytes, at most {address.plan.max_bytes} are taken"
        return self._note(address, key, words)

    def _note(self, address: Address, key: str, why: str) -> Fate:
        keep_reject(self.deployment, address.charter.use_case, key, {}, (Problem(why),))
        return Fate.UNFIT

    def _has_room(self, address: Address, letter: Letter, envelope: str | None) -> bool:
        at = self.deployment.now().timestamp()
        place = f"{address.charter.use_case}/{address.name}"
        who = envelope or letter.sender
        return self.rates.allows(
            f"{place} {who}", address.plan.rate_per_sender, at=at
        ) and self.rates.allows(place, address.plan.rate, at=at)


def _data(address: Address, letter: Letter) -> dict[str, object]:
    sources = {
        "body": letter.body,
        "subject": letter.subject,
        "from": letter.sender,
        "verified_from": letter.sender if letter.proven else "",
        "to": address.plan.address,
        "date": letter.date,
        "message_id": letter.id,
        "in_reply_to": letter.in_reply_to,
        "attachments": _hanging(letter),
    }
    fields = address.charter.input
    return {
        field: fitted(fields.get(field), sources[source])
        for field, source in address.plan.fields.items()
        if sources[source]
    }


def _hanging(letter: Letter) -> str:
    """What hangs on a mail, in words: a name alone says that it was not read."""
    lines = [
        f"{one.name}:\n{one.text}" if one.text else f"{one.name}: not read" for one in letter.attachments
    ]
    return "\n\n".join(lines)


# ── mailboxes ──

OpenMailbox = Callable[[Imap], AbstractContextManager[Mailbox]]


def look_into_mailboxes(mails: Mails, open_mailbox: OpenMailbox) -> int:
    """A duty: one round over all mailboxes; returns how many mails found a place. Twice at once: each mail is one case.

    A mail is moved only after what became of it is written down. One mailbox that fails does not keep the others.
    """
    moved = 0
    for address in list(mails.addresses()):
        imap = address.plan.imap
        if imap is None:
            continue
        try:
            with open_mailbox(imap) as mailbox:
                moved += _empty(mails, address, imap, mailbox)
        except RoadworthyError as problem:
            use_case = address.charter.use_case
            _log.warning(
                "the mailbox `%s` of %s waits: %s", address.name, use_case, problem.code,
                extra={"code": problem.code},
            )  # fmt: skip
    return moved


def _empty(mails: Mails, address: Address, imap: Imap, mailbox: Mailbox) -> int:
    moved = 0
    for waiting in mailbox.waiting(most=MOST):
        if waiting.size > address.plan.max_bytes:
            fate = mails.reject_unread(address, waiting.size, key=f"{imap.folder} {waiting.number}")
        else:
            raw = mailbox.read(waiting.number, most_bytes=address.plan.max_bytes)
            fate = mails.take(address, raw, envelope=None)
        if fate is Fate.LATER:
            continue  # another sender may have room
        mailbox.move(waiting.number, imap.done if fate is Fate.TAKEN else imap.rejected)
        moved += 1
    return moved
