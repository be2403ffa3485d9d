"""Logs from Loki 2 and 3."""
