"""E-mail messages, as files and as they are received, understood by the standard library."""

from roadworthy.adapters.mail.letter import MailOpener
from roadworthy.adapters.mail.reader import MailReader

__all__ = ["MailOpener", "MailReader"]
