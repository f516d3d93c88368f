"""Archives: the files of a release by path, under one digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.quantities import Digest, digest, digest_of

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of a release by POSIX path. The digest covers paths and bytes, not dates or modes."""

    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        problems = []
        for name, content in self.files.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
                problems.append(Problem("a path in a release stays inside it", place=name))
            if len(content) > MAX_FILE_BYTES:
                problems.append(
                    Problem(
                        f"found {len(content)} bytes, at most {MAX_FILE_BYTES} belong into a release",
                        place=name,
                        hint="keep data out of the folder and declare it as a source",
                    )
                )
        if len(self.files) > MAX_FILES:
            problems.append(Problem(f"found {len(self.files)} files, at most {MAX_FILES} make a release"))
        if problems:
            raise InputProblem("RW-RELEASE-001", problems)

    @property
    def manifest(self) -> dict[str, str]:
        return {name: digest(self.files[name]) for name in sorted(self.files)}

    @property
    def digest(self) -> Digest:
        return digest_of(self.manifest)

    def verify(self, expected: Digest) -> None:
        """Errors: ``Corrupt`` if the content is not what the digest promised."""
        if self.digest != expected:
            raise Corrupt(
                "RW-RELEASE-005",
                f"release {short(expected)} does not have the content its digest promises",
                broken=[f"archive {short(expected)}, found {short(self.digest)}"],
                intact="other releases are addressed by their own digests",
                hint="restore the archive from a backup; the release does not run until then",
            )


def short(release: str) -> str:
    """First twelve hexadecimal digits, for people."""
    return release.removeprefix("sha256:")[:12]
