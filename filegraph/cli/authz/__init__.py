"""``filegraph authz``: the commands of authorization models as files, and those of the permissions of an installation.

The former need neither settings nor Django; of the others importing the module sets it up.
"""
