"""Superfans belong to a fan club and like everything their idol writes; what they do is in ``scenes.fan_club``."""

from simulation.actors.role import Role

ROLE = Role(
    name="superfan",
    kind="human",
    says="likes everything its idol writes, within minutes",
    profiles={"people_small": 0.8, "people_mid": 0.2},
    habits="superfan",
)
