"""E-mail messages as files, understood by the standard library."""

from roadworthy.adapters.mail.reader import MailReader

__all__ = ["MailReader"]
