"""Shipped conformance suites and checks for those who write a backend or run the service."""
