"""``store.fga.yaml`` files: a model, tuples and the answers expected of them, run on the embedded engine.

The same files that OpenFGA's command line tool runs; source of the format: docs/STORE_FILE.md and internal/storetest of
openfga/cli. Pure Python: no Django, no network, tuples in memory.
"""
