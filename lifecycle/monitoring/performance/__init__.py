"""How good the answers of a window were, once labels have come, and what to expect before."""
