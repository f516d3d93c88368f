"""Calls to models over aiohttp: pure Python around a C parser, for platforms that pyreqwest has no wheel for."""

from roadworthy.adapters.aiohttp.upstream import AiohttpUpstream

__all__ = ["AiohttpUpstream"]
