"""The specimens' recipes, a file each, named as the specimen with underscores."""
