"""A conversation turn: what was asked, the events that answer it, and what is kept of both."""
