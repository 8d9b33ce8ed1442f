"""Groups to a plan: how each file stands now, what becomes of each image, and what holds it."""
