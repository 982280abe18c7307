"""The public site: crawler page, feed of changes, documents, complaints, and "was my domain crawled?"."""
