"""What we decide, by which rule of the operator, and why. Pure."""
