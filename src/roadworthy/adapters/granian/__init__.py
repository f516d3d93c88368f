"""Serving an application from this process: granian, embedded."""

from roadworthy.adapters.granian.serving import free_port, serve

__all__ = ["free_port", "serve"]
