"""What must hold of the Slack face."""
