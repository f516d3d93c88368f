"""Every outside thing Roadworthy needs, as a Protocol, on a few pages.

``state``        what is kept: store, vault, ledger, clock
``work``         what cases run with: engine, models, policies, connectors
``tables``       what questions about data are put to
``checking``, ``matching``, ``instruments``   engines that look at data
``evaluating``, ``language``   what is evaluated, what it is graded with, what is kept of it
``accounts``     who may come in, and what proves it
``ideas``        assessments of ideas, as texts by name
``metering``, ``upstream``   what calls to models may spend, and what answers them
``knowledge``   what documents lie in, are indexed with and embedded by
``spotchecks``   which automatic cases people look at
``inbox``   what waits for people, who they are, and how they answered
``ledgers``   how entries of the ledger are found, and flags on cases
``vaults``   content under the keys of data subjects
``watching``   lineage, figures, alerts, and who is told of them
``slips``   stops that the database could not take

Adapters implement these; ``roadworthy.testing`` ships fakes and the conformance suites. All calls
are synchronous; everything that changes state takes the caller's ``Transaction``, so that one
business change, its jobs and its ledger events are committed together or not at all. A page is
loaded when something on it is first asked for: a command that looks at a file needs no gate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.ports.accounts import Credential, People
    from roadworthy.ports.checking import CheckCache, Checker
    from roadworthy.ports.evaluating import Evaluations, Grading, Target
    from roadworthy.ports.ideas import Ideas, IdeaText
    from roadworthy.ports.inbox import Inbox
    from roadworthy.ports.instruments import Instruments, Opener
    from roadworthy.ports.language import Completion, LanguageModel, Message, Unanswered
    from roadworthy.ports.matching import Matcher, MatchTable
    from roadworthy.ports.records import LedgerStore, Replies, Switches
    from roadworthy.ports.spotchecks import SpotChecks
    from roadworthy.ports.state import (
        Cases,
        Clock,
        Effects,
        Entropy,
        EvidenceStore,
        Page,
        Reject,
        Releases,
        Reviews,
        Store,
        Transaction,
    )
    from roadworthy.ports.tables import ArrowStream, Dataset, Dialect, Names, Progress, Workbench
    from roadworthy.ports.vaults import Sealed, Vault
    from roadworthy.ports.work import (
        ApprovedWriter,
        Chat,
        Connector,
        Engine,
        EngineHealth,
        Exchange,
        Job,
        LoadedRelease,
        Loader,
        MeteredTaskModel,
        ModelStore,
        Passwords,
        Policies,
        PricedTaskModel,
        Retriever,
        SourceReader,
        TaskModel,
        Trainer,
        Writer,
    )

__all__ = [
    "ApprovedWriter",
    "ArrowStream",
    "Cases",
    "Chat",
    "CheckCache",
    "Checker",
    "Clock",
    "Completion",
    "Connector",
    "Credential",
    "Dataset",
    "Dialect",
    "Effects",
    "Engine",
    "EngineHealth",
    "Entropy",
    "Evaluations",
    "EvidenceStore",
    "Exchange",
    "Grading",
    "IdeaText",
    "Ideas",
    "Inbox",
    "Instruments",
    "Job",
    "LanguageModel",
    "LedgerStore",
    "LoadedRelease",
    "Loader",
    "MatchTable",
    "Matcher",
    "Message",
    "MeteredTaskModel",
    "ModelStore",
    "Names",
    "Opener",
    "Page",
    "Passwords",
    "People",
    "Policies",
    "PricedTaskModel",
    "Progress",
    "Reject",
    "Releases",
    "Replies",
    "Retriever",
    "Reviews",
    "Sealed",
    "SourceReader",
    "SpotChecks",
    "Store",
    "Switches",
    "Target",
    "TaskModel",
    "Trainer",
    "Transaction",
    "Unanswered",
    "Vault",
    "Workbench",
    "Writer",
]

_PAGES = {
    "accounts": ("Credential", "People"),
    "checking": ("CheckCache", "Checker"),
    "evaluating": ("Evaluations", "Grading", "Target"),
    "ideas": ("IdeaText", "Ideas"),
    "instruments": ("Instruments", "Opener"),
    "language": ("Completion", "LanguageModel", "Message", "Unanswered"),
    "matching": ("MatchTable", "Matcher"),
    "inbox": ("Inbox",),
    "spotchecks": ("SpotChecks",),
    "records": ("LedgerStore", "Replies", "Switches"),
    "state": (
        "Cases",
        "Clock",
        "Effects",
        "Entropy",
        "EvidenceStore",
        "Page",
        "Reject",
        "Releases",
        "Reviews",
        "Store",
        "Transaction",
    ),
    "vaults": ("Sealed", "Vault"),
    "tables": ("ArrowStream", "Dataset", "Dialect", "Names", "Progress", "Workbench"),
    "work": (
        "ApprovedWriter",
        "Chat",
        "Connector",
        "Engine",
        "EngineHealth",
        "Exchange",
        "Job",
        "LoadedRelease",
        "Loader",
        "MeteredTaskModel",
        "ModelStore",
        "Passwords",
        "Policies",
        "PricedTaskModel",
        "Retriever",
        "SourceReader",
        "TaskModel",
        "Trainer",
        "Writer",
    ),
}
_WHERE = {name: page for page, names in _PAGES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module `roadworthy.ports` has no `{name}`")
    return getattr(import_module(f"roadworthy.ports.{_WHERE[name]}"), name)
