"""Prometheus metrics that every service has, and the endpoint that serves them."""

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

log = structlog.get_logger()

REQUESTS = Counter("hive_requests_total", "Requests answered", ["verb", "outcome"])
REQUEST_SECONDS = Histogram("hive_request_duration_seconds", "Time from receiving a request to its reply", ["verb"])
REFUSED_IDENTITIES = Counter(
    "hive_refused_identities_total", "Requests dropped because caller and inbox differ", ["service"]
)
COMMITS = Counter("hive_database_commits_total", "Transactions committed")
WRITES = Counter("hive_database_writes_total", "Write jobs, several of which may share a commit", ["outcome"])
RELAYED = Counter("hive_events_relayed_total", "Events published to the stream")
OUTBOX = Gauge("hive_outbox_pending", "Events committed but not yet published")


def serve_metrics(port: int | None) -> None:
    """Serve `/metrics` on the loopback `port`; a port that can't be bound is logged, not fatal."""
    if port is None:
        return
    try:
        start_http_server(port, addr="127.0.0.1")
    except OSError as error:
        log.warning("metrics_unavailable", port=port, error=str(error))
