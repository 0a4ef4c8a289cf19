"""Recipes: how the files of a data set become canonical tables."""
