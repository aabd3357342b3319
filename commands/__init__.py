"""What `run.py` offers beside pipelines: one subject a file, nothing heavy imported at the top."""
