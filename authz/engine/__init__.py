"""OpenFGA's algorithms on plain values: check, lists, expand, and plans. No database and no network."""
