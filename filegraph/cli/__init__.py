"""The command ``filegraph``: which application a name goes to, and the commands that run a server.

What speaks to a running server is ``filegraph.client``.
"""
