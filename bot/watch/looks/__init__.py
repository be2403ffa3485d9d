"""Where watches look: each reads one kind of telemetry since the last time, and says what is open."""
