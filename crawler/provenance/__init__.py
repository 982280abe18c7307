"""What we can prove: rows, leaves and digests. Pure."""
