"""The tables of statuspage; each module holds one concept."""

from statuspage.models.components import Component, ComponentChange, ComponentState
from statuspage.models.page import PublicPage, Revision
from statuspage.models.posts import Draft, Kind, Post, PostUpdate, Status
from statuspage.models.published import Edition, PublishedFile

__all__ = [
    "Component",
    "ComponentChange",
    "ComponentState",
    "Draft",
    "Edition",
    "Kind",
    "Post",
    "PostUpdate",
    "PublicPage",
    "PublishedFile",
    "Revision",
    "Status",
]
