"""Which steps in which order; the names of all pipelines."""

PIPELINES = {
    "training": "pipelines.training:training",
    "deployment": "pipelines.deployment:deployment",
    "release": "pipelines.release:release",
    "monitoring": "pipelines.monitoring:monitoring",
    "retraining": "pipelines.retraining:retraining",
}
"""Pipelines by name, as `module:attribute`, so that naming them imports nothing heavy."""
