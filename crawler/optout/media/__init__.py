"""Metadata inside files: where it lies in each format, read within bounds; pixels, sound and text are never decoded."""
