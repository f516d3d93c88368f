"""Every store and every vault keeps the promises of its port."""

from __future__ import annotations

from roadworthy.testing.conformance import StoreConformance, VaultConformance


class TestStore(StoreConformance):
    pass


class TestVault(VaultConformance):
    pass
