"""The law of the house: who may do what, in which state, and what is written down first."""
