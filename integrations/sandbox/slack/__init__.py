"""A Slack workspace of its own: Web API, Socket Mode, events, and a page for the browser."""
