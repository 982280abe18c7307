"""One file per opt-out protocol, with all carriers that the protocol uses. Pure."""
