"""Composition root: settings, application, command line. Imports everything, imported by nothing."""
