"""Contents to candidates: which may be the same picture, by hashes near each other, and how to look at them."""
