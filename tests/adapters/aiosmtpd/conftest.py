from tests.operate.conftest import office

__all__ = ["office"]
