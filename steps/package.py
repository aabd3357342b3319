"""Write a version down as it will be served."""

from typing import Annotated

from zenml import step

from adapters import packaging
from lifecycle.data.declaration import Data
from lifecycle.governance.story import Story
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.declaration import Serving
from steps.artifacts.package import PackageMaterializer
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__), output_materializers={"packaged": PackageMaterializer})
def package(
    candidate: Candidate, story: Story, data: Data, serving: Serving
) -> Annotated[packaging.Packaged, "packaged"]:
    """Refuse a version that failed a gate; else write down all it is served by."""
    story.gates.require(f"Version {story.version.number if story.version else '?'}")
    packaged = packaging.package(candidate, story, data, serving)
    tell("package", f"{len(packaged.files)} files, {packaged.size_mb:.1f} MB")
    return packaged
