"""An installation whose permissions an OpenFGA server can keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.components.openfga import OpenFGA
from tests.components.permissions import Installation, forget


@pytest.fixture
def installation(settings: Any, transactional_db: None, openfga_server: OpenFGA) -> Iterator[Installation]:
    """Nothing is prepared yet, and the embedded engine answers."""
    settings.FILEGRAPH_OPENFGA_API_URL = openfga_server.api_url
    found = Installation(settings)
    found.choose("embedded")
    yield found
    forget()
