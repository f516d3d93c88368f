"""How the bytes of an answer are written: well, oddly but lawfully, or wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

from tests.gateway.answers import Event

Lines = Literal[
    "plain", "crlf", "cr", "multi", "comments", "close_colon", "mark", "garbage", "half", "no_done", "after_done"
]  # fmt: skip


def written(events: Iterator[Event], lines: Lines) -> Iterator[bytes]:
    """Events as bytes, one piece each, in the manner asked for."""
    end = {"crlf": "\r\n", "cr": "\r"}.get(lines, "\n")
    colon = "data:" if lines == "close_colon" else "data: "
    for place, event in enumerate(events):
        done = event.data == "[DONE]"
        if done and lines == "no_done":
            return
        data = [event.data]
        if lines == "multi" and not done:
            data = json.dumps(json.loads(event.data), ensure_ascii=False, indent=1).split("\n")
        if lines == "half" and place == 2:
            data = [event.data[: len(event.data) // 2]]
        written = [f"event: {event.name}"] if event.name else []
        text = end.join([*written, *(colon + each for each in data), "", ""])
        if lines == "mark" and place == 0:
            text = "\ufeff" + text
        if lines == "comments":
            text = f": ping{end}{end}retry: 3000{end}{text}"
        if lines == "garbage" and place in (1, 2):
            text = f"no colon here{end}{colon}%%% not JSON{end}{end}\x00{end}{text}"
        yield text.encode()
        if done and lines == "after_done":
            yield b'data: {"choices": "what comes after the end"}\n\n'


def cut(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size, across events and letters alike."""
    whole = b"".join(parts)
    return (whole[at : at + size] for at in range(0, len(whole), size))


def halves(whole: bytes, count: int) -> Iterator[bytes]:
    """So cut that a body breaks in its middle after ``count`` pieces."""
    if count < 1:
        return iter([whole])
    size = max(1, len(whole) // (2 * count))
    return iter([*(whole[at * size : (at + 1) * size] for at in range(count)), whole[count * size :]])
