"""Names of operations in the OpenAPI document, taken from the address so that no two are alike."""

from drf_spectacular.openapi import AutoSchema as SpectacularSchema


class AutoSchema(SpectacularSchema):
    """`GET /api/v1/services/{slug}/` is `services_by_slug_get`."""

    def get_operation_id(self) -> str:
        """The address without its version, and the method."""
        parts = [part for part in self.path.strip("/").split("/") if part not in ("api", "v1")]
        words = [f"by_{part.strip('{}')}" if part.startswith("{") else part.replace("-", "_") for part in parts]
        return "_".join([*words, self.method.lower()])
