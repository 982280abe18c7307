"""The summary of training content, Article 53(1)(d), and the data rows of the Model Documentation Form."""
