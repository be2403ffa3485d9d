"""What must hold of the one door."""
