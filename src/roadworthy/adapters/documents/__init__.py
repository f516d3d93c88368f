"""Where documents lie: folders of files, and rows that a query gives."""

from roadworthy.adapters.documents.folder import FolderSource
from roadworthy.adapters.documents.rows import RowsSource

__all__ = ["FolderSource", "RowsSource"]
