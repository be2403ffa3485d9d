"""Pictures of telemetry, at the size in which Slack shows them, for every eye, on dark and on light."""
