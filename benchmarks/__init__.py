"""Measurements against real data and against peers; each is one command."""
