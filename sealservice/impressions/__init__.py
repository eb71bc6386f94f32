"""Pressing a seal on a document: the heart of the house. `docs/sealing-cycle.md` tells the whole on one page."""
