"""Everything that touches the disk: layout, journal, WARC, manifest, policies and lists."""
