"""The database engine ``filegraph.sqlite3``: Django's own, and one thing that it does again and again done once."""
