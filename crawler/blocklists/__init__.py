"""Whom we never visit: catalog, formats and matching. Pure."""
