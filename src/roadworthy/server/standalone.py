"""Pages that stand alone: one file with its style, without network and without script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup

from roadworthy.server.looks import environment
from roadworthy.server.sources import seen


def standalone_page(template: str, styles: tuple[str, ...], page: dict[str, Any], **filters: Any) -> str:
    """A page from a template with everything in it. Its own policy forbids to fetch or to run anything."""
    style = _style(styles)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    made = environment()
    made.filters |= {"seen": seen, **filters}
    html = made.get_template(template).render(page=page, style=style, policy=policy, mark=_mark())
    # Half of a surrogate pair is no character and cannot be written to a file.
    return html.encode("utf-8", "replace").decode("utf-8")


@cache
def _style(names: tuple[str, ...]) -> Markup:
    """Our own style sheets, and so no text to escape."""
    folder = resources.files("roadworthy.server") / "static"
    return Markup("\n").join(
        Markup((folder / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files
        for name in names
    )


@cache
def _mark() -> Markup:
    drawn = (resources.files("roadworthy.server") / "static" / "mark.svg").read_text(encoding="utf-8")
    # Inside a page the drawing needs no namespace, and a report holds no address at all.
    inline = drawn.replace(
        ' xmlns="http://www.w3.org/2000/svg"', ' width="22" height="22" aria-hidden="true"', 1
    )
    return Markup(inline)  # noqa: S704 - our own file
