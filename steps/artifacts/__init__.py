"""How what steps hand to one another is stored."""
