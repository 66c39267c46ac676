"""Floor 5: pictures drawn from plain arrays; matplotlib is imported when the first one is drawn."""
