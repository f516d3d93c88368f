"""Calls to models over hyper, Rust's HTTP client: the cheapest one there is for Python."""

from roadworthy.adapters.pyreqwest.upstream import PyreqwestUpstream

__all__ = ["PyreqwestUpstream"]
