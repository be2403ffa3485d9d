"""A simulated LLM platform: sixteen services whose metrics, logs, traces and deploys follow from time, seed and events.

It speaks the protocols of Prometheus, Loki and Tempo, so that adapters cannot tell it from a real one.
"""
