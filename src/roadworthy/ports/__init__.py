"""Every outside thing Roadworthy needs, as a Protocol, on three pages.

``state``   what is kept: store, vault, ledger, clock
``work``    what cases run with: engine, models, policies, connectors
``tables``  what questions about data are put to

Adapters implement these; ``roadworthy.testing`` ships fakes and the conformance suites. All calls
are synchronous; everything that changes state takes the caller's ``Transaction``, so that one
business change, its jobs and its ledger events are committed together or not at all.
"""

from roadworthy.ports.state import (
    Cases,
    Clock,
    Credential,
    Effects,
    Entropy,
    EvidenceStore,
    LedgerStore,
    Page,
    People,
    Reject,
    Releases,
    Replies,
    Reviews,
    Sealed,
    Store,
    Switches,
    Transaction,
    Vault,
)
from roadworthy.ports.tables import ArrowStream, Dataset, Dialect, Names, Progress, Workbench
from roadworthy.ports.work import (
    Connector,
    Engine,
    EngineHealth,
    Job,
    Knowledge,
    LoadedRelease,
    Loader,
    ModelStore,
    Passwords,
    Policies,
    Retriever,
    SourceReader,
    TaskModel,
    Trainer,
    Writer,
)

__all__ = [
    "ArrowStream",
    "Cases",
    "Clock",
    "Connector",
    "Credential",
    "Dataset",
    "Dialect",
    "Effects",
    "Engine",
    "EngineHealth",
    "Entropy",
    "EvidenceStore",
    "Job",
    "Knowledge",
    "LedgerStore",
    "LoadedRelease",
    "Loader",
    "ModelStore",
    "Names",
    "Page",
    "Passwords",
    "People",
    "Policies",
    "Progress",
    "Reject",
    "Releases",
    "Replies",
    "Retriever",
    "Reviews",
    "Sealed",
    "SourceReader",
    "Store",
    "Switches",
    "TaskModel",
    "Trainer",
    "Transaction",
    "Vault",
    "Workbench",
    "Writer",
]
