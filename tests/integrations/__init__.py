"""Adapters against the real thing."""
