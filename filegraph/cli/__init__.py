"""The command line: ``server`` needs Django, everything else speaks to a running server and does not."""
