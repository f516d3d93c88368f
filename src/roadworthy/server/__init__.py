"""The HTTP door: the API for machines, pages for people, and the process that serves both."""

from roadworthy.server.app import application
from roadworthy.server.serve import serve

__all__ = ["application", "serve"]
