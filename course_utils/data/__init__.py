"""Generators of the text and games that the chapters train on."""
