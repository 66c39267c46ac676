"""Series to be continued: one recurrent network over many of them."""
