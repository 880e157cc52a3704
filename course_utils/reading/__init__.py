"""A chapter as something to read: its sections, its words for a search, its glossary, the papers that it names.

Needs neither torch nor streamlit: the site draws what this package finds, and the gate holds the glossary to it.
"""
