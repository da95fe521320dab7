"""The byte plane: raw ASGI endpoints for bytes, in front of Django. Knows nothing of GraphQL and of permissions."""
