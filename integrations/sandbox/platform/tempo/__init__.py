"""Traces of the simulated platform, and the HTTP API of Tempo over them."""
