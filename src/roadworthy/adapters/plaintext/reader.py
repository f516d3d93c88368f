"""Plain text files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from roadworthy.knowledge import Block, Finding
from roadworthy.knowledge.draft import Draft
from roadworthy.ports.knowledge import Decoder

_PARAGRAPHS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class TextReader:
    """Text in whatever encoding; blank lines part paragraphs."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".txt": 20_000_000, ".text": 20_000_000}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        decoded = self._decode(data)
        if isinstance(decoded, str):
            return (Finding("broken", name, decoded),)
        doubts = [Finding("encoding", name, decoded.doubt)] if decoded.doubt else []
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
        blocks = [Block("paragraph", part) for part in _PARAGRAPHS.split(text) if part.strip()]
        return Draft(blocks, findings=doubts)
