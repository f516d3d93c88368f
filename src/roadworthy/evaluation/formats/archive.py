"""A zip archive of unknown origin, read from bytes: nothing is unpacked to disk, and nothing without a limit."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.evaluation.strict import fit

MOST_MEMBERS = 200_000
LARGEST_MEMBER = 64 << 20
LARGEST_WHOLE = 1 << 30
"""Bytes of all members that are read, unpacked."""
_ZSTANDARD = 93
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD)
_LOCAL = struct.Struct("<4s5H3I2H")


class Archive:
    """The members of a zip archive by name; of members of one name the last counts.

    Errors: ``InputProblem`` RW-EVAL-030 for what is no sound archive, names that lead elsewhere, encrypted
    members, unknown compression, and members that unpack to more than the limits.
    """

    def __init__(self, data: bytes, *, place: str) -> None:
        self._data, self._place, self._read = data, place, 0
        try:
            infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
        except (
            zipfile.BadZipFile,
            ValueError,
            struct.error,
            EOFError,
            OverflowError,
            NotImplementedError,
        ) as problem:
            said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise self.problem(f"no sound zip archive: {fit(said)}", "it may be cut short") from None
        if len(infos) > MOST_MEMBERS:
            raise self.problem(f"found {len(infos)} members, at most {MOST_MEMBERS} are read")
        self._members = {info.filename: info for info in infos}
        for name, info in self._members.items():
            if name.startswith("/") or "\\" in name or ":" in name.split("/")[0] or ".." in name.split("/"):
                raise self.problem(f"the member `{fit(name)}` leads out of the archive")
            if info.flag_bits & 1:
                raise self.problem(f"the member `{fit(name)}` is encrypted")
            if info.compress_type not in _KNOWN:
                raise self.problem(f"the member `{fit(name)}` is compressed in an unknown way")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self, prefix: str) -> Iterator[str]:
        """Members whose names begin so, in the order of the archive."""
        return (name for name in self._members if name.startswith(prefix))

    def problem(self, message: str, hint: str = "") -> InputProblem:
        """The error for this archive."""
        return InputProblem("RW-EVAL-030", Problem(message, self._place, hint=hint))

    def read(self, name: str) -> bytes:
        """A member, unpacked and checked against its checksum."""
        info = self._members[name]
        limit = min(LARGEST_MEMBER, LARGEST_WHOLE - self._read)
        if info.file_size > limit:
            raise self.problem(f"the member `{fit(name)}` unpacks to more than {limit} bytes")
        # What the directory says may be a lie: no more than it says comes out, and one byte to find it out.
        unpacked = self._unpacked(info, info.file_size + 1)
        if len(unpacked) != info.file_size or zlib.crc32(unpacked) != info.CRC:
            raise self.problem(f"the member `{fit(name)}` is damaged: its size or checksum does not hold")
        self._read += len(unpacked)
        return unpacked

    def _unpacked(self, info: zipfile.ZipInfo, most: int) -> bytes:
        packed = self._packed(info)
        if info.compress_type == zipfile.ZIP_STORED:
            return packed[:most]
        try:
            if info.compress_type == zipfile.ZIP_DEFLATED:
                return zlib.decompressobj(-15).decompress(packed, most)
            return _zstandard(packed, most)
        except (zlib.error, OSError) as problem:
            said = fit(str(problem).splitlines()[0] if str(problem) else "")
            raise self.problem(f"the member `{fit(info.filename)}` is damaged: {said}") from None

    def _packed(self, info: zipfile.ZipInfo) -> bytes:
        """The packed bytes, found through the member's own header: ``zipfile`` refuses Zstandard."""
        start = info.header_offset
        header = self._data[start : start + _LOCAL.size]
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise self.problem(f"the member `{fit(info.filename)}` is not where the directory says")
        *_, name_length, extra_length = _LOCAL.unpack(header)
        start += _LOCAL.size + name_length + extra_length
        packed = self._data[start : start + info.compress_size]
        if len(packed) < info.compress_size:
            raise self.problem(f"the member `{fit(info.filename)}` is cut short")
        return packed


def _zstandard(packed: bytes, most: int) -> bytes:
    try:
        pyarrow: Any = import_module("pyarrow")
    except ImportError:
        raise Unavailable(
            "RW-EVAL-006",
            "the log is compressed with Zstandard, and nothing here can unpack it",
            retry_is_safe=True,
            hint="install Roadworthy with its extra `data`, or write the log as `.json`",
        ) from None
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        return bytes(stream.read(most))
