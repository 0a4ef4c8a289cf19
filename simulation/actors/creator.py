"""Creators write for an audience they earned."""

from simulation.actors.role import Role

ROLE = Role(
    name="creator",
    kind="human",
    says="writes for an audience it earned",
    profiles={"people_small": 0.1, "people_mid": 0.3, "people_large": 0.6},
    habits="creator",
    tone="creator",
    public=1.5,
)
