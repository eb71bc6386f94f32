"""The seal library: who may speak with which seal, and since when."""
