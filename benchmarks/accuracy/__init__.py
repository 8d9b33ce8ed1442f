"""The accuracy bench: what is found, what is wrongly found, and how that compares with hashes alone."""
