"""The page of a release, and the list of all releases of a project."""

from adapters.report.release.page import folder, render, render_index, write, write_index

__all__ = ["folder", "render", "render_index", "write", "write_index"]
