"""What is noted of a kept page besides its rights, for documents and data sets; none of it changes a verdict."""
