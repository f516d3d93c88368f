"""The program of the child process: loads one model, serves it on loopback, and ends with its parent.

Its settings are one line of JSON on its standard input; the end of that input is the end of the parent.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading


def main() -> None:
    """Serve until the parent ends. Says ``listening ADDRESS`` once requests are answered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which ends this one
    settings = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    engine = importlib.import_module("xllamacpp")
    params = engine.CommonParams()
    params.model.path = settings["file"]
    params.model_alias = {settings["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.n_ctx = settings["context"]
    params.n_parallel = settings["parallel"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.embedding = settings["embeddings"]
    params.cache_ram_mib = settings["cache_mib"]
    params.verbosity = 1  # errors; more would repeat what people write
    # Nothing is downloaded, nobody looks into the prompts of others, and no web page of a browser on this
    # machine may read answers: by default any may.
    params.offline = True
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.cors_origins = settings["origin"]
    params.cors_origins_explicit = True
    params.cors_credentials = False
    server = engine.Server(params)
    print("listening", server.listening_address, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)  # threads of the engine do not end by themselves


if __name__ == "__main__":
    main()
