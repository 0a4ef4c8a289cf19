"""Ratios in words: what they are beside, and never more than a resemblance."""

from __future__ import annotations

import pytest

from models.alignment import RATIOS, sentence, stands_out


def test_a_high_ratio_is_told_with_its_peers_and_what_else_makes_it():
    said = sentence("engagement_vs_audience", 0.12, 0.97, 212, "near")
    assert said == (
        "12 likes and comments on a post for 100 followers: more than 97% of 212 accounts of similar size and age. "
        "This resembles bought likes; a post that spread would do it too."
    )


def test_few_comments_lie_at_the_low_end():
    assert sentence("comments_vs_likes", 0.002, 0.01, 50, "size").startswith(
        "0.2 comments for 100 likes: fewer than 99% of 50 accounts of similar size. This resembles"
    )
    assert "resembles" not in sentence("comments_vs_likes", 0.2, 0.9, 50, "size")


def test_without_peers_nothing_is_compared():
    assert sentence("likes_vs_views", 0.5, None, None, None) == (
        "50 likes for 100 views; there are too few people to compare with."
    )


@pytest.mark.parametrize("name", RATIOS)
def test_no_ratio_calls_anybody_anything(name):
    words = sentence(name, max(1.0, RATIOS[name].least), 0.99 if RATIOS[name].end == "high" else 0.01, 100, "all")
    assert "This resembles" in words
    assert " is a " not in words


def test_only_the_end_where_pumped_numbers_lie_stands_out():
    assert stands_out("likes_vs_views", 0.96)
    assert not stands_out("likes_vs_views", 0.01)
    assert stands_out("comments_vs_likes", 0.01)
    assert not stands_out("comments_vs_likes", None)


def test_a_single_new_follower_is_nothing_odd_even_where_most_have_none():
    assert not stands_out("growth_without_posts", 1.0, 1)
    assert stands_out("growth_without_posts", 1.0, 40)
    assert "resembles" not in sentence("growth_without_posts", 1, 1.0, 50, "near")
    assert "1 new followers in 90 days for each post of these days" in sentence(
        "growth_without_posts", 1, 1.0, 50, "near"
    )


def test_followers_that_are_not_dated_are_said_to_be_all_there_ever_were():
    said = sentence("followers_vs_posts", 250, 0.5, 50, "near")
    assert "250 followers in all for each post ever written" in said
    assert "since when they follow is unknown" in said
