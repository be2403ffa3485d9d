"""Metrics from what speaks Prometheus' HTTP API: Prometheus, VictoriaMetrics, Mimir, Thanos."""
