"""Specimens: small models that the course trains and ships, each with a recipe, weights, and a card of measured facts."""
