"""The scripts that a newcomer runs first."""
