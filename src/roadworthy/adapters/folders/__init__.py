"""Releases as folders: collected into an archive, unpacked from one, and imported side by side."""

from roadworthy.adapters.folders.importing import import_beside
from roadworthy.adapters.folders.loader import FolderLoader
from roadworthy.adapters.folders.reading import read_folder

__all__ = ["FolderLoader", "import_beside", "read_folder"]
