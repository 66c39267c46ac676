"""Floor 0: one recurrent step as data, and the loop that defines what running it means."""
