"""From files to rows, symbols and batches."""
