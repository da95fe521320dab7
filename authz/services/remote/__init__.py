"""Looking after the store of an OpenFGA server: filling it, comparing and mending it, keeping the tree in it.

On top of the other services, which know nothing of it; whether there is a server at all is ``remote_engine``'s.
"""
