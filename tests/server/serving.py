"""A process that serves, for tests of the process: says where it is, and when it has a request in hand."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tests.operate.office import BEN
from tests.server.desk import PEOPLE, Desk, reply

from roadworthy.principal import Role
from roadworthy.server.serve import serve


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        desk.office.release(reply)

        def slow(_request: Request) -> PlainTextResponse:
            print("in hand", flush=True)
            ending = desk.app.state.draining.wait(20)
            return PlainTextResponse("answered while ending" if ending else "never asked to end")

        desk.app.router.routes.insert(0, Route("/slow", slow))
        print(desk.key(BEN), flush=True)
        print(desk.link(PEOPLE[Role.OWNER]), flush=True)
        serve(
            desk.app, host="127.0.0.1", port=int(sys.argv[1]), on_ready=lambda url: print(url, flush=True)
        )
        print("ended", flush=True)
        desk.office.store.close()


if __name__ == "__main__":
    main()
