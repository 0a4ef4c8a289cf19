"""How many bots there are among accounts nobody labelled, with an interval: adjusted counting and EM.

Both methods assume that bots (and people) of the population score like bots (and people) of the labelled accounts, and
that only their shares differ. ``misfit`` says how badly the population breaks that assumption.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit, logit

from features.errors import BadInput

# The population is read as this many groups of neighbouring scores, so a million accounts cost no more than a thousand.
GROUPS = 1024
# A probability of exactly 0 or 1 would let one account decide the estimate.
LEAST = 1e-6
EM_STEPS = 500
EM_ENOUGH = 1e-7
# Thresholds tried by the adjusted count: quantiles of the labelled scores.
CUTS = 101
# A threshold that fewer labelled people reach is not tried: the one with luckily few of them would always be chosen.
FEWEST_PEOPLE = 30
# Above this distance between the population and the best mixture of labelled scores (largest gap between the two
# distribution functions) the estimate rests on an assumption that does not hold.
FAR = 0.1


@dataclass(frozen=True)
class Share:
    """An estimated share of bots, 0 to 1, with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mistaken:
    """How often labels may be wrong: shares of labelled ``people`` who are bots, and of ``bots`` who are people."""

    people: float
    bots: float

    def __call__(self, share: float) -> float:
        """The share of bots where ``share`` of a population score like those labelled bots, the rest like the others.

        Both crowds are mixed then, so that nobody scoring like a labelled bot leaves ``people`` bots all the same
        (Scott, Blanchard and Handy 2013, "Classification with asymmetric label noise").
        """
        return self.people + share * (1 - self.bots - self.people)

    def widened(self, found: Share) -> Share:
        """The interval that holds whether labels are all right, or wrong that often."""
        return Share(found.value, min(found.low, self(found.low)), max(found.high, self(found.high)))


@dataclass(frozen=True)
class Prevalence:
    """What is known of the share of bots in a population of ``accounts`` unlabelled accounts.

    ``counted`` is the plain share at or above ``cut`` and not an estimate; ``best`` names the method to report;
    ``mistaken`` is how often labels were taken to be wrong at most.
    """

    accounts: int
    labelled: int
    level: float
    em: Share
    adjusted_count: Share
    best: str
    counted: float
    cut: float
    misfit: float
    mistaken: Mistaken | None
    trusted: bool
    says: str

    def to_dict(self) -> dict[str, object]:
        """JSON values."""
        return asdict(self)


def estimate_prevalence(
    population: np.ndarray,
    is_bot: np.ndarray,
    probability: np.ndarray,
    *,
    resamples: int = 500,
    level: float = 0.95,
    seed: int = 0,
    mistaken: Mistaken | None = None,
) -> Prevalence:
    """Share of bots in an unlabelled population.

    Parameters
    ----------
    population : float64 of shape (m,), probability of each unlabelled account by the model
    is_bot : bool of shape (n,), labels of other accounts
    probability : float64 of shape (n,), their probability by a model that did not see them (out of fold)
    resamples : int, bootstrap resamples of both the labelled accounts and the population
    level : float, coverage of the intervals
    seed : int
    mistaken : how often labels may be wrong at most; None: never

    Returns
    -------
    Prevalence; the interval carries the chance in who was labelled, in the calibration fitted on them and in who is
    in the population, and holds both where labels are right and where they are as wrong as ``mistaken`` says

    Raises
    ------
    BadInput
        When a class is absent, the population is empty, or a probability is missing or not between 0 and 1.
    """
    bot = np.asarray(is_bot, dtype=bool)
    known = _logits(probability, "labelled probabilities")
    unknown = _logits(population, "population probabilities")
    if not bot.any() or bot.all():
        raise BadInput(
            "labelled probabilities",
            expected="accounts of both classes",
            got=f"{int(bot.sum()):,} bots and {int((~bot).sum()):,} people",
            todo="Give the out-of-fold scores of a whole training set.",
        )
    if not len(unknown):
        raise BadInput("population", expected="at least one account", got="none", todo="Give the scores to count.")
    place, count = _grouped(unknown)
    once_bots, once_people = np.ones(int(bot.sum())), np.ones(int((~bot).sum()))
    by_em = _em(known, bot, once_bots, once_people, place, count)
    cut = _best_cut(known, bot, len(unknown), by_em)
    by_count = _adjusted(known, bot, once_bots, once_people, place, count, cut)
    random = np.random.default_rng(seed)
    drawn = np.empty((resamples, 2))
    for i in range(resamples):
        bots = random.multinomial(len(once_bots), np.full(len(once_bots), 1 / len(once_bots))).astype(float)
        people = random.multinomial(len(once_people), np.full(len(once_people), 1 / len(once_people))).astype(float)
        there = random.multinomial(int(count.sum()), count / count.sum()).astype(float)
        drawn[i] = (
            _em(known, bot, bots, people, place, there),
            _adjusted(known, bot, bots, people, place, there, cut),
        )
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    em, adjusted = (
        Share(round(v, 6), round(float(ends[0, j]), 6), round(float(ends[1, j]), 6))
        for j, v in enumerate((by_em, by_count))
    )
    if mistaken:
        em, adjusted = mistaken.widened(em), mistaken.widened(adjusted)
    distance = _misfit(known, bot, unknown, by_em)
    best = "em" if em.high - em.low <= adjusted.high - adjusted.low else "adjusted_count"
    told = em if best == "em" else adjusted
    trusted = distance <= FAR
    says = (
        f"{told.value:.1%} of {len(unknown):,} accounts are bots ({told.low:.1%} to {told.high:.1%}, "
        f"{level:.0%} interval, by {'EM' if best == 'em' else 'adjusted counting'})."
    )
    if not trusted:
        says += (
            f" Do not rely on it: their scores lie {distance:.2f} from any mixture of the labelled bots and people "
            "(0 fits), so they are other kinds of accounts. Label a sample of them."
        )
    return Prevalence(
        accounts=len(unknown),
        labelled=len(known),
        level=level,
        em=em,
        adjusted_count=adjusted,
        best=best,
        counted=round(float((unknown >= cut).mean()), 6),
        cut=round(float(expit(cut)), 6),
        misfit=round(distance, 6),
        mistaken=mistaken,
        trusted=trusted,
        says=says,
    )


def em_share(probability: np.ndarray, training_share: float, weight: np.ndarray | None = None) -> float:
    """Share of bots that best explains calibrated scores (Saerens, Latinne and Decaestecker 2002).

    Parameters
    ----------
    probability : float64 of shape (m,), calibrated where ``training_share`` of accounts are bots
    training_share : float, above 0 and below 1
    weight : float64 of shape (m,), how often each score occurs; once when absent

    Returns
    -------
    float from 0 to 1
    """
    p = np.clip(probability, LEAST, 1 - LEAST)
    w = np.ones(len(p)) if weight is None else weight
    ratio = p / (1 - p) * (1 - training_share) / training_share  # how much likelier the score is from a bot
    total, share = w.sum(), training_share
    for _ in range(EM_STEPS):
        bot = share * ratio
        found = float(w @ (bot / (bot + 1 - share))) / total
        if abs(found - share) < EM_ENOUGH:
            return found
        share = found
    return share


def adjusted_count(called: float, hits: float, alarms: float) -> float:
    """Share of bots when ``called`` of a population are called bots (Forman 2005).

    Parameters
    ----------
    called : share of the population called bots
    hits : share of labelled bots called bots
    alarms : share of labelled people called bots, below ``hits``

    Returns
    -------
    float, cut to 0 to 1; ``called`` itself when the call tells nothing
    """
    return min(1.0, max(0.0, (called - alarms) / (hits - alarms))) if hits > alarms else called


def _logits(probability: np.ndarray, what: str) -> np.ndarray:
    p = np.asarray(probability, dtype=np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        wrong = int((~((p >= 0) & (p <= 1))).sum())
        raise BadInput(
            what,
            expected="numbers from 0 to 1",
            got=f"{wrong:,} others or missing",
            todo="Leave out accounts that were not scored.",
        )
    return logit(np.clip(p, LEAST, 1 - LEAST))


def _grouped(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean score and number of accounts of at most ``GROUPS`` groups of neighbouring scores, none of them empty."""
    ranked = np.sort(scores)
    parts = np.array_split(ranked, min(GROUPS, len(ranked)))
    return np.array([p.mean() for p in parts]), np.array([len(p) for p in parts], dtype=float)


def _em(
    known: np.ndarray, bot: np.ndarray, bots: np.ndarray, people: np.ndarray, place: np.ndarray, count: np.ndarray
) -> float:
    """EM on scores calibrated again on the labelled accounts, each counted as often as its weight says."""
    weight = np.empty(len(known))
    weight[bot], weight[~bot] = bots, people
    slope, start = _line(known, bot, weight)
    return em_share(expit(slope * place + start), float(bots.sum() / weight.sum()), count)


def _line(score: np.ndarray, bot: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of a logistic fit of the label on the score, by Newton steps with a little shrinking.

    The shrinking (one account's worth, towards the scores as they are) keeps the fit finite where the score parts
    the classes without an error.
    """
    slope, start = 1.0, 0.0
    for _ in range(50):
        p = expit(slope * score + start)
        miss, spread = weight * (bot - p), weight * p * (1 - p)
        gradient = np.array([miss @ score - (slope - 1), miss.sum() - start])
        cross = float(spread @ score)
        curve = np.array([[float(spread @ score**2) + 1, cross], [cross, float(spread.sum()) + 1]])
        step = np.linalg.solve(curve, gradient)
        step /= max(1.0, float(np.abs(step).max()))  # a longer step may leave where the curve is known
        slope, start = slope + float(step[0]), start + float(step[1])
        if float(np.abs(step).max()) < 1e-8:
            break
    return slope, start


def _best_cut(known: np.ndarray, bot: np.ndarray, accounts: int, share: float) -> float:
    """The threshold whose adjusted count has the smallest standard error at ``share``."""
    best, least = 0.0, np.inf
    bots, people = int(bot.sum()), int((~bot).sum())
    fewest = min(FEWEST_PEOPLE, people // 10)
    for cut in np.unique(np.quantile(known, np.linspace(0, 1, CUTS))):
        # Half an account is added on each side: a rate of 0 seen in few people is not known to be 0.
        hits = (float((known[bot] >= cut).sum()) + 0.5) / (bots + 1)
        alarms = (float((known[~bot] >= cut).sum()) + 0.5) / (people + 1)
        if hits - alarms < 0.05 or int((known[~bot] >= cut).sum()) < fewest:
            continue
        called = share * hits + (1 - share) * alarms
        variance = called * (1 - called) / accounts
        variance += share**2 * hits * (1 - hits) / bots + (1 - share) ** 2 * alarms * (1 - alarms) / people
        error = variance / (hits - alarms) ** 2
        if error < least:
            best, least = float(cut), error
    return best


def _adjusted(
    known: np.ndarray,
    bot: np.ndarray,
    bots: np.ndarray,
    people: np.ndarray,
    place: np.ndarray,
    count: np.ndarray,
    cut: float,
) -> float:
    above = known >= cut
    hits, alarms = float(bots @ above[bot]) / bots.sum(), float(people @ above[~bot]) / people.sum()
    return adjusted_count(float(count @ (place >= cut)) / count.sum(), hits, alarms)


def _misfit(known: np.ndarray, bot: np.ndarray, unknown: np.ndarray, share: float) -> float:
    """Largest gap between the population's distribution of scores and the mixture that ``share`` describes."""
    at = np.unique(np.quantile(np.concatenate([known, unknown]), np.linspace(0, 1, GROUPS)))

    def below(scores: np.ndarray) -> np.ndarray:
        return np.searchsorted(np.sort(scores), at, side="right") / len(scores)

    mixture = share * below(known[bot]) + (1 - share) * below(known[~bot])
    return float(np.abs(below(unknown) - mixture).max())
