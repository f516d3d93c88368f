"""The client. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from roadworthy_client.operations.accounts import Accounts
from roadworthy_client.operations.books import Books
from roadworthy_client.operations.cases import Cases
from roadworthy_client.operations.effects import Effects
from roadworthy_client.operations.releases import Releases
from roadworthy_client.operations.reviews import Reviews
from roadworthy_client.operations.watching import Watching


class Roadworthy(Cases, Reviews, Effects, Watching, Books, Accounts, Releases):
    """Everything that the API offers, one method for each operation."""
