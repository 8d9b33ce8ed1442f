"""What people look at: pictures of images, where two differ, what a file says of itself, progress in a notebook."""
