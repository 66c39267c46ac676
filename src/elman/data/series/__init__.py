"""Numeric series: reading them, what is wrong with them, scaling, windows."""
