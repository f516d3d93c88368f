"""What stands in the line: each target with what a request to it needs, started and seen to answer rightly."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import ours
from machine import GATEWAY_CORE, LOAD_CORE, Hall, Server, Tools, free_port
from peers import measured
from streams import EVENTS, document

HERE = Path(__file__).resolve().parent
CASE = "x-roadworthy-case"
MASTER_KEY = "sk-benchmark"


@dataclass(frozen=True, slots=True)
class Target:
    """One door to the model. ``server`` is what is measured; None for the model itself."""

    name: str
    port: int
    server: Server | None
    headers: dict[str, str] = field(default_factory=dict)
    path: str = "/v1/chat/completions"
    version: str = ""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The models behind every target, on the core of the load: one that answers whole, one that streams."""

    whole: Server
    streams: Server


def upstreams(hall: Hall, tools: Tools) -> Upstreams:
    answer = document().decode()
    assert "'" not in answer
    location = f"default_type application/json; return 200 '{answer}';"
    whole = hall.nginx("model", tools, location, core=LOAD_CORE)
    return Upstreams(whole, hall.program("streams", str(HERE / "streams.py"), "serve", core=LOAD_CORE))


def request_body(*, stream: bool = False, personal: bool = False) -> str:
    """A request of 1,362 bytes: a mail of a customer; with personal data where it is to be hidden."""
    who = (
        "I am Erika Mustermann, write to erika.mustermann@example.com or call +49 30 901820; "
        "the refund goes to DE89 3704 0044 0532 0130 00. "
        if personal
        else "I have written about it before and still have no answer that helps me any further today. "
    )
    told = "the parcel with the order of last week has not come, though your page says it left the depot. "
    asked: dict[str, object] = {"model": "small", "max_tokens": 200, "temperature": 0.2}
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    system = {"role": "system", "content": "You answer customers of a shop, briefly and in their language."}
    mail = {"role": "user", "content": ""}
    asked["messages"] = [system, mail]
    room = 1_362 - len(json.dumps(asked))
    mail["content"] = (who + told * 20)[:room]
    found = json.dumps(asked)
    assert len(found) == 1_362
    return found


def nginx(hall: Hall, tools: Tools, model: Server, name: str) -> Target:
    """nginx as a reverse proxy that passes streams on as they come: the least that a gateway in between costs."""
    location = 'proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;'
    server = hall.nginx(name, tools, location, core=GATEWAY_CORE, upstream=model.port)
    return Target("nginx", server.port, server)


def gateway(hall: Hall, model: Server, called: str, name: str, *, personal: str = "pass") -> Target:
    """Ours: key, budgets, price, ledger on; personal data hidden where asked for."""
    home = hall.folder / name
    port = free_port()
    ready = ours.prepared(home, f"http://127.0.0.1:{model.port}/v1", port=port, personal=personal)
    server = hall.start(name, ready.command, port, core=GATEWAY_CORE, environment=ready.environment)
    return Target(called, port, server, {"authorization": f"Bearer {ready.key}", CASE: "C-1"})


def bare(hall: Hall, model: Server, name: str) -> Target:
    """Our server and our client without anything in between: what is above it is what our rules cost."""
    url = f"http://127.0.0.1:{model.port}"
    server = hall.program(name, str(HERE / "bare.py"), url, core=GATEWAY_CORE)
    return Target("server and client alone", server.port, server)


def portkey(hall: Hall, model: Server, name: str) -> Target:
    peer = measured(HERE / "peers" / "portkey.py")
    port = free_port()
    command = [*peer["command"], f"--port={port}"]
    server = hall.start(
        name, command, port, core=GATEWAY_CORE, environment={**os.environ, "NODE_ENV": "production"}
    )
    headers = {
        "authorization": "Bearer sk-upstream",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{model.port}/v1",
    }
    return Target("portkey", port, server, headers, version=peer["version"])


def litellm(hall: Hall, model: Server, name: str) -> Target:
    """Its proxy with one worker, a master key and no database, with the parts that make it fastest."""
    peer = measured(HERE / "peers" / "litellm.py")
    config = hall.folder / f"{name}.yaml"
    plan = {
        "model_list": [
            {
                "model_name": "small",
                "litellm_params": {
                    "model": "openai/small",
                    "api_base": f"http://127.0.0.1:{model.port}/v1",
                    "api_key": "sk-upstream",
                },
            }
        ],
        "general_settings": {"master_key": MASTER_KEY},
        "litellm_settings": {"set_verbose": False, "telemetry": False},
    }
    config.write_text(json.dumps(plan), encoding="utf-8")
    port = free_port()
    command = [*peer["command"], "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    server = hall.start(name, command, port, core=GATEWAY_CORE, environment=litellm_environment())
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    return Target("litellm", port, server, headers, version=peer["version"])


def litellm_environment() -> dict[str, str]:
    """Nothing fetched from outside, nothing logged, compiled code kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
    }


def fault(target: Target, *, stream: bool = False) -> str:
    """Why a target is not measured: its first answer is not the model's. Empty where it is."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{target.port}{target.path}",
        request_body(stream=stream).encode(),
        {"content-type": "application/json", **target.headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
    except urllib.error.HTTPError as refused:
        return f"HTTP {refused.code}: {refused.read(300).decode(errors='replace')}"
    except OSError as reason:
        return f"no answer: {reason}"
    try:
        if not stream:
            told = json.loads(document())["choices"][0]["message"]["content"]
            return "" if json.loads(body)["choices"][0]["message"]["content"] == told else "another answer"
        lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
        words = sum(b" parcel" in line for line in lines)
        return "" if words == EVENTS - 3 and lines[-1] == b"[DONE]" else f"{words} of {EVENTS - 3} events"
    except (ValueError, KeyError, IndexError, TypeError):
        return f"unreadable: {body[:200].decode(errors='replace')}"
