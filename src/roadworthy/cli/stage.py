"""Setting the stage for the demo: accounts, the company's systems, and the material of the road."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path

import yaml

from roadworthy.cli.options import csv_rows
from roadworthy.cli.suites import read_suite_file
from roadworthy.errors import InputProblem, Problem
from roadworthy.example import company
from roadworthy.example.material import LiveCase, Material, People
from roadworthy.knowledge import Document
from roadworthy.knowledge.contradictions import declared
from roadworthy.measure.labelled import Labelled
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import Workspace, acting_name, documents_in, example_folder, folder_files

_PEOPLE = (
    ("mara", "Mara Lindt", Kind.PERSON, {Role.OWNER}),
    ("jonas", "Jonas Falk", Kind.PERSON, {Role.BUILDER, Role.OPERATOR}),
    ("ines", "Ines Roth", Kind.PERSON, {Role.RISK_OFFICER}),
    ("lena", "Lena Moor", Kind.PERSON, {Role.REVIEWER}),
    ("desk", "Tidebank's desk", Kind.SERVICE, {Role.CLIENT}),
)
MAX_ROWS = 50_000
CERTIFIED = 1_000
LONGEST = 10_000


def set_up(
    deployment: Deployment, place: Workspace, *, seed: int, messages: Path | None, text: str, label: str
) -> tuple[People, Material, str]:
    """Accounts, company and material; and the company in one line."""
    people = _accounts(deployment, place)
    use_case = "triage" if messages else "support"
    folder = place.data / use_case
    folder.mkdir(parents=True, exist_ok=True)
    built = company.build(folder, seed=seed, today=deployment.now().date())
    if messages:
        with sqlite3.connect(folder / "helpdesk.sqlite") as desk:
            desk.execute(
                "create table assignment (idempotency_key text primary key, ticket_id text not null, queue text not null)"
            )
        material, told = _own_texts(place, folder, seed=seed, file=messages, text=text, label=label)
    else:
        for content in ("knowledge", "evals"):
            shutil.copytree(example_folder() / content, folder / content, dirs_exist_ok=True)
        material, told = _example(deployment, folder, seed=seed)
    return people, material, f"{built}; {told}"


def _accounts(deployment: Deployment, place: Workspace) -> People:
    from roadworthy.cli.session import signed_in

    name = acting_name()
    admin = access.first_account(deployment, id_=name, name=name)
    signed_in_before = place.session.exists()
    found = {}
    for id_, shown, kind, roles in _PEOPLE:
        account = Principal(id_, shown, kind, frozenset(roles), demo=True)
        access.add_account(deployment, admin, account)
        found[id_] = account
    if not signed_in_before:
        from roadworthy.cli.session import keep_session

        keep_session(place, access.issue(deployment, admin, admin.id, access.KEY))
    signed_in(deployment, place)
    return People(found["mara"], found["jonas"], found["ines"], found["lena"], found["desk"])


def _example(deployment: Deployment, folder: Path, *, seed: int) -> tuple[Material, str]:
    written = company.messages(seed=seed)
    files = folder_files(example_folder())
    repaired = {
        **files,
        "policies/refunds.cedar": (example_folder().parent / "repair" / "refunds.cedar").read_bytes(),
    }
    train = [(one.text, one.intent) for one in written if one.split == "train"]
    certify = [
        Labelled(
            key=f"L-{one.key}",
            data={
                "text": one.text,
                "sender": one.sender_email or "somebody@example.com",
                "language": one.language,
            },
            truth=_truth(one.intent),
            family=one.family,
            hostile=one.intent == "hostile",
        )
        for one in written
        if one.split == "certify"
    ]
    random.Random(seed).shuffle(certify)  # noqa: S311 - a seeded order, not a secret
    since = deployment.now() - timedelta(hours=1)

    def traffic() -> Iterator[LiveCase]:
        for one in company.traffic(100_000, seed=seed, since=since):
            data = {"text": one.text, "sender": one.sender_email, "language": one.language}
            yield LiveCase(one.key, data, _truth(one.intent))

    suites = [read_suite_file(file) for file in sorted((folder / "evals").glob("*.jsonl"))]
    material = Material("support", files, repaired, train, certify, traffic(), suites, _repairs(folder))
    told = (
        f"{len(written)} customer messages in {len({one.intent for one in written})} kinds, two languages; "
        f"{len(train)} to train on, {len(certify)} to certify with"
    )
    return material, told


def _truth(intent: str) -> str:
    """What is right to answer: a hostile message is nobody's intent."""
    return "out_of_scope" if intent == "hostile" else intent


def _repairs(folder: Path) -> Callable[[], Sequence[str]]:
    def apply() -> list[str]:
        merged = company.merge_duplicates(folder)
        shutil.copy2(folder / "crm.sqlite", folder / "crm.before.sqlite")
        (folder / "crm.repaired.sqlite").replace(folder / "crm.sqlite")
        articles = documents_in(folder / "knowledge")
        stale = company.archive_stale(folder / "knowledge")
        settled = _archive_older(folder / "knowledge", articles)
        return [
            f"{merged} duplicate customers merged in a copy, the copy put in place, the original kept",
            f"{stale} stale articles archived",
            f"{settled} older articles archived where two contradicted each other",
            "a policy for refunds written: policies/refunds.cedar",
        ]

    return apply


def _archive_older(folder: Path, articles: Sequence[Document]) -> int:
    """Of two articles that contradict each other the one updated last stays."""
    known = {article.name: article for article in articles}
    older = set()
    for found in declared(articles):
        first, second = known[found.one.document], known[found.other.document]
        older.add(
            min(
                (first, second), key=lambda article: (article.updated or company.LONG_AGO, article.name)
            ).name
        )
    for document in older:
        path = folder / document
        head, _, body = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
        matter = yaml.safe_load(head)
        matter["status"] = "archived"
        path.write_text(
            f"---\n{yaml.safe_dump(matter, allow_unicode=True, sort_keys=False)}---\n{body}",
            encoding="utf-8",
        )
    return len(older)


def _own_texts(
    place: Workspace, folder: Path, *, seed: int, file: Path, text: str, label: str
) -> tuple[Material, str]:
    """Split any labelled file: 60 % to train on, 20 % to certify with, 20 % as live traffic."""
    rows = csv_rows(file, [text, label])
    problems = [
        Problem("found no text or no label", place=str(file), line=number, column=1)
        for number, row in enumerate(rows, start=2)
        if not (row[text] or "").strip() or not (row[label] or "").strip()
    ]
    if problems:
        raise InputProblem("RW-DEMO-004", problems[:20])
    if not 500 <= len(rows) <= MAX_ROWS:
        raise InputProblem(
            "RW-DEMO-005",
            Problem(
                f"found {len(rows)} rows, the road needs 500 to {MAX_ROWS} to prove anything",
                place=str(file),
            ),
        )
    # Equal texts stay together, so that none is in two splits.
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(" ".join(row[text].casefold().split()), []).append(row)
    order = list(groups.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - a seeded split, not a secret
    senders = _senders(folder)
    train: list[tuple[str, str]] = []
    certify: list[Labelled] = []
    live: list[tuple[str, str]] = []
    for number, group in enumerate(order):
        pairs = [(row[text][:LONGEST], row[label]) for row in group]
        if number % 5 < 3:
            train += pairs
        elif number % 5 == 3:
            words, truth = pairs[0]
            data = {"text": words, "sender": senders[number % len(senders)]}
            certify.append(Labelled(f"L-{number:06}", data, truth, family=str(number)))
        else:
            live += pairs[:1]

    # The example's attacks: own texts rarely come with any, and the gate asks how they are borne.
    attacks = [
        Labelled(
            f"H-{one.key}",
            {"text": one.text, "sender": senders[0]},
            truth="hostile",
            family=one.family,
            hostile=True,
            planted=True,
        )
        for one in company.messages(seed=seed)
        if one.intent == "hostile"
    ]

    def traffic() -> Iterator[LiveCase]:
        for number in count():
            words, truth = live[number % len(live)]
            data = {"text": words, "sender": senders[(number * 7) % len(senders)]}
            yield LiveCase(f"T-{100_001 + number}", data, truth)

    files = folder_files(example_folder().parent / "triage")

    def repair() -> list[str]:
        merged = company.merge_duplicates(folder)
        (folder / "crm.repaired.sqlite").replace(folder / "crm.sqlite")
        return [f"{merged} duplicate customers merged in a copy, and the copy put in place"]

    material = Material("triage", files, files, train, certify[:CERTIFIED] + attacks, traffic(), (), repair)
    labels = len({truth for _, truth in train})
    return (
        material,
        f"{len(rows)} texts in {labels} labels from {file.name}; {len(certify)} to certify with",
    )


def _senders(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "crm.sqlite") as crm:
        return [
            row[0]
            for row in crm.execute(
                "select email from customer where email like '%@%' order by id limit 500"
            )
        ]
