"""The deploy API of the simulated platform: what changed when, what runs where, and how to change or break it."""
