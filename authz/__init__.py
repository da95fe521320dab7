"""Who may do what: relationship-based access control in OpenFGA's language.

Knows strings like ``file:9`` and never a File; knows nothing of GraphQL, of bytes or of HTTP.
"""
