"""Clients around a client: each is an ``InstallationClient``, adds one thing, and passes the same contract.

Which of them an installation has is decided in ``authz.services.wrapping``. Without settings there is none.
"""
