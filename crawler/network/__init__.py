"""How requests leave the machine: addresses that may be dialled, limits, and politeness."""
