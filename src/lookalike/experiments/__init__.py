"""What `find` does with pictures of which it is known what they are: what tuning measures."""
