"""Who is at the other end of a browser: session cookie, and the token that proves a form is ours.

The session lives on the server (``operate.access``); the cookie carries its secret. Every form
carries an HMAC of that secret: another site can make a browser send the cookie, but cannot know
the token. Before sign-in a random cookie of its own takes the session's place, so that nobody is
signed in to somebody else's account by a form they did not open.

SameSite is Lax, not Strict: a link to a review in a mail opens as who one is. Nothing is changed by
a GET, so the difference costs nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from roadworthy.errors import Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal

FORM_FIELD = "form_token"


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes of the two cookies. ``secure``: browsers come over HTTPS only."""

    secure: bool

    @property
    def session(self) -> str:
        return "__Host-roadworthy_session" if self.secure else "roadworthy_session"

    @property
    def visit(self) -> str:
        """Stands in for the session until somebody signs in."""
        return "__Host-roadworthy_visit" if self.secure else "roadworthy_visit"

    def set_session(self, response: Response, token: str) -> None:
        """Give the browser its session, in place of the visit before it."""
        lifetime = access.LIFETIME[access.SESSION]
        self._set(response, self.session, token, max_age_s=int(lifetime.total_seconds()))
        self._end(response, self.visit)

    def set_visit(self, response: Response, secret: str) -> None:
        """Give a browser without a session something its form token can be made of."""
        self._set(response, self.visit, secret, max_age_s=3600)

    def end_session(self, response: Response) -> None:
        """Take the session from the browser; ending it on the server is another matter."""
        self._end(response, self.session)

    def _set(self, response: Response, name: str, value: str, *, max_age_s: int) -> None:
        response.set_cookie(
            name, value, max_age=max_age_s, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def _end(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser. ``secret`` is what its form token is made of; ``principal`` None before sign-in."""

    principal: Principal | None
    secret: str

    @property
    def form_token(self) -> str:
        return form_token(self.secret)


NOBODY = Visitor(None, "")


def form_token(secret: str) -> str:
    """The token of every form shown to this session: tells nothing about the secret."""
    return hmac.new(secret.encode(), b"roadworthy form", hashlib.sha256).hexdigest()


def visitor(deployment: Deployment, request: Request, cookies: Cookies) -> Visitor:
    """The browser behind a request; an expired or unknown session is nobody."""
    token = request.cookies.get(cookies.session, "")
    if token:
        try:
            return Visitor(access.recognise(deployment, token, kind=access.SESSION), token)
        except Refused:
            pass
    return Visitor(None, request.cookies.get(cookies.visit, ""))


def new_visit() -> str:
    """A fresh secret for a browser that nobody is signed in with."""
    return secrets.token_urlsafe(32)


def bearer(headers: Headers) -> str:
    """The key in ``Authorization: Bearer …``; empty if there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_form(request: Request, fields: Mapping[str, str], secret: str) -> None:
    """Errors: ``Refused`` RW-SERVER-007 unless a page of ours, shown to this browser, sent the form.

    Browsers say where a form comes from (``Sec-Fetch-Site``; ``Origin`` where that is missing), the
    token says to whom it was shown. Both must hold. An ``Origin`` of ``null`` says nothing: that is
    what browsers send under our own referrer policy.
    """
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    if site:
        ours = site in {"same-origin", "none"}
    elif origin and origin != "null":
        ours = urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    else:
        ours = True
    shown = bool(secret) and hmac.compare_digest(
        fields.get(FORM_FIELD, "").encode(), form_token(secret).encode()
    )
    if not (ours and shown):
        raise Refused(
            "RW-SERVER-007",
            "this form was not sent from a page of your session",
            reasons=["the session ended meanwhile" if ours else "it came from another site"],
            hint="open the page again and repeat",
        )


def local_path(wanted: str) -> str:
    """A path on this server to go to next; ``/`` for anything that could lead elsewhere."""
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"
