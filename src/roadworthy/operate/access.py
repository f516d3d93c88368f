"""Access: accounts, keys, sign-in links and sessions. Secrets are stored as proofs, never as such.

A secret has 256 random bits, so its proof is a plain SHA-256; passwords are guessable and go
through argon2. Key format: ``rw_<kind>_<id>_<secret><checksum>``: a scanner (and the door) can
tell a leaked key from noise without asking the database.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from dataclasses import replace
from datetime import timedelta

from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Credential
from roadworthy.principal import Kind, Principal, Role, require

KEY, SESSION, LINK, GATEWAY = "key", "session", "link", "gateway"
LIFETIME = {
    KEY: timedelta(days=365),
    SESSION: timedelta(hours=12),
    LINK: timedelta(minutes=15),
    GATEWAY: timedelta(days=365),
}
TOKEN = re.compile(r"rw_(key|session|link|gateway)_([a-z0-9]{12})_([a-z0-9]{52})([0-9a-f]{8})")
MIN_PASSWORD = 12
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1: a path has 256 octets with its brackets."""
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,62}")


def add_account(
    deployment: Deployment,
    principal: Principal,
    account: Principal,
    *,
    password: str = "",
    email: str = "",
) -> bool:
    """Create a local account. False if the id is taken.

    Errors: ``InputProblem`` RW-ACCESS-010 for a bad id, a short password or no address, RW-WORDS-001 for a name
    that is no text to keep.
    """
    require(principal, "account.administer")
    check_words(_LONGEST_NAME, name=account.name)
    problems = []
    if not _NAME.fullmatch(account.id):
        problems.append(Problem("expected 2 to 63 small letters, digits, `.`, `_` or `-`", place="id"))
    if password and len(password) < MIN_PASSWORD:
        problems.append(Problem(f"expected at least {MIN_PASSWORD} characters", place="password"))
    if email and not is_address(email):
        problems.append(Problem("expected an address such as `vera@example.com`", place="email"))
    if problems:
        raise InputProblem("RW-ACCESS-010", problems)
    hashed = deployment.passwords.hash(password) if password else ""
    with deployment.store.write() as tx:
        added = deployment.store.people.add(tx, account, password_hash=hashed)
        if added:
            deployment.store.people.set_email(tx, account.id, email)
            deployment.record(
                tx,
                "account.added",
                principal.id,
                {"principal": account.id},
                {"kind": account.kind, "roles": sorted(account.roles), "demo": account.demo},
            )
    return added


def set_email(deployment: Deployment, principal: Principal, account_id: str, email: str) -> None:
    """Say where somebody gets mail about what waits for them; empty for nowhere. Again: the newest word stands.

    The address stands beside the account and nowhere else, so that taking it away forgets it.
    Errors: ``NotFound`` RW-ACCESS-011; ``InputProblem`` RW-ACCESS-010; ``Refused`` for another person's.
    """
    if account_id != principal.id:
        require(principal, "account.administer")
    if email and not is_address(email):
        raise InputProblem(
            "RW-ACCESS-010", Problem("expected an address such as `vera@example.com`", place="email")
        )
    with deployment.store.write() as tx:
        if not deployment.store.people.set_email(tx, account_id, email):
            raise NotFound("RW-ACCESS-011", f"no account `{account_id[:100]}`")
        deployment.record(
            tx,
            "account.mail_changed",
            principal.id,
            {"principal": account_id},
            {"has_address": bool(email)},
        )


def is_address(text: str) -> bool:
    """Could a mail server take it? One address: no list, no name before it, nothing that ends a header line."""
    local, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not any(char in text for char in ' ,;:<>()[]\\"')
    return bool(at and local and "." in domain.strip(".")) and plain and len(text) <= _LONGEST_ADDRESS


def first_account(deployment: Deployment, *, id_: str, name: str) -> Principal:
    """The person who set up this installation: administrator, builder and operator of it. Run twice: the same."""
    roles = frozenset({Role.ADMIN, Role.BUILDER, Role.OPERATOR, Role.OWNER, Role.REVIEWER})
    account = Principal(id_, name, Kind.PERSON, roles)
    with deployment.store.write() as tx:
        known = deployment.store.people.get(tx, id_)
        if known is None:
            deployment.store.people.add(tx, account)
            deployment.record(
                tx,
                "account.added",
                "system",
                {"principal": id_},
                {"kind": account.kind, "roles": sorted(roles)},
            )
    return known or account


def issue(
    deployment: Deployment,
    principal: Principal,
    for_: str,
    kind: str,
    *,
    use_case: str = "",
    release: str = "",
    stage: str = "",
) -> str:
    """A new key, session or one-time link for a principal. The secret is shown here and never again.

    ``release`` and ``stage`` bind a key of the gateway.
    Errors: ``NotFound`` RW-ACCESS-011; ``Conflict`` RW-ACCESS-022 for a disabled account; ``Refused`` for another's.
    """
    if principal.id != for_:
        require(principal, "account.administer")
    check_words(_LONGEST_NAME, use_case=use_case)
    now = deployment.now()
    id_ = _base32(deployment.entropy.bytes(10))[:12]
    secret = _base32(deployment.entropy.bytes(32))
    checksum = _checksum(id_ + secret)
    with deployment.store.write() as tx:
        account = deployment.store.people.get(tx, for_)
        if account is None:
            raise NotFound("RW-ACCESS-011", f"no account `{for_}`")
        if account.disabled:
            raise Conflict(
                "RW-ACCESS-022",
                f"the account `{for_}` is disabled: nothing made for it would be recognised",
                hint="whoever administers accounts enables it",
            )
        deployment.store.people.add_credential(
            tx,
            Credential(
                id_, kind, for_, _proof(secret), use_case, now, now + LIFETIME[kind], release, stage
            ),
        )
        deployment.record(
            tx,
            f"{kind}.issued",
            principal.id,
            {"principal": for_, "credential": id_},
            {"use_case": use_case, "release": release, "stage": stage}
            if kind == GATEWAY
            else {"use_case": use_case},
        )
    return f"rw_{kind}_{id_}_{secret}{checksum}"


def recognise(deployment: Deployment, token: str, *, kind: str) -> Principal:
    """The principal behind a key or session. Errors: ``Refused`` RW-ACCESS-012, the same for every cause."""
    credential, account = proven(deployment, token, kind=kind)
    return replace(account, use_case=credential.use_case) if credential.use_case else account


def proven(deployment: Deployment, token: str, *, kind: str) -> tuple[Credential, Principal]:
    """The credential of a token whose secret is right, and whose it is.

    Errors: ``Refused`` RW-ACCESS-012, the same for every cause.
    """
    refused = Refused("RW-ACCESS-012", "this key is not valid", hint="`roadworthy login` makes a new one")
    match = TOKEN.fullmatch(token)
    if match is None or match[1] != kind or match[4] != _checksum(match[2] + match[3]):
        raise refused
    with deployment.store.read() as tx:
        credential = deployment.store.people.credential(tx, kind, match[2])
        account = deployment.store.people.get(tx, credential.principal) if credential else None
    right = credential is not None and hmac.compare_digest(credential.proof, _proof(match[3]))
    if credential is None or account is None or not right or account.disabled:
        raise refused
    if not credential.created_at <= deployment.now() < credential.expires_at:
        raise refused
    return credential, account


def sign_in_with_link(deployment: Deployment, token: str) -> str:
    """A session for a one-time link; the link is spent. Errors: ``Refused`` if it was used or is too old."""
    account = recognise(deployment, token, kind=LINK)
    match = TOKEN.fullmatch(token)
    with deployment.store.write() as tx:
        spent = match is not None and deployment.store.people.spend_credential(tx, LINK, match[2])
    if not spent:
        raise Refused(
            "RW-ACCESS-012", "this link was used already", hint="`roadworthy login` prints a new one"
        )
    return issue(deployment, account, account.id, SESSION)


def sign_in(deployment: Deployment, account_id: str, password: str) -> str:
    """A session for a password. Errors: ``Refused`` RW-ACCESS-013, the same for every cause."""
    with deployment.store.read() as tx:
        account = deployment.store.people.get(tx, account_id)
        hashed = deployment.store.people.password_hash(tx, account_id) if account else ""
    # An unknown account costs the same time as a wrong password.
    matches = deployment.passwords.verify(hashed or _NOBODY, password)
    if account is None or not hashed or not matches or account.disabled:
        raise Refused("RW-ACCESS-013", "name or password is wrong")
    return issue(deployment, account, account.id, SESSION)


def sign_out(deployment: Deployment, token: str) -> None:
    """End a session. Again: nothing happens."""
    match = TOKEN.fullmatch(token)
    if match is not None:
        with deployment.store.write() as tx:
            deployment.store.people.spend_credential(tx, SESSION, match[2])


_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$IGhu1Ax9vHHEtNwOLiSRj1yzKbVjPjzWrAsQZDSzRG8"
)


def _proof(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()
