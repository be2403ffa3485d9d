"""Measurements beside a peer or a limit, in the same run. `make bench` prints them; nothing here is a timed test."""
