"""Retraining: what is known before it is decided, and which rows teach most."""
