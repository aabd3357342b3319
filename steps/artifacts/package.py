"""Packaged versions between steps: the folder of their files."""

from hashlib import sha256
from typing import Any, ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer

from adapters.packaging import Packaged
from lifecycle.fingerprint import fingerprint
from steps.artifacts.folders import fetched, stored


class PackageMaterializer(BaseMaterializer):
    """Keeps a package as its files, and reads it back only if every hash is right."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Packaged,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: Packaged) -> None:
        """Write the files."""
        with stored(self.artifact_store, self.uri) as folder:
            data.write(folder)

    def load(self, data_type: type[Any]) -> Packaged:
        """Read the files back."""
        with fetched(self.artifact_store, self.uri) as folder:
            return Packaged.read(folder)

    def compute_content_hash(self, data: Packaged) -> str | None:
        """Give the hash of everything in it."""
        return fingerprint(
            [
                data.manifest,
                {name: sha256(content).hexdigest() for name, content in data.files.items()},
            ]
        )
