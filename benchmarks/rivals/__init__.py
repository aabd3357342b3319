"""Other ways to serve the same model, as people write them."""
