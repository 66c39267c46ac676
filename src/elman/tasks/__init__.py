"""Floor 5: ready models."""
