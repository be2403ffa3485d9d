"""What was changed when: from a deploy API, or from the versions that metrics tell of."""
