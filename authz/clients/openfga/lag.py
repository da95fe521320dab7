"""How far the server is behind what was committed here: for readiness and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from authz.models import Delivery, TupleChange


@dataclass(frozen=True, slots=True)
class Lag:
    """``pending`` changes are on their way, the oldest for ``oldest_seconds``; ``refused`` ones never arrive."""

    pending: int = 0
    refused: int = 0
    oldest_seconds: float = 0.0


def lag(using: str, now: datetime) -> Lag:
    """Return it as it is at ``now``. One statement, over the index of what is not delivered."""
    found = {
        delivery: (count, oldest)
        for delivery, count, oldest in TupleChange.objects.using(using)
        .filter(delivery__gt=Delivery.DONE)
        .values_list("delivery")
        .annotate(count=Count("id"), oldest=Min("created_at"))
    }
    pending, oldest = found.get(Delivery.PENDING, (0, None))
    refused, _ = found.get(Delivery.REFUSED, (0, None))
    seconds = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    return Lag(pending, refused, seconds)
