"""A small web of many sites on loopback, for a first look and for tests."""
