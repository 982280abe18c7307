"""Who signs: keys, signers and time-stamp authorities. What is signed is made elsewhere."""
