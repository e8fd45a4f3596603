"""The public page as files: pure functions from a snapshot to bytes, by path below the published folder."""

from statuspage.rendering.edition import assets, only, render

__all__ = ["assets", "only", "render"]
