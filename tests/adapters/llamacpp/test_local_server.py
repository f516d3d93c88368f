"""A local model is served by a child process that says what is wrong, and never outlives its parent.

The engine is a stand-in with the real one's interface; the real one runs in the journeys.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.llamacpp import LocalServer, check_model_file
from roadworthy.adapters.llamacpp.server import _HEAD
from roadworthy.errors import InputProblem, Unavailable

ENGINE = '''
import os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

class CommonParams(SimpleNamespace):
    def __init__(self):
        super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            os._exit(7)
        body = self.server.told.encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

class Server:
    def __init__(self, params):
        content = open(params.model.path, "rb").read()
        if b"slow" in content:
            time.sleep(1.5)
        if b"broken" in content:
            print("0.00 E llama_model_load: error loading model: tensor is not within the file", file=sys.stderr)
            raise RuntimeError("Failed to init server")
        if b"dies" in content:
            os.kill(os.getpid(), 9)
        self.http = ThreadingHTTPServer((params.hostnames[0], params.port), Handler)
        self.http.told = repr({"offline": params.offline, "ui": params.ui, "slots": params.endpoint_slots,
            "origins": params.cors_origins, "context": params.n_ctx, "pid": os.getpid(),
            "name": sorted(params.model_alias), "threads": params.cpuparams.n_threads})
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.listening_address = "http://127.0.0.1:%d" % self.http.server_port
'''  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "xllamacpp.py").write_text(ENGINE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def model(folder: Path, content: bytes = b"", *, version: int = 3, tensors: int = 1) -> Path:
    file = folder / "small model.gguf"
    file.write_bytes(_HEAD.pack(b"GGUF", version, tensors, 0) + content)
    return file


def fetch(address: str, path: str = "/") -> dict[str, object]:
    import ast

    host, port = address.removeprefix("http://").split(":")
    asking = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        asking.request("GET", path)
        found: dict[str, object] = ast.literal_eval(asking.getresponse().read().decode())
    finally:
        asking.close()
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < until, "the server outlives its parent"
        time.sleep(0.01)


def test_a_model_is_served_until_its_context_ends(engine: Path, tmp_path: Path) -> None:
    with LocalServer(model(tmp_path), context=512, parallel=2, threads=3) as server:
        told = fetch(server.address)
        assert server.base == f"{server.address}/v1"
        assert told["name"] == [server.name] == ["small model"]
        assert (told["context"], told["threads"]) == (1_024, 3)
        pid = told["pid"]
    assert isinstance(pid, int)
    assert not is_alive(pid)


def test_nothing_is_downloaded_and_no_web_page_may_read_answers(engine: Path, tmp_path: Path) -> None:
    with LocalServer(model(tmp_path)) as server:
        told = fetch(server.address)
        assert (told["offline"], told["ui"], told["slots"]) == (True, False, False)
        assert told["origins"] == server.address


def test_loading_says_how_long_it_takes(engine: Path, tmp_path: Path) -> None:
    waits: list[float] = []
    with LocalServer(model(tmp_path, b"slow"), on_wait=waits.append):
        assert waits
        assert waits[0] >= 1.0


@pytest.mark.parametrize(
    ("content", "words"), [(b"broken", "tensor is not within the file"), (b"dies", "signal 9")]
)
def test_a_model_that_cannot_be_loaded_says_why(
    engine: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(Unavailable, match=words) as caught, LocalServer(model(tmp_path, content)):
        pass
    assert caught.value.code == "RW-UPSTREAM-012"


def test_a_server_that_ends_by_itself_is_noticed(engine: Path, tmp_path: Path) -> None:
    with LocalServer(model(tmp_path)) as server:
        with pytest.raises((OSError, http.client.HTTPException)):
            fetch(server.address, "/end")
        with pytest.raises(Unavailable, match="exit code 7") as caught:
            server.wait()
    assert caught.value.code == "RW-UPSTREAM-013"


def test_a_server_ends_when_its_parent_is_killed(engine: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from roadworthy.adapters.llamacpp import LocalServer\n"
        "with LocalServer(Path(sys.argv[1])) as server:\n"
        "    print(server.address, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(model(tmp_path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(engine)},
    ) as parent:
        assert parent.stdout is not None
        pid = fetch(parent.stdout.readline().strip())["pid"]
        assert isinstance(pid, int)
        assert is_alive(pid)
        parent.kill()
        parent.wait()
        wait_until_gone(pid)


def test_a_port_that_is_taken_is_named(engine: Path, tmp_path: Path) -> None:
    with LocalServer(model(tmp_path)) as server:
        port = int(server.address.rsplit(":", 1)[1])
        with pytest.raises(InputProblem, match=f"port {port} cannot be used") as caught:
            LocalServer(model(tmp_path), port=port)
    assert caught.value.code == "RW-UPSTREAM-011"


def test_without_the_package_the_line_for_pip_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputProblem) as caught:
        LocalServer(model(tmp_path))
    assert caught.value.code == "RW-UPSTREAM-001"
    assert caught.value.hint == "pip install 'roadworthy[gguf]'"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "does not begin"),
        (b"PK\x03\x04 not a model at all", "does not begin"),
        (b"GGUF\x03", "ends within"),
        (struct.pack("<4sIQQ", b"GGUF", 1, 1, 0), "version 1"),
        (struct.pack("<4sIQQ", b"GGUF", 9, 1, 0), "version 9"),
        (struct.pack("<4sIQQ", b"GGUF", 3, 0, 0), "no weights"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, head: bytes, words: str) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(head)
    with pytest.raises(InputProblem, match=words) as caught:
        check_model_file(file)
    assert caught.value.code == "RW-UPSTREAM-010"


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for place, words in ((tmp_path, "folder"), (tmp_path / "none.gguf", "No such file")):
        with pytest.raises(InputProblem, match=words):
            check_model_file(place)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_model_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "a.gguf"
    file.write_bytes(content)
    with contextlib.suppress(InputProblem):
        check_model_file(file)
        assert content.startswith(b"GGUF")
