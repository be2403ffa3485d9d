"""What the bot can do: one file for each group of operations, one decorated function for each operation."""
