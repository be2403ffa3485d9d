"""Many people, several processes, and processes that die."""
