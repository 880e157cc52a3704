"""Specimens: small models, trained and shipped by the course, with recipes, weights, and cards of measured facts."""
