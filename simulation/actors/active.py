"""Active people are there many times a day: fast, busy and honest."""

from simulation.actors.role import Role

ROLE = Role(
    name="active",
    kind="human",
    says="there many times a day, likes a lot",
    profiles={"people_small": 0.6, "people_mid": 0.4},
    habits="active",
)
