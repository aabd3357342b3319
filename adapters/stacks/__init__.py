"""Where pipelines run: the one door to ZenML's stores, stacks and runs."""
