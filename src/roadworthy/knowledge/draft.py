"""From what a file says to a document: its text as people see it, its head, and who may read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from roadworthy.errors import Problem
from roadworthy.knowledge.access import Access
from roadworthy.knowledge.document import Block, Document, Finding
from roadworthy.knowledge.head import ARCHIVED, Head, access_of
from roadworthy.knowledge.suspicion import instructions
from roadworthy.knowledge.unseen import seen
from roadworthy.quantities import natural_name

QUOTED = 160
_NAME = re.compile(r"[-_.\s]+")
_MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """What one file says of itself, as its reader understood it.

    ``head`` was written for us, such as front matter; ``told`` is what its format happens to know, such as the date
    of a PDF: a folder's word about the single file stands between them. ``concealed``: texts that are left out
    because people do not see them and that are no findings by themselves, such as comments: told where they speak
    to a model. ``foreign``: written by somebody outside, such as mail.
    """

    blocks: Sequence[Block]
    head: Head = field(default_factory=Head)
    told: Head = field(default_factory=Head)
    findings: Sequence[Finding] = ()
    concealed: Sequence[str] = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source knows about a document without reading it.

    ``inherited``: for all documents around it; ``named``: for this one by its name. ``pseudonym`` names a person so
    that the index does not.
    """

    access: Access
    pseudonym: Callable[[str], str]
    inherited: Head = field(default_factory=Head)
    named: Head = field(default_factory=Head)


def completed(name: str, draft: Draft, around: Surroundings) -> Document | tuple[Finding, ...]:
    """The document; findings alone where it holds no text or its head contradicts itself, nothing where it is
    archived.

    Of two statements the one closer to the document counts: its own head, then its folder's word about it by name,
    then what its format knows, then what its folder says about all. A document with hidden text or with
    sentences that speak to a model is untrusted, whatever its source.
    """
    head = replace(
        draft.head.over(around.named.over(draft.told.over(around.inherited))), facts=draft.head.facts
    )
    if head.status == ARCHIVED:
        return ()
    subjects = _pseudonyms(head, around)
    blocks, findings = _as_seen(name, draft)
    if not blocks:
        empty = Finding("empty", name, "holds no text that can be read")
        return _about(subjects, (*draft.findings, *findings, empty))
    head, stated = _stated_as_seen(name, head)
    title = head.title or _first_heading(blocks) or PurePosixPath(name).stem or name
    findings += [
        *stated,
        *_speaking(
            name,
            blocks,
            draft.concealed,
            {
                "title": title,
                "topic": head.topic,
                "origin": head.origin,
                "name": _NAME.sub(" ", PurePosixPath(name).stem),
            },
        ),
    ]
    if head.valid_days is not None and head.updated is None:
        findings.append(
            Finding(
                "head",
                name,
                "no date is known that `valid_days` could count from: it is read as always valid",
            )
        )
    alarming = any(each.kind in ("hidden", "instruction") for each in (*draft.findings, *findings))
    try:
        access = access_of(head, around.access, subjects, untrusted=alarming or draft.foreign)
    except ValueError as problem:
        return _about(subjects, (*draft.findings, Finding("head", name, f"not indexed: {problem}")))
    return Document(
        name=name,
        title=title,
        blocks=tuple(blocks),
        access=access,
        topic=head.topic,
        language=head.language,
        owner=head.owner,
        origin=head.origin,
        updated=head.updated,
        valid_from=head.valid_from,
        valid_until=head.expires,
        facts=head.facts,
        findings=(*draft.findings, *findings)[:_MOST_FINDINGS],
    )


def refused(findings: Iterable[Finding], around: Surroundings, *heads: Head) -> tuple[Finding, ...]:
    """Findings of a document that could not be read, with everybody whom it may be about.

    ``heads``: what is known of its own head; its folder's word counts beside it, since a faulty head takes nothing
    back. Subjects that a reader gave its findings are names as in a head.
    """
    told = tuple(findings)
    stated = (
        *heads,
        around.named,
        around.inherited,
        Head(subjects=frozenset().union(*(one.subjects for one in told))),
    )
    return _about(frozenset().union(*(_pseudonyms(head, around) for head in stated)), told)


def _pseudonyms(head: Head, around: Surroundings) -> frozenset[str]:
    """Whom a document with this head is about: those of the source where it states nobody."""
    if head.subjects is None:
        return around.access.marking.subjects
    return frozenset(around.pseudonym(natural_name(one)) for one in head.subjects)


def _about(subjects: frozenset[str], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(one, subjects=subjects) for one in findings)


def quoted(text: str) -> str:
    """The beginning of a text as a finding repeats it: one line of printable characters."""
    line = " ".join(text[: 4 * QUOTED].split())
    shown = line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in shown)


def head_findings(
    name: str, problems: Iterable[Problem], subjects: Iterable[str] | None = None
) -> tuple[Finding, ...]:
    """What is wrong with a document's own head, as findings: such a document is not indexed.

    ``subjects``: the people whom that head names, as far as it could be read.
    """
    named = frozenset(subjects or ())
    return tuple(
        Finding(
            "head",
            name,
            f"{each.message}; {each.hint}" if each.hint else each.message,
            f"line {each.line}, column {each.column}" if each.line else "",
            named,
        )
        for each in problems
    )[:_MOST_FINDINGS]


def _as_seen(name: str, draft: Draft) -> tuple[list[Block], list[Finding]]:
    """Blocks without what people do not see, blank ones left out."""
    blocks: list[Block] = []
    hidden: dict[str, str] = {}
    broken = 0
    for block in draft.blocks:
        bare = seen(block.text)
        broken += bare.broken
        for each in bare.hidden:
            hidden.setdefault(each, _place(block))
        text = bare.text.strip("\n") if block.kind == "code" else bare.text.strip()
        if text.strip():
            blocks.append(block if text == block.text else replace(block, text=text))
    findings = [
        Finding("hidden", name, f"left out: {each}", place) for each, place in list(hidden.items())[:10]
    ]
    if broken:
        findings.append(
            Finding("encoding", name, f"{broken} characters that no text has, such as NUL, are left out")
        )
    return blocks, findings


def _stated_as_seen(name: str, head: Head) -> tuple[Head, list[Finding]]:
    """What is stated in words, without what people do not see, and what was hidden in it or in the name."""
    bare = {
        field_: seen(getattr(head, field_)) for field_ in ("title", "topic", "origin", "owner", "language")
    }
    findings = [
        Finding("hidden", name, f"left out: {each}", field_)
        for field_, one in bare.items()
        for each in one.hidden
    ]
    findings += [Finding("hidden", name, f"found in it: {each}", "name") for each in seen(name).hidden]
    changed = {
        field_: " ".join(one.text.split())
        for field_, one in bare.items()
        if one.text != getattr(head, field_)
    }
    return (replace(head, **changed) if changed else head), findings  # type: ignore[arg-type]


def _speaking(
    name: str, blocks: Sequence[Block], concealed: Iterable[str], stated: Mapping[str, str]
) -> list[Finding]:
    found = [
        Finding("instruction", name, f"speaks to a model: `{quoted(sentence)}`", _place(block))
        for block in blocks
        for sentence in instructions(block.text)
    ]
    if not found:
        # A sentence may be parted over lines and blocks; who reads it joins it again.
        joined = " ".join(line for block in blocks for line in block.text.split("\n"))
        found = [
            Finding("instruction", name, f"speaks to a model, over several blocks: `{quoted(sentence)}`")
            for sentence in instructions(joined)
        ]
    found += [
        Finding("instruction", name, f"speaks to a model: `{quoted(sentence)}`", where)
        for where, text in stated.items()
        for sentence in instructions(text)
    ]
    return [*found[:20], *_concealed(name, concealed)]


def _concealed(name: str, concealed: Iterable[str]) -> Iterator[Finding]:
    """Comments and the like are left out of every document; only what was put there for a model is told."""
    for text in concealed:
        for sentence in instructions(text)[:1]:
            yield Finding("hidden", name, f"left out, and speaks to a model: `{quoted(sentence)}`")


def _place(block: Block) -> str:
    return f"page {block.page}" if block.page else ""


def _first_heading(blocks: Iterable[Block]) -> str:
    return next((" ".join(one.text.split())[:300] for one in blocks if one.kind == "heading"), "")
