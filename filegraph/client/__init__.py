"""The command line of a client: it speaks to a running server and knows nothing of Django or of settings."""
