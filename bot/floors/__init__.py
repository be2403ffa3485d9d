"""The house, a floor at a time: each class adds what it names to the one below, and knows nothing of those above."""
