"""Lurkers read and like, and hardly ever write."""

from simulation.actors.role import Role

ROLE = Role(
    name="lurker",
    kind="human",
    says="reads and likes, hardly ever writes",
    profiles={"people_small": 0.93, "people_mid": 0.07},
    habits="lurker",
    public=0.5,
)
