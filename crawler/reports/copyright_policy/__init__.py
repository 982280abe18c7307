"""The copyright policy of Measure 1.1: every obligation answered by files of people, by settings, and by crawls."""
