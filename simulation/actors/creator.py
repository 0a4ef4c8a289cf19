"""Creators write for an audience they earned."""

from simulation.actors.role import Role

ROLE = Role(
    name="creator",
    kind="human",
    says="writes for an audience it earned",
    profiles={"people_small": 0.05, "people_mid": 0.25, "people_large": 0.7},
    habits="creator",
    tone="creator",
    public=1.5,
)
