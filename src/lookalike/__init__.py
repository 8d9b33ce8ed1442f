"""Find the images that are the same picture."""
