"""Requests to the outside under guard: named hosts alone, addresses looked at when a connection is made."""

from roadworthy.adapters.httpx2.background import EventLoop
from roadworthy.adapters.httpx2.client import GuardedHttp, guarded_client
from roadworthy.adapters.httpx2.guard import is_outside, why_not_named

__all__ = ["EventLoop", "GuardedHttp", "guarded_client", "is_outside", "why_not_named"]
