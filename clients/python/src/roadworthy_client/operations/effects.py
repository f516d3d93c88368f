"""What a client may ask for: effects. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.effects import (
    EffectList,
    EffectRow,
    EffectTold,
    LookList,
    ToolFreed,
    ToolList,
    ToolRow,
)


class Effects(Sender):
    """What the API offers on effects."""

    def list_effects(
        self, *, use_case: str | None = None, state: str | None = None, tool: str | None = None,
        after: str | None = None, limit: int | None = None,
    ) -> EffectList:
        """Effects, newest first, without content."""
        return self._send(
            EffectList, "GET", "/api/v1/effects", {},
            query={"use_case": use_case, "state": state, "tool": tool, "after": after, "limit": limit},
        )

    def iter_effects(
        self, *, use_case: str | None = None, state: str | None = None, tool: str | None = None,
        limit: int | None = None,
    ) -> Iterator[EffectRow]:
        """Effects, newest first, without content. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_effects(use_case=use_case, state=state, tool=tool, limit=limit, after=after),
            "effects",
        )

    def show_effect(self, id: str) -> EffectTold:
        """One effect: where it stands, what holds it, who is in front of it, how its receiver does."""
        return self._send(EffectTold, "GET", "/api/v1/effects/{id}", {"id": id})

    def retry_effect(
        self, id: str, *, reason: str, idempotency_key: str = "", if_match: str = "",
    ) -> EffectTold:
        """A person says that a dead or unknown effect is to be sent."""
        return self._send(
            EffectTold, "POST", "/api/v1/effects/{id}/retry", {"id": id}, body={"reason": reason},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def confirm_effect(
        self, id: str, *, reason: str, idempotency_key: str = "", if_match: str = "",
    ) -> EffectTold:
        """A person says that an unknown or dead effect was felt."""
        return self._send(
            EffectTold, "POST", "/api/v1/effects/{id}/confirm", {"id": id}, body={"reason": reason},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def park_effect(
        self, id: str, *, reason: str, idempotency_key: str = "", if_match: str = "",
    ) -> EffectTold:
        """Hold a ready effect until somebody releases it."""
        return self._send(
            EffectTold, "POST", "/api/v1/effects/{id}/park", {"id": id}, body={"reason": reason},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def release_effect(
        self, id: str, *, reason: str, behind: bool | None = None, idempotency_key: str = "",
        if_match: str = "",
    ) -> EffectTold:
        """Let go an effect that a person parked, or those that wait behind it."""
        return self._send(
            EffectTold, "POST", "/api/v1/effects/{id}/release", {"id": id},
            body={"reason": reason, "behind": behind}, idempotency_key=idempotency_key, if_match=if_match,
        )

    def list_tools(self, name: str, *, after: str | None = None, limit: int | None = None) -> ToolList:
        """Tools of the release that works, and what is known of them."""
        return self._send(
            ToolList, "GET", "/api/v1/use-cases/{name}/tools", {"name": name},
            query={"after": after, "limit": limit},
        )

    def iter_tools(self, name: str, *, limit: int | None = None) -> Iterator[ToolRow]:
        """Tools of the release that works, and what is known of them. Page after page, until the end."""
        return self._pages(lambda after: self.list_tools(name, limit=limit, after=after), "tools")

    def check_tool(self, name: str, tool: str, *, idempotency_key: str = "") -> LookList:
        """Look at a tool now: its definition, and the sample call of the charter."""
        return self._send(
            LookList, "POST", "/api/v1/use-cases/{name}/tools/{tool}/check", {"name": name, "tool": tool},
            body={}, idempotency_key=idempotency_key,
        )

    def release_tool(self, name: str, tool: str, *, reason: str, idempotency_key: str = "") -> ToolFreed:
        """Set a tool going again that is held back; it is looked at first."""
        return self._send(
            ToolFreed, "POST", "/api/v1/use-cases/{name}/tools/{tool}/release",
            {"name": name, "tool": tool}, body={"reason": reason}, idempotency_key=idempotency_key,
        )
