"""Where traces go and who is told of alerts, by what the environment and the workspace say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from roadworthy.errors import InputProblem, Problem
from roadworthy.wiring.place import log_form, open_telemetry

if TYPE_CHECKING:
    from roadworthy.operate.watching.feed import Step
    from roadworthy.operate.work import Duty
    from roadworthy.wiring.place import Workspace

FOLLOW_EVERY_S: Final = 5.0
ALERT_EVERY_S: Final = 15.0
_TRACES: Final = "v1/traces"


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Where traces go. ``share`` is of those that have to be sampled at all."""

    address: str
    headers: Mapping[str, str]
    resource: Mapping[str, str]
    timeout_s: float
    compress: bool
    share: float


def trace_settings(told: Mapping[str, str]) -> TraceSettings | None:
    """Read OpenTelemetry's own variables, without their ``OTEL_``; None where no endpoint is named.

    Source: OpenTelemetry specification 1.50, environment variables; OTLP exporter.
    Errors: ``InputProblem`` RW-TELEMETRY-003 with all that is wrong.
    """
    general, own = told.get("EXPORTER_OTLP_ENDPOINT", ""), told.get("EXPORTER_OTLP_TRACES_ENDPOINT", "")
    off = told.get("SDK_DISABLED", "").lower() == "true" or told.get("TRACES_EXPORTER", "") == "none"
    if off or not (general or own):
        return None
    problems: list[Problem] = []
    address = own or f"{general.rstrip('/')}/{_TRACES}"
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        where = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if own else "OTEL_EXPORTER_OTLP_ENDPOINT"
        problems.append(Problem("expected an address such as `https://collector:4318`", place=where))
    protocol = told.get("EXPORTER_OTLP_TRACES_PROTOCOL") or told.get(
        "EXPORTER_OTLP_PROTOCOL", "http/protobuf"
    )
    if protocol != "http/protobuf":
        problems.append(
            Problem(
                f"`{protocol}` is not spoken here",
                place="OTEL_EXPORTER_OTLP_PROTOCOL",
                hint="`http/protobuf`",
            )
        )
    compression = told.get("EXPORTER_OTLP_TRACES_COMPRESSION") or told.get(
        "EXPORTER_OTLP_COMPRESSION", "gzip"
    )
    if compression not in {"gzip", "none"}:
        problems.append(Problem("expected `gzip` or `none`", place="OTEL_EXPORTER_OTLP_COMPRESSION"))
    timeout = told.get("EXPORTER_OTLP_TRACES_TIMEOUT") or told.get("EXPORTER_OTLP_TIMEOUT", "10000")
    millis = _number(timeout, "OTEL_EXPORTER_OTLP_TIMEOUT", 1, 600_000, problems)
    share = _share(told, problems)
    headers = _pairs(
        told.get("EXPORTER_OTLP_TRACES_HEADERS") or told.get("EXPORTER_OTLP_HEADERS", ""),
        "OTEL_EXPORTER_OTLP_HEADERS", problems,
    )  # fmt: skip
    resource = _pairs(told.get("RESOURCE_ATTRIBUTES", ""), "OTEL_RESOURCE_ATTRIBUTES", problems)
    if problems:
        raise InputProblem("RW-TELEMETRY-003", problems)
    named = {"service.name": told.get("SERVICE_NAME") or resource.get("service.name", "roadworthy")}
    return TraceSettings(
        address, headers, {**resource, **named}, millis / 1_000, compression == "gzip", share
    )


def begin_logs() -> None:
    """Write logs as the environment says. Errors: ``InputProblem`` RW-TELEMETRY-005."""
    from roadworthy.adapters.logs import begin_logs as begin

    begin(log_form())


def watching_duties(place: Workspace) -> tuple[Duty, ...]:
    """What a worker does for those who watch: it counts, looks for drift and burning budgets, raises alerts, and
    sends traces where an endpoint is named. The ledger is read once for all of them.

    Errors: ``InputProblem`` RW-ALERT-002, RW-TELEMETRY-003, and RW-TELEMETRY-004 without the extra ``otel``.
    """
    from roadworthy.measure.watching.duty import Watchers
    from roadworthy.measure.watching.sources import EVERY_S, measure_sources
    from roadworthy.operate.watching.alarms import Alarms
    from roadworthy.operate.watching.counting import count_step
    from roadworthy.operate.watching.feed import Follow
    from roadworthy.operate.watching.rollup import roll_step
    from roadworthy.operate.work import Duty
    from roadworthy.wiring.costs import cost_books
    from roadworthy.wiring.receivers import receivers

    watchers = Watchers(cost_books())
    settings = trace_settings(open_telemetry())
    sent = () if settings is None else (_exported(settings),)
    return (
        Duty(
            "feed", FOLLOW_EVERY_S, Follow((count_step, roll_step, watchers.step, *sent), edges=bool(sent))
        ),
        Duty("sources", EVERY_S, measure_sources),
        Duty("alerts", ALERT_EVERY_S, Alarms(receivers(place), (watchers,))),
        *_reminding(place),
    )


def _reminding(place: Workspace) -> tuple[Duty, ...]:
    """Mails about reviews, where `alerts.yaml` says so."""
    from roadworthy.operate.reviews.reminding import LOOK_EVERY_S, Reminders
    from roadworthy.operate.work import Duty
    from roadworthy.wiring.receivers import review_mail

    said = review_mail(place)
    if said is None:
        return ()
    written = Reminders(said.mailer, every=said.every, address=said.address)
    return (Duty("review mail", LOOK_EVERY_S, written),)


def _exported(settings: TraceSettings) -> Step:
    from roadworthy.operate.watching.exporting import Export

    if find_spec("opentelemetry") is None or find_spec("google") is None:
        raise InputProblem(
            "RW-TELEMETRY-004",
            Problem(
                "traces need the extra `otel`",
                hint="`pip install 'roadworthy[otel]'`, or unset OTEL_EXPORTER_OTLP_ENDPOINT",
            ),
        )
    from roadworthy.adapters.otlp import OtlpExporter
    from roadworthy.adapters.posting import HttpPost

    exporter = OtlpExporter(
        HttpPost(),
        settings.address,
        headers=settings.headers,
        resource=settings.resource,
        timeout_s=settings.timeout_s,
        compress=settings.compress,
        version=metadata.version("roadworthy"),
    )
    return Export(exporter, share=settings.share).step


def _share(told: Mapping[str, str], problems: list[Problem]) -> float:
    sampler = told.get("TRACES_SAMPLER", "parentbased_always_on").removeprefix("parentbased_")
    if sampler == "always_on":
        return 1.0
    if sampler == "always_off":
        return 0.0
    if sampler == "traceidratio":
        return _number(told.get("TRACES_SAMPLER_ARG", "1"), "OTEL_TRACES_SAMPLER_ARG", 0, 1, problems)
    problems.append(
        Problem(
            "this sampler is not known",
            place="OTEL_TRACES_SAMPLER",
            hint="`always_on`, `always_off`, `traceidratio`",
        )
    )
    return 1.0


def _number(text: str, place: str, low: float, high: float, problems: list[Problem]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        problems.append(Problem(f"expected a number from {low:g} to {high:g}", place=place))
        return low
    return number


def _pairs(text: str, place: str, problems: list[Problem]) -> dict[str, str]:
    """``name=value,name=value``, values as in an address. The values are never repeated: headers hold secrets."""
    found = {}
    for number, part in enumerate(part for part in text.split(",") if part.strip()):
        name, separator, value = part.partition("=")
        if not separator or not name.strip():
            problems.append(Problem(f"part {number + 1} is no `name=value`", place=place))
            continue
        found[name.strip()] = unquote(value.strip())
    return found
