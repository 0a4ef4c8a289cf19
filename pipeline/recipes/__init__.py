"""Recipes: known and unknown data sets turned into canonical tables without code."""

from pipeline.recipes.format import Recipe, find, load, shipped

__all__ = ["Recipe", "find", "load", "shipped"]
