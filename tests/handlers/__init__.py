"""The Slack face, tested."""
