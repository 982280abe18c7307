"""Documents for people, rendered from what crawls really did: facts first, then templates that only print."""
