"""Static files as they are served: named by their content, compressed once."""

from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What other packages bring and no page of ours asks for.
NOT_SERVED = ["redoc", "rest_framework", "swagger-ui-es-*", "ext", "hx-*"]
LARGE = 200_000  # bytes: brotli at its best takes seconds for a megabyte
QUICK = 5


class QuickCompressor(Compressor):
    """The best compression for what every page loads, a quick one for large files, none for source maps."""

    SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """Brotli at a quality that fits the size."""
        return bytes(brotli.compress(data, quality=QUICK) if len(data) > LARGE else brotli.compress(data))


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Content in the name, so browsers keep a file for ever; imports between modules follow."""

    support_js_module_import_aggregation = True
    manifest_strict = False

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """whitenoise asks for it."""
        return QuickCompressor(**{**kwargs, "extensions": None})
