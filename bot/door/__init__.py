"""The one door: operations, their registry, `invoke`, and what comes out of it."""
