"""The fast hashes as docs/hash-spec.md defines them, and vectors of them."""
