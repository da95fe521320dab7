"""Verbs: where permissions, rows and bytes meet."""
