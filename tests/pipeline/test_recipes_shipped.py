"""The recipes that come with unpump, over hand-made files in the formats of the real ones, with every trap of each."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from recipedesk import known, outcome

from features.catalogue import FEATURES
from features.tables import TABLES, measures_of
from pipeline.recipes import shipped
from pipeline.settings import Prepare

NAMES = [
    "cresci-2017",
    "mib-2015",
    "human-bots-2021",
    "nyu-2017",
    "gilani-2017",
    "bot-or-not-2026",
    "instagram-kaggle-2019",
    "instafake-2019",
    "fake-stars-2024",
]

# Columns 1 to 37 of a user object as cresci-2017 writes it; the tail differs from file to file.
HEAD = (
    "id,name,screen_name,statuses_count,followers_count,friends_count,favourites_count,listed_count,url,lang,location,"
    "default_profile_image,profile_image_url,profile_banner_url,protected,verified,description"
)
TWITTER = HEAD.split(",")
ANN = '"1","Ann","ann","10","20","30","4","1","http://a.b","en","Rome","","http://x/y.jpg","NULL","","1","Hi"'


def sheet(columns: list[str], *rows: str) -> str:
    return "\n".join([",".join(f'"{c}"' for c in columns), *rows]) + "\n"


def cresci(**files: str) -> dict[str, str | bytes]:
    usual = [*TWITTER, "created_at", "timestamp", "crawled_at", "updated"]
    row = '{0},"Tue Jun 11 11:20:35 +0000 2013","2013-06-11 13:20:35","2015-05-01 12:56:29","2016-03-15 16:00:59"'
    everything = {
        "genuine_users.csv": sheet(usual, row.format(ANN)),
        "social_spambot_users_1.csv": sheet(usual, row.format(ANN.replace('"1","Ann","ann"', '"2","Bo","bo"', 1))),
        "spambots_1.csv": sheet(
            usual,
            '"3","Cy","cy","1","2","3","0","0","","NULL","","NULL","http://a0.twimg.com/images/default_profile_1.png",'
            '"NULL","","","NULL","1183552203000L","2007-07-04 14:30:03","2010-11-07 11:10:52","2016-03-14 17:08:31"',
        ),
        "fake_followers.csv": sheet(
            [*TWITTER, "created_at", "updated"],
            '"4","Di","di","1","2","3","0","0","","en","","1","http://x/default_profile_images/1.png","https://b","","",'
            '"","Sat Jun 23 15:33:05 +0000 2012","2013-06-12 18:38:35"',
        ),
        "crowdflower_results_aggregated.csv": "these,are,no\naccounts,at,all\n",
    }
    return {**everything, **files}  # type: ignore[dict-item]


def test_cresci_2017_reads_files_that_differ_in_columns_dates_and_nulls(tmp_path):
    found = known("cresci-2017", tmp_path, cresci())
    assert found.labels() == {
        "twitter:1": (False, "human"),
        "twitter:2": (True, "spam_bot"),
        "twitter:3": (True, "spam_bot"),
        "twitter:4": (True, "fake_follower"),
    }
    ann = found.account("twitter:1")
    assert ann["created_at"] == datetime(2013, 6, 11, 11, 20, 35, tzinfo=UTC)
    # crawled_at counts, not updated; the clock stood in Italy, in May two hours ahead.
    assert ann["observed_at"] == datetime(2015, 5, 1, 10, 56, 29, tzinfo=UTC)
    assert (ann["posts_count"], ann["followers_count"], ann["following_count"]) == (10, 20, 30)
    assert (ann["likes_given_count"], ann["listed_count"]) == (4, 1)
    assert (ann["verified"], ann["protected"], ann["has_avatar"], ann["has_banner"]) == (True, False, True, False)
    assert (ann["username"], ann["display_name"], ann["description"]) == ("ann", "Ann", "Hi")
    assert (ann["url"], ann["location"], ann["language"]) == ("http://a.b", "Rome", "en")
    cy = found.account("twitter:3")
    assert cy["created_at"] == datetime(2007, 7, 4, 12, 30, 3, tzinfo=UTC)  # epoch milliseconds with a trailing L
    assert cy["language"] is None
    assert cy["description"] is None  # NULL is unknown
    assert cy["url"] == ""  # a blank says that there is none
    assert cy["has_avatar"] is False  # by the picture's address, where the flag is NULL
    di = found.account("twitter:4")
    assert di["observed_at"] == datetime(2013, 6, 12, 16, 38, 35, tzinfo=UTC)  # no crawled_at: updated
    assert (di["has_avatar"], di["has_banner"], di["verified"]) == (False, True, False)
    assert found.refused == []


def test_cresci_2017_pads_a_short_row_and_refuses_a_long_one(tmp_path):
    head = [*TWITTER, "created_at", "timestamp", "crawled_at", "updated"]
    whole = f'{ANN},"Tue Jun 11 11:20:35 +0000 2013","2013-06-11 13:20:35","2015-05-01 12:56:29"'
    short = whole.replace(
        '"1","Ann","ann"', '"5","Eve, the ""first""","eve"', 1
    )  # lacks updated, which crawled_at covers
    long = f'{whole.replace("1", "6", 1)},"x","y","z"'
    rows = sheet(
        head, f'{whole},"2016-03-15 16:00:59"', short, long, short.replace('"5"', '"7"', 1).replace("eve", "fay")
    )
    found = known("cresci-2017", tmp_path, cresci(**{"genuine_users.csv": rows}))
    assert found.account("twitter:5")["display_name"] == 'Eve, the "first"'
    assert found.account("twitter:7")["username"] == "fay"
    assert found.codes() == [(3, "torn_row")]
    assert "23 fields where the file has 21" in found.refused[0]["reason"]
    assert found.refused[0]["file"] == "genuine_users.csv"


def test_mib_2015_is_read_as_of_june_2013_and_keeps_what_it_shares_with_cresci_2017(tmp_path):
    columns = [*TWITTER, "created_at", "updated", "dataset"]
    tail = '"Sat Jun 23 15:33:05 +0000 2012","2015-02-14 10:40:01","{}"'
    mib = {
        "users_genuine.csv": sheet(columns, f"{ANN.replace('Hi', ' ' + chr(0) * 3)},{tail.format('E13')}"),
        "users_fake_int.csv": sheet(
            columns, ANN.replace('"1","Ann","ann"', '"4","Di","di"', 1) + "," + tail.format("INT")
        ),
    }
    alone = known("mib-2015", tmp_path / "alone", mib)
    assert alone.labels() == {"twitter:1": (False, "human"), "twitter:4": (True, "fake_follower")}
    assert alone.account("twitter:1")["observed_at"] == datetime(2013, 6, 13, tzinfo=UTC)
    assert alone.account("twitter:1")["description"] == " "  # NUL characters are taken out ...
    assert alone.intake["sources"]["mib-2015"]["cleaned"]["nul_removed"] == 1  # ... and counted

    known("cresci-2017", tmp_path / "cresci", cresci())
    both = Prepare(
        sources={"cresci-2017": str(tmp_path / "cresci" / "data"), "mib-2015": str(tmp_path / "alone" / "data")}
    )
    found = outcome(both)
    # Ann was read in 2015 for cresci-2017, later than for mib-2015; Di a day earlier.
    assert [(r["source"], r["file"], r["reason_code"], r["value"]) for r in found.refused] == [
        ("cresci-2017", "fake_followers.csv", "repeated", "twitter:4"),
        ("mib-2015", "users_genuine.csv", "repeated", "twitter:1"),
    ]
    assert found.refused[0]["reason"] == "the same account was kept from mib-2015, users_fake_int.csv row 1"
    assert {r["account_id"]: r["source"] for r in found.rows("labels")}["twitter:4"] == "mib-2015"


def test_human_bots_2021_is_observed_at_its_age_and_knows_what_unknown_means(tmp_path):
    head = (
        "created_at,default_profile,default_profile_image,description,favourites_count,followers_count,friends_count,"
        "geo_enabled,id,lang,location,profile_background_image_url,profile_image_url,screen_name,statuses_count,verified,"
        "average_tweets_per_day,account_age_days,account_type\n"
    )
    found = known(
        "human-bots-2021",
        tmp_path,
        {
            "accounts.csv": head
            + '2010-10-15 16:44:10,False,False,"La compañía\nmás grande",656,136765,42901,True,203145074,es,unknown,x,'
            "y,claro,163881,True,45.586,3595,1\n"
            + "2013-10-06 22:32:20,False,True,,1,2,3,True,7,,Rome,x,y,eva,5,False,1.0,10,0\n"
        },
    )
    claro, eva = found.account("twitter:203145074"), found.account("twitter:7")
    assert claro["observed_at"] == datetime(2020, 8, 18, 16, 44, 10, tzinfo=UTC)  # 3,595 days later
    assert (claro["location"], claro["description"]) == ("", "La compañía\nmás grande")
    assert (claro["has_avatar"], eva["has_avatar"]) == (True, False)
    assert (eva["language"], eva["description"], eva["location"]) == (None, "", "Rome")
    assert found.labels() == {"twitter:203145074": (True, None), "twitter:7": (False, "human")}


NYU = (
    "id,id_str,screen_name,location,description,url,followers_count,friends_count,listedcount,created_at,"
    "favourites_count,verified,statuses_count,lang,status,default_profile,default_profile_image,has_extended_profile,name,bot"
)


def test_nyu_2017_is_latin_1_keyed_on_names_and_of_three_date_formats(tmp_path):
    def row(name: str, created: str, bot: int, more: str = "1,2,3") -> str:
        return (
            f'8.41E+17,8.41E+17,{name},Köln,bio,None,{more},{created},5,FALSE,6,"""en""",null,TRUE,FALSE,FALSE,Jo,{bot}'
        )

    bots = [
        row('"""Quoted_Bot"""', '"""Fri Mar 10 23:04:59 +0000 2017"""', 1),
        row("month_first", "3/13/2014 11:41", 1),
        row("day_first", "13/03/2017 22:21", 1),
        row("not_yet", "12/3/2017 14:59", 1),
        row("Torn", "Sat Oct 17 22:35:31 +0000 2015", 1),
    ]
    people = [
        row("torn", "Sat Oct 17 22:35:31 +0000 2015", 0),
        row("jk", "1/1/2010 0:00", 0),
        row("JK", "1/1/2010 0:00", 0),
    ]
    found = known(
        "nyu-2017",
        tmp_path,
        {
            "bots_data.csv": "\r\n".join([NYU, *bots]).encode("latin-1"),
            "nonbots_data.csv": "\r\n".join([NYU, *people]).encode("latin-1"),
        },
    )
    quoted = found.account("twitter:@quoted_bot")
    assert (quoted["username"], quoted["language"], quoted["location"], quoted["url"]) == (
        "Quoted_Bot",
        "en",
        "Köln",
        "",
    )
    assert quoted["created_at"] == datetime(2017, 3, 10, 23, 4, 59, tzinfo=UTC)
    assert found.account("twitter:@month_first")["created_at"] == datetime(2014, 3, 13, 11, 41, tzinfo=UTC)
    assert found.account("twitter:@day_first")["created_at"] == datetime(2017, 3, 13, 22, 21, tzinfo=UTC)
    assert found.account("twitter:@not_yet")["created_at"] == datetime(2017, 3, 12, 14, 59, tzinfo=UTC)
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("bots_data.csv", 5, "contradictory_label"),
        ("nonbots_data.csv", 1, "contradictory_label"),
        ("nonbots_data.csv", 3, "repeated"),
    ]


def test_gilani_2017_gives_ready_made_aggregates_as_measures(tmp_path):
    head = (
        "screen_name,user_tweeted,user_retweeted,user_favourited,user_replied,likes_per_tweet,retweets_per_tweet,"
        "lists_per_user,follower_friend_ratio,tweet_frequency,favourite_tweet_ratio,age_of_account_in_days,sources_count,"
        "urls_count,cdn_content_in_kb,source_identity\n"
    )
    rows = "{}, 11, 1, 3325.4, 9, 0.0, 0.0, 0.03, 815.5, 16.5, 1.9e-05, 1000.5, 1, 12, 2.4,[0;2]\n"
    names = ["bots.1k", "bots.100k", "humans.1k", "humans.100k"]
    found = known("gilani-2017", tmp_path, {f"{n}.csv": head + rows.format(n.replace(".", "_")) for n in names})
    one = found.account("twitter:@bots_1k")
    assert one["observed_at"] == datetime(2016, 4, 15, tzinfo=UTC)
    assert one["created_at"] == datetime(2013, 7, 19, 12, tzinfo=UTC)  # 1,000.5 days before
    assert one["posts_count"] == 16508  # 16.5 a day for 1,000.5 days = 16,508.25
    assert one["likes_given_count"] == 3325
    assert one["followers_count"] is None  # a band is no count
    measured = {r["account_id"]: r for r in found.rows("measures")}["twitter:@bots_1k"]
    assert (measured["posts_in_month"], measured["likes_per_like_of_others"]) == (11.0, 1.9e-05)
    assert measured["followers_per_following"] == 815.5
    assert [found.labels()[f"twitter:@{n.replace('.', '_')}"][0] for n in names] == [True, True, False, False]
    declared = {m.name: m for m in measures_of(found.table("measures").schema)}
    assert declared["links_in_month"].unit == "links"
    assert declared["links_in_month"].low == 0


def test_bot_or_not_2026_reads_two_lists_of_one_document_and_a_list_of_bots(tmp_path):
    document = {
        "id": 30,
        "lang": "en",
        "metadata": {"end_time": "2024-03-18T00:00:00Z", "topics": [{"topic": "nba"}]},
        "posts": [
            {
                "text": "hi 😀\n#a",
                "created_at": "2024-03-16T00:00:08.000Z",
                "id": "p1",
                "author_id": "u1",
                "lang": "en",
            },
            {"text": "late", "created_at": "2026-01-09T02:13:09.000Z", "id": "p2", "author_id": "u2", "lang": "en"},
            {
                "text": "whose?",
                "created_at": "2024-03-16T00:00:08.000Z",
                "id": "p3",
                "author_id": "nobody",
                "lang": "en",
            },
        ],
        "users": [
            {
                "id": "u1",
                "tweet_count": 1,
                "z_score": 0.5,
                "username": "Ann",
                "name": "A",
                "description": "d",
                "location": "L",
            },
            {
                "id": "u2",
                "tweet_count": 1,
                "z_score": 0.5,
                "username": "Bot",
                "name": "B",
                "description": "d",
                "location": None,
            },
            {
                "id": "u3",
                "tweet_count": 1,
                "z_score": 0.5,
                "username": "bot",
                "name": "C",
                "description": "d",
                "location": None,
            },
        ],
    }
    found = known(
        "bot-or-not-2026",
        tmp_path,
        {
            "dataset.posts_users.30.json": json.dumps(document, indent=2),
            "dataset.bots.30.txt": "u2\nu3\nu9\nu2\n",
            "readme.md": "not data",
        },
    )
    assert found.labels() == {"twitter:u1": (False, "human"), "twitter:u2": (True, None), "twitter:u3": (True, None)}
    ann = found.account("twitter:u1")
    assert (ann["observed_at"], ann["language"]) == (datetime(2024, 3, 18, tzinfo=UTC), "en")
    assert found.account("twitter:u2")["location"] == ""  # null in a user object: the account names no place
    assert [(r["post_id"], r["account_id"], r["text"]) for r in found.rows("posts")] == [
        ("twitter:p1", "twitter:u1", "hi 😀\n#a"),
        ("twitter:p2", "twitter:u2", "late"),
    ]
    assert sorted((r["file"], r["row"], r["reason_code"]) for r in found.refused) == [
        ("dataset.bots.30.txt", 3, "unknown_account"),
        ("dataset.bots.30.txt", 4, "repeated"),
        ("dataset.posts_users.30.json#posts", 3, "unknown_account"),
    ]
    tables = found.intake["sources"]["bot-or-not-2026"]["tables"]
    assert {t: facts["read"] for t, facts in tables.items()} == {"accounts": 3, "labels": 4, "posts": 3}


def test_instagram_kaggle_2019_has_no_names_and_invents_none(tmp_path):
    head = (
        "profile pic,nums/length username,fullname words,nums/length fullname,name==username,description length,"
        "external URL,private,#posts,#followers,#follows,fake"
    )
    found = known(
        "instagram-kaggle-2019",
        tmp_path,
        {
            "train.csv": f"{head}\r\n1,0.27,0,0,0,53,0,0,32,1000,955,0\r\n0,0.9,1,0.5,1,0,1,1,3,4,5,1\r\n".encode(),
            "test.csv": f"{head}\n1,0.33,1,0.33,1,30,0,1,35,488,604,0\n",
        },
    )
    assert [r["account_id"] for r in found.rows("accounts")] == [
        "instagram-kaggle-2019/test/1",
        "instagram-kaggle-2019/train/1",
        "instagram-kaggle-2019/train/2",
    ]
    fake = found.account("instagram-kaggle-2019/train/2")
    assert (fake["username"], fake["followers_count"], fake["following_count"], fake["posts_count"]) == (None, 4, 5, 3)
    assert (fake["protected"], fake["has_avatar"]) == (True, False)
    measured = {r["account_id"]: r for r in found.rows("measures")}["instagram-kaggle-2019/train/2"]
    assert (measured["handle_digit_share"], measured["name_equals_handle"], measured["has_link"]) == (0.9, 1.0, 1.0)
    assert found.labels()["instagram-kaggle-2019/train/2"] == (True, "spam_bot")


def test_instafake_2019_reads_lists_of_objects(tmp_path):
    def person(digits: int, fake: int) -> dict[str, int]:
        return {
            "userFollowerCount": 25,
            "userFollowingCount": 1937,
            "userBiographyLength": 7,
            "userMediaCount": 0,
            "userHasProfilPic": 1,
            "userIsPrivate": 1,
            "usernameDigitCount": digits,
            "usernameLength": 10,
            "isFake": fake,
        }

    found = known(
        "instafake-2019",
        tmp_path,
        {"fakeAccountData.json": json.dumps([person(4, 1)]), "realAccountData.json": json.dumps([person(0, 0)] * 2)},
    )
    assert found.labels() == {
        "instafake-2019/fakeAccountData/1": (True, "fake_follower"),
        "instafake-2019/realAccountData/1": (False, "human"),
        "instafake-2019/realAccountData/2": (False, "human"),
    }
    first = found.rows("measures")[0]
    assert (first["handle_length"], first["handle_digits"], first["handle_digit_share"]) == (10.0, 4.0, 0.4)


STARS = {
    "fake_user_info_241001.csv": """
        login,id,type,user_view_type,site_admin,hireable,public_repos,public_gists,followers,following,created_at,updated_at,actor,error,has_name,has_company,has_blog,has_location,has_email,has_bio,has_twitter_username
        Star,37499346.0,User,public,False,,2.0,1.0,3.0,4.0,2018-03-18T09:40:02Z,2019-06-20T06:18:09Z,,,1,0,1,0,0,0,0
        Both,1.0,User,public,False,True,0.0,0.0,0.0,0.0,2018-03-18T09:40:02Z,2019-06-20T06:18:09Z,,,0,0,0,0,0,0,0
        ,,,,,,,,,,,,010019,GitHubAPI API returned status 404 at users/010019,0,0,0,0,0,0,0
        """,
    "sample_user_info_241001.csv": """
        actor,error,login,id,type,user_view_type,site_admin,hireable,public_repos,public_gists,followers,following,created_at,updated_at,has_name,has_company,has_blog,has_location,has_email,has_bio,has_twitter_username
        ,,06chaynes,612378.0,Organization,public,False,,27.0,2.0,27.0,10.0,2011-02-11T08:02:14Z,2024-10-25T21:48:47Z,1,0,0,1,1,0,0
        """,
    **{
        f"{kind}_actor_events.csv": f"""
        actor,CommitCommentEvent,CreateEvent,DeleteEvent,ForkEvent,GollumEvent,IssueCommentEvent,IssuesEvent,MemberEvent,PublicEvent,PullRequestEvent,PullRequestReviewCommentEvent,PullRequestReviewEvent,PushEvent,ReleaseEvent,WatchEvent
        {name},0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,0.0,3.0
        torn,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0
        {twin},0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0
        """
        for kind, name, twin in (("fake", "liker", "both"), ("sample", "coder", "quiet"))
    },
    "fake_stars_obvious_users.csv": "github,name,starred_at\na/b,liker,2023-04-04T20:15:37Z\n",
}


def test_fake_stars_2024_knows_an_account_by_profile_or_events_and_refuses_what_is_gone(tmp_path):
    found = known("fake-stars-2024", tmp_path, STARS)  # type: ignore[arg-type]
    assert found.labels() == {
        "github:@star": (True, "like_bot"),
        "github:@both": (True, "like_bot"),
        "github:@06chaynes": (False, "human"),
        "github:@liker": (True, "like_bot"),
        "github:@coder": (False, "human"),
        "github:@quiet": (False, "human"),
    }
    star = found.account("github:@star")
    assert (star["username"], star["followers_count"], star["following_count"]) == ("Star", 3, 4)
    assert star["observed_at"] == datetime(2024, 10, 28, tzinfo=UTC)
    measured = {r["account_id"]: r for r in found.rows("measures")}
    assert (measured["github:@star"]["public_repositories"], measured["github:@star"]["has_link"]) == (2.0, 1.0)
    assert (measured["github:@star"]["for_hire"], measured["github:@both"]["for_hire"]) == (0.0, 1.0)
    assert (measured["github:@star"]["events"], measured["github:@liker"]["events"]) == (None, 4.0)
    assert measured["github:@liker"]["stars_share"] == 0.75
    assert measured["github:@06chaynes"]["is_organization"] == 1.0
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("fake_actor_events.csv", 2, "contradictory_label"),
        ("fake_actor_events.csv", 3, "repeated"),
        ("fake_user_info_241001.csv", 3, "refused_by_recipe"),
        ("sample_actor_events.csv", 2, "contradictory_label"),
    ]
    assert found.refused[2]["reason"] == "the profile was gone when it was read"


@pytest.mark.parametrize(("half", "read"), [("fake-stars-events-2024", 6), ("fake-stars-profiles-2024", 4)])
def test_each_half_of_fake_stars_2024_can_be_used_alone(tmp_path, half, read):
    found = known(half, tmp_path, STARS)  # type: ignore[arg-type]
    assert found.intake["sources"][half]["read"] == read


def test_every_promised_set_has_a_recipe():
    assert set(NAMES) <= set(shipped())


@pytest.mark.parametrize("name", shipped())
def test_a_recipe_says_what_the_set_is_and_who_made_it(name):
    recipe = shipped()[name]
    assert recipe.name == name
    assert recipe.title
    assert recipe.cite
    assert all(part.label for part in recipe.accounts)


@pytest.mark.parametrize("name", shipped())
def test_a_measure_has_a_sentence_and_agrees_with_the_feature_it_fills(name):
    for part in shipped()[name].accounts:
        for measure, rule in part.measures.items():
            assert "{value" in rule.says, measure
            rule.says.format(value=1.0, usual="0 to 1")
            if measure in FEATURES:
                assert rule.unit == FEATURES[measure].unit, measure
                assert rule.low == FEATURES[measure].low, measure
            assert measure not in TABLES["accounts"].schema.names or measure in FEATURES
