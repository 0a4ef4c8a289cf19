"""Casual people look in a few times a day and write now and then."""

from simulation.actors.role import Role

ROLE = Role(
    name="casual",
    kind="human",
    says="looks in a few times a day, writes now and then",
    profiles={"people_small": 0.82, "people_mid": 0.18},
)
