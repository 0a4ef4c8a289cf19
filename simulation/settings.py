"""Settings of the simulated town, with units and sources.

Shares and habits without a source are choices: they are what a person would find plausible, and they are knobs.
"Inside the town" means between simulated accounts; counters also hold what happened before and outside.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """Frozen settings; a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Shares(Section):
    """How common each role is: weights, not percentages. Raising one draws accounts from all others evenly."""

    # people who act for themselves
    lurker: Amount = 16  # weight: reads and likes, hardly writes
    casual: Amount = 19  # weight: looks in now and then
    active: Amount = 10  # weight: there many times a day
    superfan: Amount = 4  # weight: likes everything its idol writes
    creator: Amount = 9  # weight: writes for an audience
    brand: Amount = 5  # weight: posts by a schedule it declares
    news_desk: Amount = 2  # weight: publishes around the clock and says so
    # people who pump
    pod_member: Amount = 4  # weight: trades likes
    like_buyer: Amount = 4  # weight: orders likes
    # software
    like_bot: Amount = 10  # weight: a farm's worker
    fake_follower: Amount = 5  # weight: follows whoever paid
    self_bot: Amount = 4  # weight: a person whose account a service runs
    spam_bot: Amount = 6  # weight: advertises
    hijacked: Amount = 3  # weight: a person until a farm takes over

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("at least one share above 0")
        return self


class Calendar(Section):
    """The months that are simulated."""

    days: int = Field(default=90, ge=7, le=720)  # how long
    end_at: datetime = datetime(2026, 6, 1, tzinfo=UTC)  # counters are read and labels given at this moment
    holidays: tuple[int, ...] = (33, 34, 35, 61)  # days counted from the first, on which people post less
    holiday_posts: Share = 0.5  # share of usual posts on a holiday
    day_off: Share = 0.15  # share of days on which a person does not look at all
    live_events: Annotated[int, Field(ge=0, le=50)] = 4  # matches, elections, shows
    live_event_hours: Annotated[float, Field(gt=0)] = 2.5  # hours that each lasts
    reviews: Annotated[int, Field(ge=1, le=20)] = 1  # moments of judgement, a week apart, the last at end_at


class Habits(Section):
    """What one person of a role does; medians over persons."""

    posts: Amount  # in 30 days
    likes: Amount  # given inside the town in 30 days
    follows: Amount  # accounts followed inside the town
    sessions: Annotated[float, Field(ge=1)] = 4  # visits a day
    delay_h: Annotated[float, Field(gt=0)] = 5  # from a post until the next visit that reaches it is sought
    comments: Share = 0.06  # comments per like
    replies: Share = 0.15  # of own posts
    reposts: Share = 0.12  # of own posts
    idle: Share = 0.1  # persons who do nothing in the whole time
    rarely: Share = 0.0  # persons who look in every two to seven days (Pew 2021: 54% of adults on Twitter not daily)


class People(Section):
    """Habits of each role of people; bots run on a person's account use those of a casual person."""

    lurker: Habits = Habits(
        posts=0.25, likes=16, follows=14, sessions=3, delay_h=7, comments=0.01, idle=0.2, rarely=0.5
    )
    casual: Habits = Habits(posts=1.5, likes=21, follows=16, rarely=0.4)
    active: Habits = Habits(posts=6, likes=48, follows=26, sessions=9, delay_h=2, comments=0.12, idle=0)
    superfan: Habits = Habits(posts=3, likes=35, follows=20, sessions=10, delay_h=1, comments=0.12, idle=0)
    creator: Habits = Habits(
        posts=5.5, likes=15, follows=16, sessions=6, delay_h=3, comments=0.1, reposts=0.05, idle=0.04
    )
    brand: Habits = Habits(posts=7, likes=3, follows=8, delay_h=10, replies=0.05, reposts=0.03, idle=0.03)
    news_desk: Habits = Habits(posts=24, likes=1, follows=6, replies=0, reposts=0.02, idle=0)
    pod_member: Habits = Habits(
        posts=5, likes=15, follows=18, sessions=6, delay_h=3, comments=0.1, reposts=0.05, idle=0
    )
    like_buyer: Habits = Habits(posts=5, likes=14, follows=16, sessions=5, comments=0.08, reposts=0.05, idle=0)
    spread: Amount = 0.9  # log standard deviation of posts and likes between persons of a role
    exploring: Share = 0.2  # median share of likes for accounts that are not followed; persons differ widely
    followed_back: Share = 0.3  # of follows between ordinary people
    capitalists: Share = 0.05  # of casual, active and creators return nearly every follow (Ghosh et al. 2012)
    newcomers: Share = 0.06  # of people opened their account in the simulated time
    quality_spread: Amount = 0.9  # log standard deviation of how likeable posts are


class Scenes(Section):
    """Honest things that look guilty."""

    viral: Share = 0.004  # of original posts of people
    viral_likes: Amount = 70  # median likes by strangers
    giveaways: Share = 0.012  # of original posts of creators and brands
    giveaway_entries: Amount = 45  # median people who like and comment
    fan_clubs: Annotated[int, Field(ge=0, le=20)] = 2  # per 1,000 accounts, each around one idol
    fan_likes: Share = 0.85  # of the idol's posts that a fan likes
    fan_delay_min: Annotated[float, Field(gt=0)] = 6  # median: fans switch notifications on
    live_interest: Share = 0.5  # of people who care for the subject of a live event take part


class Farms(Section):
    """Like farms. Quantities and prices: market/engagement_prices_2021 (1,656 offers), divided by 1 / scale."""

    per_thousand: Annotated[int, Field(ge=1, le=8)] = 2  # farms per 1,000 accounts
    scale: Annotated[float, Field(gt=0)] = 0.03  # likes delivered in the town per like ordered on the market
    resold_to: Annotated[int, Field(ge=0, le=20)] = 4  # earlier neighbourhoods whose farms help with large orders
    aged: Share = 0.5  # of workers are aged accounts, the others cheap ones
    replaced: Share = 0.3  # of workers are dropped within the time (blocked or burnt)
    comments: Share = 0.15  # of orders also buy comments
    by_hand: Share = 0.35  # of farms are people at phones who work in shifts (Washington Post, 6 January 2014)
    shift_h: Annotated[float, Field(gt=1, le=24)] = 9  # hours a day that such a farm works
    burst_gap_s: Annotated[float, Field(gt=0)] = 9  # median seconds between likes of a burst
    drip_h: Annotated[float, Field(gt=0)] = 30  # median hours over which a drip order is delivered
    cover: Amount = 12  # likes for strangers that a worker gives in 30 days to look innocent; a naive one a seventh
    crew: Share = 0.05  # of all workers within reach that an expert sends to one post; the naive send all they have
    followed_first: Share = 0.4  # of customers that an expert's workers follow before they like; the naive do not


class Buyers(Section):
    """Those who order."""

    posts: Share = 0.4  # of a buyer's original posts, outside campaigns
    campaign: Share = 0.5  # of buyers take part in a campaign, in which they buy for nearly every post
    campaign_days: Annotated[float, Field(gt=0)] = 21  # days that a campaign lasts
    follower_orders: Amount = 1.5  # orders of followers per buyer
    victims: Share = 0.045  # of people who write, for whom somebody else bought likes
    victim_posts: Annotated[int, Field(ge=1, le=20)] = 3  # posts attacked per victim


class Pods(Section):
    """Groups of people who like each other's posts by agreement (Weerasinghe et al. 2020)."""

    per_thousand: Annotated[int, Field(ge=1, le=8)] = 3  # pods per 1,000 accounts
    second: Share = 0.25  # of members are in a second pod
    submitted: Share = 0.6  # of a member's posts are brought to the pod
    joined: Share = 0.6  # mean participation of a member; persons differ
    comments: Share = 0.3  # of pod likes come with a comment
    delay_min: Annotated[float, Field(gt=0)] = 25  # median, where a pod answers at once
    gap_s: Annotated[float, Field(gt=0)] = 25  # seconds between likes of a member working through the pod's list


class Automation(Section):
    """Services that like and follow strangers from a person's account (DeKoven et al. 2018)."""

    likes: Amount = 60  # by a naive service in 30 days inside the town, median over accounts; an expert's a third
    follows: Amount = 14  # strangers followed inside the town
    farming: Share = 0.3  # of services seek people who return every follow
    returned: Share = 0.08  # of liked strangers like back; half as many follow back
    since: Share = 0.6  # latest start as a share of the simulated time


class Spam(Section):
    """Accounts that post advertisements."""

    rings_per_thousand: Annotated[int, Field(ge=1, le=8)] = 2  # groups with the same texts and links
    posts: Amount = 8  # in 30 days, median
    follows: Amount = 12  # strangers followed inside the town
    farming: Share = 0.4  # of rings seek people who return every follow (Ghosh et al. 2012: most links of spammers)
    comments: Amount = 8  # on posts of others in 30 days


class Labels(Section):
    """What is known of the truth."""

    share: Share = 0.8  # of accounts are labelled
    wrong: Share = 0.02  # of labels say the opposite
    late: Share = 0.0  # of labels are given later than the account was observed
    late_days: Annotated[float, Field(gt=0)] = 30  # at most
    annotators: Annotated[int, Field(ge=1, le=9)] = 1  # with several, each has a source and mistakes of its own
    unsure: Share = 0.0  # of labels carry a confidence below one


class Missing(Section):
    """What is not known."""

    counters: Share = 0.0  # of values of each account counter
    texts: Share = 0.0  # of post texts
    tables: tuple[Literal["labels", "posts", "engagements", "follows"], ...] = ()  # not given at all


class Town(Section):
    """How large the town is, who lives there and how they behave."""

    accounts: int = Field(default=5000, ge=50, le=16_000_000)  # that are shown
    seed: int = Field(default=0, ge=0)  # another one is another town
    evasion: Share = 0.5  # of those who pump: 0 naive, 1 expert
    evasion_spread: Share = 0.5  # operators differ by up to this much either way; 0.5 and 0.5: every level alike
    drift: float = Field(default=0.3, ge=-1, le=1)  # evasion gained from the first to the last day
    shares: Shares = Shares()
    calendar: Calendar = Calendar()
    people: People = People()
    scenes: Scenes = Scenes()
    farms: Farms = Farms()
    buyers: Buyers = Buyers()
    pods: Pods = Pods()
    automation: Automation = Automation()
    spam: Spam = Spam()
    labels: Labels = Labels()
    missing: Missing = Missing()
