"""Floor 2: programs run over whole batches of sequences: operators, gradients, the choice of a machine, streams."""
