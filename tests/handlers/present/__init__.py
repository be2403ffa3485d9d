"""What must hold of what people see."""
