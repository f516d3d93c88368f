"""What the machine itself gives: files, the time, randomness."""

from roadworthy.adapters.files.figures import FileFigures
from roadworthy.adapters.files.ideas import FileIdeas
from roadworthy.adapters.files.machine import SystemClock, SystemEntropy
from roadworthy.adapters.files.models import FileModels
from roadworthy.adapters.files.private import make_private_folder, require_secrets, secret_file
from roadworthy.adapters.files.slips import FileSlips

__all__ = [
    "FileFigures",
    "FileIdeas",
    "FileModels",
    "FileSlips",
    "SystemClock",
    "SystemEntropy",
    "make_private_folder",
    "require_secrets",
    "secret_file",
]
