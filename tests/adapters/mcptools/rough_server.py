"""An MCP server without any library, which begins at once and behaves badly when it is asked to."""

import json
import os
import subprocess
import sys
import time

NAMES = ("say", "fail", "silent", "huge", "endless", "die", "environment", "garbage", "spawn")


def answer(number: object, **body: object) -> None:
    print(json.dumps({"jsonrpc": "2.0", "id": number, **body}), flush=True)


def called(number: object, name: str, given: dict) -> None:
    told: object = {}
    if name == "say":
        told = {"words": given.get("words")}
    elif name == "fail":
        words = f"no such order, and the secret is {os.environ.get('DESK_TOKEN')}"
        answer(number, result={"content": [{"type": "text", "text": words}], "isError": True})
        return
    elif name == "silent":
        time.sleep(60)
    elif name == "huge":
        told = {"x": "x" * int(given["size"])}
    elif name == "endless":
        while True:
            sys.stdout.write("x" * 65_536)
    elif name == "die":
        os._exit(3)
    elif name == "environment":
        told = {"names": sorted(os.environ), "token": os.environ.get("DESK_TOKEN", "")}
    elif name == "garbage":
        print("this is no message", flush=True)
        answer(number, result={"content": "nothing that the protocol knows"})
        return
    elif name == "spawn":
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
        told = {"pid": child.pid, "own": os.getpid()}
    answer(number, result={"content": [], "structuredContent": told})


for line in sys.stdin:
    asked = json.loads(line)
    number, params = asked.get("id"), asked.get("params") or {}
    match asked["method"]:
        case "initialize":
            info = {"name": "rough", "version": "1"}
            answer(
                number,
                result={"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info},
            )
        case "tools/list":
            names = (*NAMES, "say") if "twice" in sys.argv else NAMES
            more = {"nextCursor": "again"} if "no-end" in sys.argv else {}
            listed = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
            answer(number, result={"tools": listed if not params.get("cursor") else [], **more})
        case "tools/call":
            called(number, params["name"], params.get("arguments") or {})
        case _ if number is not None:
            answer(number, error={"code": -32601, "message": "no such method"})
