"""What answers requests: knows BentoML and HTTP, neither ZenML nor MLflow."""
