"""What ``audit verify`` looks at, one file a check; ``registry`` has their order."""
