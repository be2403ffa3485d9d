"""What the guard must hold, on both databases where it keeps something."""
