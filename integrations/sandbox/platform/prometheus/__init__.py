"""Prometheus as the platform has it: its query language over any store of samples, and its HTTP API."""
