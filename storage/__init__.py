"""Files, folders, drives and uploads, and the bytes under them.

Knows nothing of GraphQL, of HTTP or of accounts: rows point to ``settings.AUTH_USER_MODEL`` and an actor is the plain
value ``"user:<id>"``.
"""
