"""Where images come from: ordinary files so far."""
