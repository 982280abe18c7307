"""One file per blocklist format: bytes as received to entries. Pure."""
