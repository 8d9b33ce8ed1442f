"""Review: groups are looked at one by one, and what a person chooses for each becomes a plan."""
