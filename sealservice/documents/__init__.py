"""The content store: bytes by their digest, on disk before anything says that they are there."""
