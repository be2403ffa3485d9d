"""What storage must hold, on both databases."""
