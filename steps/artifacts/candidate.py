"""Candidates between steps: their own files, never a pickle."""

from typing import Any, ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer

from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.incumbent import Incumbent
from steps.artifacts.folders import fetched, stored


class CandidateMaterializer(BaseMaterializer):
    """Keeps a candidate as the folder it saves itself to."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Candidate,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: Candidate) -> None:
        """Write the candidate."""
        with stored(self.artifact_store, self.uri) as folder:
            data.save(folder)

    def load(self, data_type: type[Any]) -> Candidate:
        """Read the candidate back."""
        with fetched(self.artifact_store, self.uri) as folder:
            return Candidate.load(folder)

    def compute_content_hash(self, data: Candidate) -> str | None:
        """Give the candidate's fingerprint."""
        return data.fingerprint


class IncumbentMaterializer(BaseMaterializer):
    """Keeps the version to beat, or the fact that there is none."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Incumbent,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: Incumbent) -> None:
        """Write the version's number and its candidate."""
        with stored(self.artifact_store, self.uri) as folder:
            (folder / "version").write_text(data.version or "")
            if data.candidate is not None:
                (folder / "candidate").mkdir()
                data.candidate.save(folder / "candidate")

    def load(self, data_type: type[Any]) -> Incumbent:
        """Read it back."""
        with fetched(self.artifact_store, self.uri) as folder:
            version = (folder / "version").read_text()
            if not version:
                return Incumbent()
            return Incumbent(version=version, candidate=Candidate.load(folder / "candidate"))

    def compute_content_hash(self, data: Incumbent) -> str | None:
        """Give version and fingerprint."""
        return f"{data.version}:{data.candidate.fingerprint if data.candidate else ''}"
