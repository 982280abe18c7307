"""Where ``crawler.values.strict_toml`` stood first; import it from there."""

from crawler.values.strict_toml import FILE_LIMIT, Source, Table, listed, spelled

__all__ = ["FILE_LIMIT", "Source", "Table", "listed", "spelled"]
