"""Alerts of Alertmanager, and of what speaks its webhook (Grafana, vmalert, Mimir), as findings of ours."""
