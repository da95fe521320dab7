"""What is measured about permissions, in Prometheus' terms. The only module of authz that imports prometheus_client.

Import it where metrics are asked for and nowhere else. Labels take their values from sets that the program fixes: names
of users and objects would be a secret told to whoever reads the page, and a series each.
"""

from __future__ import annotations

import math
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

CALL_SECONDS = Histogram(
    "filegraph_authz_call_seconds",
    "How long calls of the permission client took, by method and outcome (allowed, denied, ok, or the error's code).",
    ["method", "outcome"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
)
DECISIONS = Counter(
    "filegraph_authz_decisions",
    "Whole checks that were answered, alone or in a batch, by outcome (allowed, denied).",
    ["outcome"],
)
BATCH_SIZE = Histogram(
    "filegraph_authz_batch_size",
    "Questions of one batch (batch_check), or grants looked for at once (granted).",
    ["method"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
)
TUPLES = Counter(
    "filegraph_authz_tuples",
    "Tuples that were written and deleted; those of a transaction that was undone later are among them.",
    ["operation"],
)
ENGINE = Gauge("filegraph_authz_engine_info", "Which engine answers permission questions; always 1.", ["engine"])
OUTBOX_CHANGES = Gauge(
    "filegraph_authz_outbox_changes",
    "Changes that the OpenFGA server has not taken: pending (on their way) and refused (for good).",
    ["state"],
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "filegraph_authz_outbox_oldest_seconds", "Age of the oldest change that is on its way; 0 when there is none."
)
SHADOW_COMPARISONS = Counter(
    "filegraph_authz_shadow_comparisons",
    "Answers that were held against the other engine, by outcome (same, different, moved, failed, dropped).",
    ["outcome"],
)


# Looking a series up by its labels takes longer than counting; there are few, and each is the same for ever.
seconds_of = cache(CALL_SECONDS.labels)
decisions_of = cache(DECISIONS.labels)


def show_engine(name: str) -> None:
    """Show which engine answers."""
    ENGINE.labels(name).set(1)


def show_outbox(pending: float, refused: float, oldest_seconds: float) -> None:
    """Show how far the server is behind."""
    OUTBOX_CHANGES.labels("pending").set(pending)
    OUTBOX_CHANGES.labels("refused").set(refused)
    OUTBOX_OLDEST_SECONDS.set(oldest_seconds)


def show_outbox_unknown() -> None:
    """Show that it could not be found out: a number of some time ago would be a lie."""
    show_outbox(math.nan, math.nan, math.nan)


def count_comparison(outcome: str) -> None:
    """Count one comparison with the shadow engine."""
    SHADOW_COMPARISONS.labels(outcome).inc()
