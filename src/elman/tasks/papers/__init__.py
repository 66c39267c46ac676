"""Experiments of published papers, made again: data by code, networks of the paper's size, the paper's measures."""
