"""Drivers for bytes."""
