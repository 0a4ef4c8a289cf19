"""Every kind of pumping, its ground truth and its knobs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulation.market import MENU, PRICES

MINUTE = 60.0
NAIVE = {"accounts": 2000, "evasion": 0.0, "drift": 0.0}
EXPERT = {"accounts": 2000, "evasion": 1.0, "drift": 0.0}


@pytest.fixture(scope="module")
def naive(made):
    return {name: table.to_pandas() for name, table in made(**NAIVE).items()}


@pytest.fixture(scope="module")
def expert(made):
    return {name: table.to_pandas() for name, table in made(**EXPERT).items()}


def deeds(town, cause: str, kind: str = "like") -> pd.DataFrame:
    """Deeds done for ``cause`` with their author, delay in seconds, and the actor's role."""
    truth = town["truth_engagements"]
    found = truth[(truth.cause == cause) & (truth.kind == kind)]
    posts = town["posts"][["post_id", "account_id", "created_at"]]
    found = found.merge(posts.rename(columns={"account_id": "author_id", "created_at": "posted_at"}), on="post_id")
    found["delay_s"] = (found.created_at - found.posted_at).dt.total_seconds()
    return found.merge(town["truth"][["account_id", "role", "operator"]], left_on="actor_id", right_on="account_id")


@pytest.mark.parametrize("level", ["naive", "expert"])
def test_orders_are_delivered_by_workers_of_farms_and_counted(level, request):
    town = request.getfixturevalue(level)
    orders = town["truth_orders"].set_index("order_id")
    likes = deeds(town, "order")
    assert set(likes.role) == {"like_bot", "hijacked"}
    assert likes.order_id.isin(orders.index).all()
    some = orders[orders["product"] == "likes"]
    assert (some.delivered == likes.groupby("order_id").size().reindex(some.index, fill_value=0)).all()
    assert (some.delivered <= some.wanted).all()
    # the post that was liked is the one that was paid for
    assert (likes.post_id == likes.order_id.map(orders.post_id)).all()
    assert (likes.created_at > likes.order_id.map(orders.placed_at)).all()
    # most come from the farm that took the order, the rest from farms it resells to
    assert (likes.operator == likes.order_id.map(orders.farm)).mean() > 0.5


def test_the_naive_order_round_numbers_of_the_market_and_the_expert_do_not(naive, expert):
    menu = {round(pieces * 0.03) for pieces in MENU["likes"]}
    orders = naive["truth_orders"][naive["truth_orders"]["product"] == "likes"]
    assert set(orders.ordered) <= set(MENU["likes"])
    assert set(orders.wanted) <= {max(m, 1) for m in menu}
    careful = expert["truth_orders"][expert["truth_orders"]["product"] == "likes"]
    assert (~careful.wanted.isin(menu)).mean() > 0.5
    assert (naive["truth_orders"].price > 0).all()


def test_the_naive_deliver_in_a_burst_and_the_expert_as_people_come(naive, expert):
    assert set(naive["truth_orders"]["style"]) == {"burst"}
    assert set(expert["truth_orders"]["style"]) == {"gradual"}
    fast, slow = (deeds(town, "order") for town in (naive, expert))
    spread = [d[d.groupby("order_id").order_id.transform("size") > 4].groupby("order_id").delay_s for d in (fast, slow)]
    assert (spread[0].max() - spread[0].min()).median() < 15 * MINUTE
    assert (spread[1].max() - spread[1].min()).median() > 300 * MINUTE


def test_naive_farms_send_the_same_workers_every_time(naive, expert):
    def overlap(town) -> float:
        likes = deeds(town, "order")
        likes = likes[likes.role == "like_bot"]
        crews = likes.groupby(["operator", "order_id"]).actor_id.agg(frozenset).reset_index()
        crews = crews[crews.actor_id.str.len() >= 3]
        pairs = [
            len(a & b) / min(len(a), len(b))
            for _, farm in crews.groupby("operator")
            for a, b in zip(farm.actor_id, farm.actor_id[1:], strict=False)
        ]
        return float(np.mean(pairs))

    assert overlap(naive) > 0.8
    assert overlap(expert) < 0.5


def test_expert_workers_sleep_follow_first_and_spend_likes_on_the_innocent(naive, expert):
    def night_share(town) -> float:
        # the busiest 16 hours of each worker leave this share for the other eight
        events = town["engagements"].merge(
            town["truth"][["account_id", "role", "by_hand"]], left_on="actor_id", right_on="account_id"
        )
        events = events[(events.role == "like_bot") & (events.kind == "like") & ~events.by_hand]
        hours = pd.crosstab(events.actor_id, events.created_at.dt.hour).reindex(columns=range(24), fill_value=0)
        hours = hours[hours.sum(axis=1) >= 40].to_numpy()
        ring = np.concatenate([hours, hours], axis=1)
        night = np.min([ring[:, i : i + 8].sum(axis=1) for i in range(24)], axis=0)
        return float(np.mean(night / hours.sum(axis=1)))

    assert night_share(naive) > 0.09
    assert night_share(expert) < 0.05
    for town, low, high in ((naive, 0.0, 0.1), (expert, 0.3, 0.6)):
        likes = deeds(town, "order")
        pairs = set(zip(town["follows"].follower_id, town["follows"].followed_id, strict=True))
        known = [pair in pairs for pair in zip(likes.actor_id, likes.author_id, strict=True)]
        assert low <= np.mean(known) <= high
    cover = [(t["truth_engagements"].cause == "cover").sum() for t in (naive, expert)]
    assert cover[1] > 3 * cover[0]


def test_farms_by_hand_work_in_shifts(naive, made):
    truth = naive["truth"].set_index("account_id")
    workers = truth[truth.role == "like_bot"]
    assert 0 < workers.by_hand.sum() < len(workers)
    assert not truth[truth.role != "like_bot"].by_hand.any()
    assert set(workers.groupby("operator").by_hand.mean()) == {0, 1}
    likes = deeds(naive, "order").merge(workers[["by_hand"]], left_on="actor_id", right_index=True)
    own = likes[likes.operator == likes.order_id.map(naive["truth_orders"].set_index("order_id").farm)]
    for by_hand, least, most in ((True, 0, 10), (False, 16, 24)):
        for farm, at in own[own.by_hand == by_hand].groupby("operator"):
            busy = at.created_at.dt.hour.value_counts(normalize=True)
            if len(at) > 300:
                assert least <= (busy > 0.01).sum() <= most + 1, (farm, by_hand)
    assert not made(accounts=400, farms={"by_hand": 0})["truth"].to_pandas().by_hand.any()


def test_aged_workers_are_older_than_cheap_ones(made):
    def age(share: float) -> float:
        town = {
            n: made(accounts=2000, evasion=0.0, farms={"aged": share})[n].to_pandas() for n in ("accounts", "truth")
        }
        workers = town["truth"].role == "like_bot"
        return float((town["accounts"].observed_at - town["accounts"].created_at).dt.days[workers].median())

    assert age(1.0) > 3 * age(0.0)


def test_prices_are_those_of_the_market(frames):
    orders = frames["truth_orders"]
    for product, of_product in orders.groupby("product"):
        piece = of_product.price / of_product.ordered
        offered = [price for prices in PRICES[product].values() for price in prices]
        assert piece.between(min(offered) - 0.01, max(offered) + 0.01).all()


def test_a_drip_takes_hours_and_bought_likes_hide_among_honest_ones(frames):
    likes, orders = deeds(frames, "order"), frames["truth_orders"].set_index("order_id")
    likes["style"] = likes.order_id.map(orders["style"])
    likes["farm"] = likes.order_id.map(orders.farm)
    many = likes[likes.groupby("order_id").order_id.transform("size") > 4]
    took = many.groupby(["style", "order_id"]).created_at.agg(lambda at: (at.max() - at.min()).total_seconds() / 3600)
    median = took.groupby("style").median()
    assert median["burst"] < 0.5 < 3 < median["drip"]
    events = frames["engagements"].merge(frames["truth_engagements"], how="left")
    honest = events[(events.kind == "like") & events.cause.isna()].groupby("post_id").size()
    bought = likes.groupby("post_id").size()
    assert (honest.reindex(bought.index, fill_value=0) > 0).mean() > 0.7


def test_careful_workers_and_services_follow_before_they_like(expert):
    sold = expert["truth_follows"].dropna(subset="order_id")
    product = sold.order_id.map(expert["truth_orders"].set_index("order_id")["product"])
    early = sold[product == "likes"].merge(
        deeds(expert, "order")[["order_id", "actor_id", "created_at"]],
        left_on=["order_id", "follower_id"],
        right_on=["order_id", "actor_id"],
        suffixes=("", "_like"),
    )
    assert len(early) > 300
    assert (early.created_at < early.created_at_like).all()
    served = deeds(expert, "automation").groupby(["actor_id", "author_id"]).created_at.min()
    begun = expert["truth_follows"].query("cause == 'automation'").set_index(["follower_id", "followed_id"]).created_at
    both = pd.concat([served.rename("like"), begun.rename("follow")], axis=1).dropna()
    assert len(both) > 100
    assert (both.follow < both.like).mean() > 0.6  # the others were followed for a like of another day


def test_rings_that_farm_links_are_followed_back(made):
    def returned(share: float) -> float:
        town = made(accounts=2000, evasion=0.0, drift=0.0, spam={"farming": share})
        follows, truth = town["follows"].to_pandas(), town["truth"].to_pandas().set_index("account_id")
        pairs = set(zip(follows.follower_id, follows.followed_id, strict=True))
        mine = follows[follows.follower_id.map(truth.role) == "spam_bot"]
        return float(np.mean([(b, a) in pairs for a, b in zip(mine.follower_id, mine.followed_id, strict=True)]))

    assert returned(1.0) > 0.5 > 0.2 > returned(0.0)


def test_expert_profiles_are_repaired(naive, expert):
    def like_people(town) -> float:
        truth = town["truth"]
        return truth[truth.role == "like_bot"].resembles.str.startswith("people").mean()

    assert like_people(naive) == 0
    assert like_people(expert) > 0.4


def test_tactics_drift_over_the_months(made):
    town = {n: t.to_pandas() for n, t in made(accounts=2000, drift=1.0, evasion_spread=0.0).items()}
    orders = town["truth_orders"].sort_values("placed_at")
    first, last = orders.head(len(orders) // 4), orders.tail(len(orders) // 4)
    assert (first["style"] == "burst").mean() > 0.6 > 0.3 > (last["style"] == "burst").mean()
    assert first.evasion.mean() < 0.2 < 0.6 < last.evasion.mean()


def test_burnt_workers_do_nothing_more(frames):
    retired = frames["truth"].set_index("account_id").retired_at.dropna()
    done = frames["engagements"][frames["engagements"].actor_id.isin(retired.index)]
    assert len(retired) > 20
    paid = deeds(frames, "order")
    paid = paid[paid.actor_id.isin(retired.index)]
    started = paid.order_id.map(frames["truth_orders"].set_index("order_id").placed_at)
    assert (started < paid.actor_id.map(retired)).all()
    likes = done[done.kind == "like"].merge(frames["truth_engagements"], how="left")
    cover = likes[likes.cause == "cover"]
    assert (cover.created_at <= cover.actor_id.map(retired)).all()


def test_hijacked_accounts_are_people_until_they_turn(frames):
    turned = frames["truth"].set_index("account_id").turned_at.dropna()
    assert set(frames["truth"].set_index("account_id").loc[turned.index].role) == {"hijacked"}
    paid = deeds(frames, "order")
    paid = paid[paid.role == "hijacked"]
    assert len(paid) > 100
    assert (paid.created_at > paid.actor_id.map(turned)).all()
    # the owner's own likes all but end
    likes = frames["engagements"][frames["engagements"].actor_id.isin(turned.index)]
    honest = likes.merge(frames["truth_engagements"], how="left")
    honest = honest[honest.cause.isna()]
    late = honest.created_at > honest.actor_id.map(turned)
    assert 0 < late.sum() < 0.35 * len(honest)
    # adverts appear only after the turn
    posts = frames["posts"][frames["posts"].account_id.isin(turned.index)]
    adverts = posts[posts.text.str.contains("https://deal")]
    assert len(adverts) > 10
    assert (adverts.created_at > adverts.account_id.map(turned)).all()


def test_pods_like_their_members_only_and_not_all_take_part(frames):
    pods = frames["truth"].set_index("account_id").pods
    likes = deeds(frames, "pod")
    assert set(likes.role) == {"pod_member"}
    assert all(
        pod in pods[a] and pod in pods[b] for pod, a, b in zip(likes.pod, likes.actor_id, likes.author_id, strict=True)
    )
    size = pods[pods.str.len() > 0].explode().value_counts()
    taking_part = likes.groupby(["pod", "post_id"]).size().reset_index(name="n")
    share = taking_part.n / (taking_part.pod.map(size) - 1)
    assert 0.4 < share.mean() < 0.8
    assert len(deeds(frames, "pod", "comment")) > 0.15 * len(likes)
    assert (pods.str.len() == 2).sum() > 3  # some trade in two


def test_pods_that_take_turns_work_through_a_list(naive):
    likes = deeds(naive, "pod").sort_values(["pod", "actor_id", "created_at"])
    gap = likes.groupby(["pod", "actor_id"]).created_at.diff().dt.total_seconds()
    steps = gap.groupby(likes.pod).apply(lambda g: ((g > 8) & (g < 60)).mean())
    assert steps.max() > 0.15 > 0.05 > steps.min()


def test_buyers_buy_for_some_posts_and_campaigns_use_workers_again(frames):
    orders = frames["truth_orders"]
    bought = orders[(orders["product"] == "likes") & (orders.customer_id == orders.beneficiary_id)]
    buyers = frames["truth"][frames["truth"].role == "like_buyer"].account_id
    assert set(bought.customer_id) <= set(buyers)
    originals = frames["posts"][(frames["posts"].kind == "original") & frames["posts"].account_id.isin(buyers)]
    share = bought.groupby("customer_id").size() / originals.groupby("account_id").size()
    assert 0.2 < share.mean() < 0.8
    campaigns = orders.dropna(subset="campaign")
    assert campaigns.groupby("campaign").beneficiary_id.nunique().max() > 1
    likes = deeds(frames, "order").dropna(subset="campaign")
    jobs = likes.groupby(["campaign", "actor_id"]).order_id.nunique()
    assert jobs.mean() > 2
    assert set(orders["product"]) == {"likes", "comments", "followers"}


def test_victims_did_not_pay(frames):
    orders = frames["truth_orders"]
    victims = frames["truth"][frames["truth"].victim].account_id
    attacks = orders[orders.beneficiary_id.isin(victims)]
    assert len(attacks) > 20
    assert (attacks.customer_id != attacks.beneficiary_id).all()
    labels = frames["labels"].set_index("account_id")
    said = labels.reindex(victims).dropna(subset="kind")
    assert (said.kind == "human").mean() > 0.9
    assert attacks[attacks["product"] == "likes"].groupby("beneficiary_id").size().max() <= 3


def test_bought_followers_follow_who_paid(frames):
    sold = frames["truth_follows"].dropna(subset="order_id")
    orders = frames["truth_orders"].set_index("order_id")
    followers = orders[orders["product"] == "followers"]
    paid = sold[sold.order_id.isin(followers.index)]
    assert (paid.followed_id == paid.order_id.map(followers.beneficiary_id)).all()
    assert (followers.delivered == paid.groupby("order_id").size().reindex(followers.index, fill_value=0)).all()
    roles = paid.follower_id.map(frames["truth"].set_index("account_id").role)
    assert (roles == "fake_follower").mean() > 0.4


def test_services_like_strangers_steadily_and_some_like_back(naive):
    likes = deeds(naive, "automation").sort_values(["actor_id", "created_at"])
    assert set(likes.role) == {"self_bot"}
    gaps = likes.groupby("actor_id").created_at.diff().dt.total_seconds()
    busy = likes.groupby("actor_id").filter(lambda g: len(g) >= 40)
    spread = gaps[busy.index].groupby(busy.actor_id).agg(lambda g: g.std() / g.mean())
    assert spread.median() < 1  # people's gaps spread more than their mean
    pairs = set(zip(likes.author_id, likes.actor_id, strict=True))
    events = naive["engagements"].merge(naive["truth_engagements"], how="left")
    events = events[events.cause.isna() & (events.kind == "like")]
    author = events.post_id.map(naive["posts"].set_index("post_id").account_id)
    assert sum(pair in pairs for pair in zip(events.actor_id, author, strict=True)) > 100


def test_cheap_likes_are_not_matched_by_views(naive, expert):
    def ratio(town) -> float:
        bought = town["posts"][town["posts"].post_id.isin(deeds(town, "order").post_id)]
        bought = bought[bought.likes_count >= 10]
        return float((bought.likes_count / bought.views_count).median())

    assert ratio(naive) > 2 * ratio(expert)


@pytest.mark.parametrize(
    ("knob", "role"), [({"shares": {"like_bot": 0}}, "like_bot"), ({"shares": {"pod_member": 0}}, "pod_member")]
)
def test_a_kind_can_be_left_out(made, knob, role):
    town = made(accounts=400, **knob)
    assert role not in town["truth"]["role"].to_pylist()
    assert town["engagements"].num_rows > 1000
