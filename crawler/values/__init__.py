"""Words that all rooms share: URL, host, address, digest, markup. Pure."""
