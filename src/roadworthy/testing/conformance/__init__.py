"""What an adapter of a port must do, as tests to inherit.

class TestMyStore(StoreConformance):
    @pytest.fixture
    def store(self) -> Store: ...      # empty, for each test anew

class TestMyVault(VaultConformance):   # store, and as many vaults over it as a test asks for
    @pytest.fixture
    def open_vault(self) -> Callable[[], Vault]: ...
"""

from roadworthy.testing.conformance.casework import CasesConformance
from roadworthy.testing.conformance.effects import EffectsConformance
from roadworthy.testing.conformance.evaluations import EvaluationsConformance
from roadworthy.testing.conformance.evidence import EvidenceConformance
from roadworthy.testing.conformance.ledger import LedgerConformance
from roadworthy.testing.conformance.ledger_index import LedgerIndexConformance
from roadworthy.testing.conformance.metering import MeteringConformance
from roadworthy.testing.conformance.people import PeopleConformance
from roadworthy.testing.conformance.releases import ReleasesConformance
from roadworthy.testing.conformance.reviews import ReviewsConformance
from roadworthy.testing.conformance.rollups import RollupsConformance
from roadworthy.testing.conformance.spotchecks import SpotChecksConformance
from roadworthy.testing.conformance.toolstates import ToolStatesConformance
from roadworthy.testing.conformance.transactions import TransactionsConformance
from roadworthy.testing.conformance.vault import VaultConformance
from roadworthy.testing.conformance.watching import WatchingConformance


class StoreConformance(
    TransactionsConformance,
    CasesConformance,
    EffectsConformance,
    ReviewsConformance,
    ReleasesConformance,
    EvidenceConformance,
    EvaluationsConformance,
    SpotChecksConformance,
    WatchingConformance,
    MeteringConformance,
    PeopleConformance,
    LedgerConformance,
    LedgerIndexConformance,
    ToolStatesConformance,
    RollupsConformance,
):
    """Everything the port ``Store`` promises."""


__all__ = ["StoreConformance", "VaultConformance"]
