"""Pages: what people see, and that it is the same as what machines read."""

from __future__ import annotations

from tests.server.desk import PEOPLE, Desk, reply

from roadworthy.principal import Role


def test_x(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.9")
    desk.office.submit("T-2", "refund 0.3")
    desk.work()
    b = desk.browser(PEOPLE[Role.OWNER])
    review = desk.office.reviews("T-2")[0]
    for path in (
        "/portfolio",
        "/use-cases/desk",
        "/inbox",
        "/cases",
        f"/cases/{desk.office.case('T-1').id}",
        f"/reviews/{review.id}",
    ):
        r = b.get(path)
        assert r.status_code == 200, r.text
        r = b.get(path + ".json")
        assert r.status_code == 200, r.text
