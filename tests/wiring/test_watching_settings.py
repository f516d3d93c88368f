"""Where traces go and who is told of alerts is read from the environment and the workspace, all mistakes at once."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from roadworthy.errors import InputProblem
from roadworthy.wiring.place import Workspace, log_form
from roadworthy.wiring.receivers import receivers, review_mail
from roadworthy.wiring.telemetry import trace_settings, watching_duties

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, "sqlite://")


def written(place: Workspace, text: str) -> Workspace:
    (place.home / "alerts.yaml").write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"EXPORTER_OTLP_ENDPOINT": "http://c:4318", "SDK_DISABLED": "true"},
        {"EXPORTER_OTLP_ENDPOINT": "http://c:4318", "TRACES_EXPORTER": "none"},
    ],
)
def test_without_an_endpoint_nothing_is_sent(told: dict[str, str]) -> None:
    assert trace_settings(told) is None


def test_the_standard_variables_say_where_and_how() -> None:
    found = trace_settings(
        {
            "EXPORTER_OTLP_ENDPOINT": "https://collector:4318/",
            "EXPORTER_OTLP_HEADERS": "x-key=a%20b, other=c",
            "EXPORTER_OTLP_TIMEOUT": "2500",
            "EXPORTER_OTLP_COMPRESSION": "none",
            "TRACES_SAMPLER": "parentbased_traceidratio",
            "TRACES_SAMPLER_ARG": "0.25",
            "RESOURCE_ATTRIBUTES": "service.name=x,deployment.environment.name=prod",
        }
    )
    assert found is not None
    assert found.address == "https://collector:4318/v1/traces"
    assert found.headers == {"x-key": "a b", "other": "c"}
    assert (found.timeout_s, found.compress, found.share) == (2.5, False, 0.25)
    assert found.resource == {"service.name": "x", "deployment.environment.name": "prod"}
    own = trace_settings({"EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/own", "SERVICE_NAME": "desk"})
    assert own is not None
    assert (own.address, own.share, own.resource) == ("http://c/own", 1.0, {"service.name": "desk"})


def test_every_mistake_is_told_at_once_and_no_secret_with_it() -> None:
    with pytest.raises(InputProblem) as caught:
        trace_settings(
            {
                "EXPORTER_OTLP_ENDPOINT": "collector",
                "EXPORTER_OTLP_PROTOCOL": "grpc",
                "EXPORTER_OTLP_COMPRESSION": "zstd",
                "EXPORTER_OTLP_TIMEOUT": "soon",
                "EXPORTER_OTLP_HEADERS": "hunter2",
                "TRACES_SAMPLER": "jaeger_remote",
            }
        )
    assert caught.value.code == "RW-TELEMETRY-003"
    assert len(caught.value.problems) == 6
    assert "hunter2" not in str(caught.value)


def test_a_worker_counts_and_alerts_and_sends_traces_where_an_endpoint_is_named(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert [duty.name for duty in watching_duties(place)] == ["feed", "sources", "alerts"]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert [duty.name for duty in watching_duties(place)] == ["feed", "sources", "alerts"]


def test_a_log_has_one_of_two_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROADWORTHY_LOG", raising=False)
    assert log_form() == "text"
    monkeypatch.setenv("ROADWORTHY_LOG", "json")
    assert log_form() == "json"
    monkeypatch.setenv("ROADWORTHY_LOG", "xml")
    with pytest.raises(InputProblem) as caught:
        log_form()
    assert caught.value.code == "RW-TELEMETRY-005"


def test_receivers_are_read_with_secrets_by_reference(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert receivers(place) == ()
    monkeypatch.setenv("OPS_SECRET", SECRET)
    monkeypatch.setenv("MAIL_PASSWORD", "p%40ss")
    found = receivers(
        written(
            place,
            """
receivers:
  - {name: ops, kind: webhook, url: "https://ops.example/hook", secret: "${OPS_SECRET}"}
  - {name: am, kind: alertmanager, url: "http://127.0.0.1:9093"}
  - {name: mail, kind: smtp, url: "smtps://bot:${MAIL_PASSWORD}@mail.example:465", from: a@example.com, to: [b@example.com]}
""",
        )
    )
    assert [(one.name, one.refresh_s > 0) for one in found] == [
        ("ops", False),
        ("am", True),
        ("mail", False),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "{name: x, kind: pigeon}",
        '{name: "X y", kind: alertmanager, url: "http://127.0.0.1"}',
        '{name: x, kind: alertmanager, url: "http://public.example"}',
        '{name: x, kind: alertmanager, url: "ftp://h"}',
        "{name: x, kind: alertmanager}",
        '{name: x, kind: webhook, url: "https://h", secret: "whsec_written-down"}',
        '{name: x, kind: webhook, url: "https://h", secret: "${NOT_SET_AT_ALL}"}',
        '{name: x, kind: webhook, url: "https://h", secret: "${SHORT}"}',
        '{name: x, kind: smtp, url: "smtp://mail.example", from: a@b.c, to: [d@e.f]}',
        '{name: x, kind: smtp, url: "smtps://h", from: "a b", to: []}',
    ],
)
def test_a_receiver_that_cannot_be_is_refused(
    place: Workspace, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "whsec_aHVudGVyMg==")
    with pytest.raises(InputProblem) as caught:
        receivers(written(place, f"receivers:\n  - {entry}\n"))
    assert caught.value.code == "RW-ALERT-002"
    for secret in ("aHVudGVyMg", "written-down"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "receivers: 3", "- a", "receivers: [3]", "a: [", "receivers: []\nmore: 1"]
)
def test_a_file_in_another_form_is_refused(place: Workspace, text: str) -> None:
    with pytest.raises(InputProblem) as caught:
        receivers(written(place, text))
    assert caught.value.code == "RW-ALERT-002"


MAIL = """
receivers:
  - {name: mail, kind: smtp, url: "smtp://127.0.0.1:2525", from: rw@example.com, to: [ops@example.com]}
"""


def test_mail_about_reviews_is_off_until_the_file_says_how(place: Workspace) -> None:
    assert review_mail(place) is None
    assert review_mail(written(place, MAIL)) is None
    said = review_mail(
        written(place, MAIL + 'reviews: {by: mail, every: 4h, address: "https://rw.example"}')
    )
    assert said is not None
    assert (said.every, said.address) == (timedelta(hours=4), "https://rw.example")
    assert "review mail" in [duty.name for duty in watching_duties(place)]


@pytest.mark.parametrize(
    ("reviews", "says"),
    [
        ('{by: nobody, every: 4h, address: "https://rw.example"}', "smtp"),
        ('{by: mail, every: often, address: "https://rw.example"}', "how often"),
        ('{by: mail, every: 4h, address: "http://rw.example"}', "unencrypted"),
        ("{by: mail, every: 4h}", "exactly"),
        ("yes", "exactly"),
    ],
)
def test_what_is_wrong_about_review_mail_is_told(place: Workspace, reviews: str, says: str) -> None:
    with pytest.raises(InputProblem) as caught:
        review_mail(written(place, f"{MAIL}reviews: {reviews}"))
    assert says in str(caught.value.problems[0])
