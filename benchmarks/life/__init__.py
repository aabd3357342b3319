"""A year of flights in minutes: served, watched, retrained, and what that was worth."""
