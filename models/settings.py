"""Settings of the stages that split, train, evaluate and explain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from features.settings import Settings

Tier = Literal["suspend", "review", "challenge", "limit_reach", "discount"]  # harshest first


def check_tiers(names: Iterable[str]) -> None:
    """Refuse a rule for a tier there is none of: it would be kept by nobody."""
    unknown = [name for name in names if name not in get_args(Tier)]
    if unknown:
        raise PydanticCustomError("tier", "tiers among {tiers}", {"tiers": ", ".join(get_args(Tier))})


class Split(Settings):
    """How accounts are put on the sides of training and testing."""

    by: Literal["group", "time", "source"] = "group"
    folds: int = Field(default=5, ge=2, le=20)
    gap_days: int = Field(
        default=0, ge=0
    )  # by time: days left unused before each test period, so late labels do not leak
    seed: int = 0
    name_patterns: bool = True  # near-identical names (a factory's series) stay on one side


class Search(Settings):
    """The search for LightGBM settings."""

    trials: int = Field(default=12, ge=0)  # 0: the settings below are used as they are
    seconds: int = Field(default=300, gt=0)  # no trial starts after this; the study says which limit ended it
    rows: int = Field(default=6_000, gt=0)  # accounts the search looks at, the same ones for the same seed


class Kinds(Settings):
    """How the booster of kinds is grown."""

    rounds: int = Field(default=80, ge=0)  # at most, a tree per kind each; 0: kinds are not told
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    leaves: int = Field(default=8, ge=2)
    column_share: float = Field(default=0.3, gt=0, le=1)
    least: int = Field(default=20, ge=2)  # labelled accounts of a kind; a rarer one is not told
    rows: int = Field(default=12_000, gt=0)  # accounts it learns from, rare kinds first, weighted to their true size


class Adapt(Settings):
    """How a model is adapted to a population without labels."""

    share: float = Field(default=0.1, gt=0, lt=0.5)  # of the population, surest either way, that counts as labelled
    # Where bots are no commoner than this the surest share holds too many people: see docs/trust.md for what is lost.
    fewest_bots: float = Field(default=0.3, ge=0, lt=1)
    weight: float = Field(default=1.0, gt=0)  # of those together, against all labelled accounts
    without: tuple[str, ...] = ("age_days",)  # features that mean something else in the next population
    folds: int = Field(default=5, ge=2)  # no account is scored by a booster that took its guess for a label
    seed: int = 0


class Train(Settings):
    """How the booster is trained."""

    seed: int = 0
    threads: int = Field(default=2, ge=1)
    trees: int = Field(default=1500, ge=1)  # at most; early stopping chooses fewer
    patience: int = Field(default=100, ge=1)  # trees without improvement before stopping
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    leaves: int = Field(default=31, ge=2)
    least_rows: int = Field(default=20, ge=1)  # accounts in a leaf
    column_share: float = Field(default=0.6, gt=0, le=1)
    row_share: float = Field(default=0.8, gt=0, le=1)
    l2: float = Field(default=1.0, ge=0)
    path_smooth: float = Field(default=0.0, ge=0)  # pulls a leaf towards its parent
    extra_trees: bool = False  # one random threshold per column and split
    members: int = Field(default=3, ge=1)  # boosters of different growth averaged into the one model, at most
    monotone: dict[str, Literal[-1, 0, 1]] = {}  # feature -> 1: more of it never lowers the score; -1: never raises it
    class_weight: Literal["none", "balanced"] = "none"
    source_weight: Literal["none", "balanced"] = "none"
    suppressed: tuple[str, ...] = ()  # features or families that no reason may name: protected or internal
    subsets: bool = True  # the model also carries a booster for each way tables can be absent
    calibration: Literal["auto", "none", "platt", "beta", "isotonic"] = "auto"
    bot_share: float | None = Field(default=None, gt=0, lt=1)  # of the population to be scored; null: as in the labels
    search: Search = Search()
    adapt: Adapt = Adapt()
    kinds: Kinds = Kinds()
    # Tier -> largest share of people (not bots) that may land in it or a harsher one.
    tiers: dict[str, float] = {
        "suspend": 0.001,
        "review": 0.005,
        "challenge": 0.01,
        "limit_reach": 0.03,
        "discount": 0.1,
    }


class Evaluate(Settings):
    """How quality is measured."""

    resamples: int = Field(default=500, ge=10)  # bootstrap
    level: float = Field(default=0.95, gt=0, lt=1)
    seed: int = 0
    leave_source_out: bool = True
    unseen: bool = True  # test on each kind of bot left out of training, and on the accounts judged last


class Card(Settings):
    """What only a person can say on the model card; the page says loudly what is not filled in."""

    owner: str = ""  # who answers for the model
    contact: str = ""  # where to reach them
    use: str = ""  # what decisions it informs, and which it must not
    affected: str = ""  # who is affected by it, and how they were considered
    appeal: str = ""  # how a person can object to a decision
    required: bool = False  # refuse to write the review while one of them is empty


class Explain(Settings):
    """What is explained."""

    cases: int = Field(default=20, ge=0)
    reasons: int = Field(default=5, ge=1)
    evidence: int = Field(default=5, ge=0)  # rows shown behind a reason: posts, accounts, moments
    groups: int = Field(default=7, ge=0)  # that acted together, shown in the review: farms, pods, friends, fans
    picture_rows: int = Field(default=2000, ge=10)  # accounts drawn in the beeswarm
    interactions: int = Field(default=50, ge=0, le=1000)  # accounts whose pairs of features are looked at; 0 = none
    seed: int = 0
    card: Card = Card()


# Five times the limits of train.tiers: a slice is harder than all people together in most models, see docs/trust.md.
CEILINGS = {"suspend": 0.005, "review": 0.025, "challenge": 0.05, "limit_reach": 0.15, "discount": 0.5}


class Gate(Settings):
    """What a new model must show before it replaces the one in use."""

    margin: float = Field(default=0.0, ge=0)  # average precision it must add over every baseline, with its interval
    tolerance: float = Field(default=0.0, ge=0)  # average precision it may lose against the champion
    may_lose: float = Field(default=0.01, ge=0)  # average precision the low end of the interval may lose
    recall_may_lose: float = Field(default=0.02, ge=0)  # at 1% false positives, when the loss is certain
    calibration_may_lose: float = Field(default=0.005, ge=0)  # log loss and calibration error, when certain
    slice_may_lose: float = Field(default=0.02, ge=0)  # average precision in one slice, when certain
    # Tier -> largest share of the people of any slice who may reach it or a harsher one. By default five times
    # train.tiers; a tier not named keeps its default.
    ceilings: dict[str, float] = CEILINGS
    cost_may_grow: float = Field(default=3.0, ge=1)  # times what it costs to explain an account with the champion
    resamples: int = Field(default=500, ge=10)  # bootstrap
    level: float = Field(default=0.95, gt=0, lt=1)

    @field_validator("ceilings")
    @classmethod
    def _can_be_kept(cls, ceilings: dict[str, float]) -> dict[str, float]:
        check_tiers(ceilings)
        if any(not 0 < share <= 1 for share in ceilings.values()):
            raise PydanticCustomError("share", "shares of people above 0 and at most 1")
        return {**CEILINGS, **ceilings}  # --set of one tier must not lift the others


class Monitor(Settings):
    """When monitoring speaks."""

    # Share of runs in which any check speaks although nothing changed, all checks and features together.
    alpha: float = Field(default=0.001, gt=0, lt=1)
    psi_warning: float = Field(default=0.1, gt=0)  # population stability index, less what chance adds to it
    psi_severe: float = Field(default=0.25, gt=0)
    push: float = Field(default=0.25, gt=0)  # change of a feature's mean contribution, log-odds
    tier: str = "review"  # whose threshold precision, recall and slices are watched at
    weight: float = Field(default=0.05, gt=0, lt=1)  # share of what moves scores that drifted features must carry
    loss: float = Field(default=0.05, gt=0, lt=1)  # of precision, calibration or ranking; three times it is severe
    recall_loss: float = Field(default=0.1, gt=0, lt=1)  # recall swings with the kinds of bots that come
    accounts: int | None = Field(default=None, ge=1)  # of a usual batch; null: learned from earlier batches
    volume: float = Field(default=2.0, gt=1)  # times more or fewer accounts than usual that are let pass
    events: float = Field(default=3.0, gt=1)  # times more or fewer rows of a table per account
    lag_days: float = Field(default=2.0, gt=0)  # by which a table may end earlier than it did in training
    refused: float = Field(default=0.01, gt=0, lt=1)  # share of a table's rows that cannot be used; ten times: severe
    sample: int = Field(default=1000, ge=0)  # accounts whose contributions are computed; 0: none
    history: int = Field(default=60, ge=0)  # earlier batches remembered


class Rule(Settings):
    """What must hold for accounts to land in a tier beside its limit in ``train.tiers``.

    All that is given must hold. ``per_slice`` and ``precision`` speak of the tier and harsher ones together, as the
    limits do; ``per_day`` of the tier alone, because it is the length of its queue.
    """

    per_slice: bool = False  # the limit of train.tiers is kept, as counted, in every slice as well
    precision: float | None = Field(default=None, ge=0, le=1)  # least share of bots, at the declared bot share
    per_day: float | None = Field(default=None, ge=0)  # most accounts a day
    false_alarm_cost: float | None = Field(default=None, gt=0)  # of acting on a person ...
    miss_cost: float | None = Field(default=None, gt=0)  # ... against leaving a bot alone; both in one unit

    @field_validator("miss_cost")
    @classmethod
    def _with_its_pair(cls, cost: float | None, info: ValidationInfo) -> float | None:
        if "false_alarm_cost" in info.data and (cost is None) != (info.data["false_alarm_cost"] is None):
            raise PydanticCustomError("pair", "both false_alarm_cost and miss_cost, or neither")
        return cost


class Policy(Settings):
    """Rules of the tiers beside ``train.tiers``, and the traffic they are meant for."""

    rules: dict[str, Rule] = {"suspend": Rule(per_slice=True)}  # tier -> rule
    bot_share_low: float | None = Field(default=None, gt=0, lt=1)  # interval of train.bot_share,
    bot_share_high: float | None = Field(default=None, gt=0, lt=1)  # where it is not known exactly
    accounts_per_day: float = Field(default=10_000, gt=0)  # that will be scored
    resamples: int = Field(default=500, ge=10)
    level: float = Field(default=0.95, gt=0, lt=1)
    seed: int = 0

    @field_validator("rules")
    @classmethod
    def _of_tiers(cls, rules: dict[str, Rule]) -> dict[str, Rule]:
        check_tiers(rules)
        return rules

    @field_validator("bot_share_high")
    @classmethod
    def _above_its_low_end(cls, high: float | None, info: ValidationInfo) -> float | None:
        low = info.data.get("bot_share_low")
        if high is not None and low is not None and high < low:
            raise PydanticCustomError("interval", "at least bot_share_low, {low}", {"low": low})
        return high

    def check_share(self, bot_share: float | None) -> None:
        """Refuse an interval of the share of bots that does not hold the share it is the interval of."""
        low, high = self.bot_share_low, self.bot_share_high
        if low is None and high is None:
            return
        if bot_share is None:
            raise PydanticCustomError("interval", "train.bot_share beside an interval of it")
        if not (low or bot_share) <= bot_share <= (high or bot_share):
            raise PydanticCustomError(
                "interval", "an interval that holds train.bot_share, {share}", {"share": bot_share}
            )


class Audit(Settings):
    """What the data audit looks at, and which of its severe findings are allowed."""

    # Codes of severe findings to train in spite of; any other one stops the run. Sets are often made so that one
    # column, or whether it is known, tells much; these are told loudly. With [] each of them stops the run.
    allow: tuple[str, ...] = ("AUD001", "AUD005", "AUD010")
    rows: int = Field(default=10_000, ge=100)  # accounts that checks learn from, the same ones for the same seed
    tree_margin: float = Field(default=0.01, ge=0)  # average precision a depth-3 tree may stay behind a booster
    seed: int = 0


class Stress(Settings):
    """How the cost of evading is measured."""

    folds: int = Field(default=2, ge=0)  # whose accounts are changed; boosters are grown again for each, 0: none
    resamples: int = Field(default=200, ge=10)  # bootstrap
    level: float = Field(default=0.95, gt=0, lt=1)
    seed: int = 0  # chooses whom to imitate
