"""Groups and the champion in the review: what is said of them, worked out by hand."""

from __future__ import annotations

import pandas as pd
from made import acted, artefacts

from review.championcard import told_champion
from review.gather import gather
from review.groupcards import told_groups
from review.groupplots import shared
from review.page import Album, render


def test_a_group_is_told_by_who_what_when_and_how_surely():
    picture, groups = acted(["eve"])
    (card,) = told_groups(groups, Album({"groups/00.svg": picture}))
    assert card["sentences"] == [
        "1,204 accounts liked 2 posts of 1 authors together: in lockstep far beyond chance, on posts of others.",
        "On half of the posts drawn, half of its likes came within a minute of its first.",
        "By chance two of its members would be so coupled with probability 1 in 10^12 (median tie).",
        "3 of them are labelled; their median bot probability, out of fold, is 0.800.",
    ]
    assert card["named"][-1] == ("eve", "not labelled")
    assert (card["more"], card["seen"]) == (1200, "2026-05-01 to ?")
    assert card["picture"] is not None


def test_ties_of_the_graph_are_posts_both_liked():
    likes = pd.DataFrame({"actor_id": ["a", "b", "a", "b", "c"], "post_id": ["x", "x", "y", "y", "y"]})
    assert shared(likes, ["a", "b", "c"]).tolist() == [[0, 2, 1], [2, 0, 1], [1, 1, 0]]


def test_what_speaks_against_the_new_model_stands_in_the_review():
    told = told_champion(artefacts(["ann"], ["age"])["registration"])
    assert told["decision"] == "It did not become champion."
    said = ("slice ann lost .1", "language above its ceiling")
    assert told["checks"] == [{"passed": "failed", "says": says} for says in said]
    assert "90.0% have the same first reason" in told["reasons_alike"][0]
    assert "age 10.0% to 20.0%" in told["reasons_alike"][1]
    assert told_champion(None) is None


def test_sections_without_content_are_left_out():
    values = {**artefacts(["ann"], ["age"]), "together": [], "registration": None}
    page = render("review.html.j2", gather(**values))
    assert "Who acted together" not in page
    assert "Against the champion" not in page
    assert "Who acted together" in render("review.html.j2", gather(**artefacts(["ann"], ["age"])))
