"""How a step written in torch is watched while it runs once on a few rows, and becomes a program."""
