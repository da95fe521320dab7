"""The signed-in connection that most commands start with."""

from __future__ import annotations

import os

from filegraph.client import credentials
from filegraph.client.graphql_client import GraphQLClient


def connect() -> GraphQLClient:
    """A client for the stored (or environment's) server and token. Raises ``NotSignedIn``."""
    found = credentials.require(os.environ)
    return GraphQLClient(found.url, found.token)
