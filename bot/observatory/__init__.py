"""Questions to the telemetry of an installation: what is read, from which sources, and what stands out in it."""
