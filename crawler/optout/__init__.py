"""What a rights holder said, in which protocol, and with which evidence. Pure."""
