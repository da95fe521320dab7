"""The demonstration: a real server, real people with the command line as their hands, a real tree of files.

``make demo`` or ``python -m scripts.demo [--big 64M]``. It speaks only HTTP and the command line; what it runs on is
one ``Stack``, so that a production stack can take the place of the embedded one.
"""
