"""Pages and pictures people read."""
