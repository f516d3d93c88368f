"""Files as a way in and out: written whole into a folder, and taken from one."""

from roadworthy.adapters.drops.reading import FolderWatch
from roadworthy.adapters.drops.writing import FileDrop, build

__all__ = ["FileDrop", "FolderWatch", "build"]
