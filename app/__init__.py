"""The course site. It draws the catalog, the sources and the verdicts; it holds no course text."""
